"""What a message says of a person, as a Patient of FR Core: the new one, or the known one with what changed."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from usager_server.identity import words
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import NIA, OID_URN, identifier_of, is_ins
from usager_server.identity.parts import Tree, with_extension, with_list
from usager_server.identity.traits import traits_of, with_traits
from usager_server.pam.messages import Message, Number, Person

TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
MESSAGE_IDS = "https://usager.example/fhir/hl7v2-message"
DIGESTS = "https://usager.example/fhir/sha-256"


def patient_of(person: Person, known: Mapping[str, Any] | None, gone: Collection[Number] = ()) -> Tree:
    """Return the Patient that follows from a message. What no message speaks of (addresses, contacts) stays.

    Shape   claims `fr-core-patient`: the server claims the other profile for those that turn out qualified. gone: local
            numbers that are old ones from now on.
    """
    made: Tree = {"resourceType": "Patient", "active": True, **(known or {})}
    changes: Mapping[str, Any] = person.traits
    made = with_traits(made, replace(traits_of(made), **changes))
    made = with_list(made, "identifier", [*_matricules(person), *_locals(person, made, gone)])
    made = with_extension(made, words.RELIABILITY, {"extension": _reliability(person)})
    meta = {name: each for name, each in made.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    others = [each for each in meta.get("profile", ()) if each not in (words.PATIENT, words.PATIENT_INS)]
    return {**made, "meta": {**meta, "profile": [words.PATIENT, *others]}}


def system_of(number: Number) -> str:
    """Return the system of the Identifier of a local number."""
    return OID_URN + number.oid


def provenance_of(message: Message, target: str, moment: str, author: Mapping[str, Any], digest: str) -> Tree:
    """Return the Provenance that says by which message a Patient came to be so; a message is known again by it."""
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": moment,
        "reason": [{"text": f"ADT^{message.event}"}],
        "agent": [{"who": author}],
        "entity": [
            {"role": "source", "what": {"identifier": {"system": MESSAGE_IDS, "value": key_of(message)}}},
            {"role": "source", "what": {"identifier": {"system": DIGESTS, "value": digest}}},
        ],
    }


def key_of(message: Message) -> str:
    """Return what a message is known by: who sent it, and the id that it gave."""
    return f"{message.sender}|{message.control_id}"


def digest_in(provenance: Mapping[str, Any]) -> str:
    """Return the digest of the message that a Provenance speaks of."""
    identifiers = [each.get("what", {}).get("identifier", {}) for each in provenance.get("entity", ())]
    return next((str(each.get("value")) for each in identifiers if each.get("system") == DIGESTS), "")


def _matricules(person: Person) -> list[Tree]:
    in_force = [identifier_of(each, "temp" if each.oid == NIA else "official") for each in person.matricules]
    return [*in_force, *(identifier_of(each, "old") for each in person.old)]


def bears(patient: Mapping[str, Any], numbers: Collection[Number]) -> bool:
    """Say whether a Patient bears one of these local numbers in use: not as one of before."""
    named = {(system_of(each), each.value) for each in numbers}
    return any(
        (each.get("system"), each.get("value")) in named and each.get("use") != "old"
        for each in patient.get("identifier", ())
    )


def _locals(person: Person, known: Mapping[str, Any], gone: Collection[Number]) -> list[Tree]:
    named = {(system_of(each), each.value) for each in gone}
    kept = [
        {**each, "use": "old"} if (each.get("system"), each.get("value")) in named else each
        for each in known.get("identifier", ())
        if not is_ins(each)
    ]
    held = {(each.get("system"), each.get("value")) for each in kept}
    coding = {"system": TYPES, "code": "PI"}
    new = [each for each in person.numbers if (system_of(each), each.value) not in held]
    return [
        *kept,
        *(
            {"use": "usual", "type": {"coding": [coding]}, "system": system_of(each), "value": each.value}
            for each in dict.fromkeys(new)
        ),
    ]


def _reliability(person: Person) -> list[Tree]:
    status: Tree = {"system": words.STATUSES, "code": person.code}
    comments = [each for each in Attribute if each in person.attributes]
    return [
        {"url": "identityStatus", "valueCoding": status},
        *({"url": "comment", "valueCoding": {"system": words.STATUS_COMMENTS, "code": str(each)}} for each in comments),
    ]
