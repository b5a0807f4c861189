"""What an identity rests on: an answer of INSi, a device that was checked, what was ticked. A status follows from it.

FR Core's extension on reliability holds the device, the dates and what was ticked; one of our own the rest: which
matricule INSi gave, when and by which message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from usager_server.identity import words
from usager_server.identity.days import day_in_france
from usager_server.identity.matricule import Matricule, identifier_of, matricule_in, matricule_of
from usager_server.identity.parts import Tree, extension_of, value_of, with_extension, with_list

INSI_DATES = {"2.1": "dateCollection", "2.2": "dateInterrogationINSi"}
RELEASES = tuple(INSI_DATES)


class Attribute(StrEnum):
    """What is said of an identity beside its status."""

    homonyme = "HOMA"
    douteuse = "DOUT"
    fictive = "FICT"


TICKED = frozenset(str(each) for each in Attribute)
NOTHING_TICKED: frozenset[Attribute] = frozenset()


class Source(StrEnum):
    """Who says that an identity is that of the national reference."""

    insi = "insi"
    vitale = "appli-carte-vitale"
    master = "identity-master"
    migration = "migration"


@dataclass(frozen=True, slots=True)
class Sourced:
    """INSi+: the identity was created or changed from an answer of INSi.

    Shape   moment and verified are instants: of that answer, and of the last time it was found to hold. operation and
            message name the call. differs: INSi has answered other traits since, and a person must decide.
    """

    source: Source
    matricule: Matricule
    moment: str
    operation: str = ""
    message: str = ""
    verified: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """IV+: the traits were checked against a device of high trust, by its code, on a day (YYYY-MM-DD).

    Shape   mode is "" when the software that an identity is inherited from does not say which.
    """

    mode: str
    day: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a status is computed from."""

    sourced: Sourced | None = None
    checked: Checked | None = None
    attributes: frozenset[Attribute] = field(default_factory=frozenset)


def evidence_of(patient: Mapping[str, Any]) -> Evidence:
    """Return what the identity of a Patient rests on.

    Only what this server wrote counts as an answer of INSi, and only of the matricule that is in force.
    """
    reliability = reliability_of(patient)
    mode = (value_of(reliability, "validationMode", "valueCoding") or {}).get("code", "")
    is_checked = mode or value_of(extension_of(patient, words.EVIDENCE), "checked", "valueBoolean") is True
    checked = Checked(mode, value_of(reliability, "validationDate", "valueDate") or "") if is_checked else None
    comments = _comments(reliability)
    ticked = frozenset(each for each in Attribute if each in comments) if comments else NOTHING_TICKED
    sourced = sourced_in(patient)
    if sourced is not None and matricule_of(patient) != sourced.matricule:
        sourced = None
    return Evidence(sourced, checked, ticked)


def with_evidence(patient: Mapping[str, Any], evidence: Evidence, release: str) -> Tree:
    """Return the Patient that rests on this evidence, as a release of FR Core ("2.1" or "2.2") writes it."""
    made = with_extension(patient, words.EVIDENCE, _evidence_parts(patient, evidence))
    return with_extension(made, words.RELIABILITY, _reliability_parts(patient, evidence, release))


def with_evidence_of(patient: Mapping[str, Any], known: Mapping[str, Any]) -> Tree:
    """Return the Patient with what the server wrote of the identity of another version: nobody else writes it."""
    held = extension_of(known, words.EVIDENCE)
    content = None if held is None else {name: value for name, value in held.items() if name != "url"}
    return with_extension(patient, words.EVIDENCE, content)


def with_comments(patient: Mapping[str, Any], codes: Sequence[str], release: str) -> Tree:
    """Return the Patient with comments on its status (DOUA, DESA ...) besides what is ticked, each once."""
    known = reliability_of(patient)
    new = [_comment_part(code, release) for code in codes if code not in _comments(known)]
    parts = [*(known or {}).get("extension", ()), *new]
    return with_extension(patient, words.RELIABILITY, {"extension": parts})


def reliability_of(patient: Mapping[str, Any]) -> Tree | None:
    """Return FR Core's extension on reliability: the one updated last when there are several."""
    found = [each for each in patient.get("extension", ()) if each.get("url") == words.RELIABILITY]
    return max(found, key=lambda each: value_of(each, "lastUpdated", "valueDateTime") or "", default=None)


def _comments(reliability: Tree | None) -> set[str]:
    return {code for each in (reliability or {}).get("extension", ()) if (code := _comment(each))}


def _comment(part: Mapping[str, Any]) -> str:
    """Return the code of a comment: a Coding in 2.1 and 2.2, a CodeableConcept later."""
    if part.get("url") != "comment":
        return ""
    codings = [part.get("valueCoding") or {}, *(part.get("valueCodeableConcept") or {}).get("coding", ())]
    return next((each["code"] for each in codings if "code" in each), "")


def sourced_in(patient: Mapping[str, Any]) -> Sourced | None:
    """Return what a Patient says of where its INS comes from, in force or not; None when it says nothing of it."""
    extension = extension_of(patient, words.EVIDENCE)
    if extension is None:
        return None
    identifier = value_of(extension, "matricule", "valueIdentifier")
    matricule = matricule_in(identifier) if identifier else None
    source = next((each for each in Source if each == value_of(extension, "source", "valueCode")), None)
    if matricule is None or source is None:
        return None
    return Sourced(
        source,
        matricule,
        value_of(extension, "moment", "valueInstant") or "",
        value_of(extension, "operation", "valueString") or "",
        value_of(extension, "message", "valueString") or "",
        value_of(extension, "verified", "valueInstant") or "",
        value_of(extension, "differs", "valueBoolean") is True,
    )


OWN_PARTS = ("checked", "source", "matricule", "moment", "operation", "message", "verified", "differs")


def _evidence_parts(patient: Mapping[str, Any], evidence: Evidence) -> Tree | None:
    known = (extension_of(patient, words.EVIDENCE) or {}).get("extension", ())
    parts = _sourced_parts(evidence.sourced) if evidence.sourced else []
    if evidence.checked is not None and not evidence.checked.mode:
        parts.append({"url": "checked", "valueBoolean": True})
    parts += [each for each in known if each["url"] not in OWN_PARTS]
    return {"extension": parts} if parts else None


def _sourced_parts(sourced: Sourced) -> list[Tree]:
    parts: list[Tree] = [
        {"url": "source", "valueCode": str(sourced.source)},
        {"url": "matricule", "valueIdentifier": identifier_of(sourced.matricule, "official")},
        {"url": "moment", "valueInstant": sourced.moment},
    ]
    texts = {"operation": sourced.operation, "message": sourced.message}
    parts += [{"url": url, "valueString": text} for url, text in texts.items() if text]
    parts += [{"url": "verified", "valueInstant": sourced.verified}] if sourced.verified else []
    return parts + ([{"url": "differs", "valueBoolean": True}] if sourced.differs else [])


METHODS = {Source.insi: "INSI", Source.vitale: "AV"}


def _reliability_parts(patient: Mapping[str, Any], evidence: Evidence, release: str) -> Tree | None:
    known = reliability_of(patient) or {}
    holder: Tree = with_list(dict(known), "extension", [e for e in known.get("extension", ()) if not _is_ticked(e)])
    sourced, checked = evidence.sourced, evidence.checked
    if sourced is None or sourced.source is not Source.master:  # a master says when and how it asked INSi, or does not
        holder = _with_insi_call(holder, sourced, release)
    named = checked is not None and checked.mode
    mode = {"valueCoding": {"system": words.DEVICES, "code": named}} if named else None
    holder = with_extension(holder, "validationMode", mode)
    day = checked.day if checked else ""
    holder = with_extension(holder, "validationDate", {"valueDate": day} if day else None)
    comments = [_comment_part(each, release) for each in Attribute if each in evidence.attributes]
    parts = [*holder.get("extension", ()), *comments]
    return {"extension": parts} if parts else None


def _with_insi_call(reliability: Tree, sourced: Sourced | None, release: str) -> Tree:
    """Return the reliability with how the traits were collected, and the day of the call to INSi."""
    holder = with_extension(reliability, "methodCollection", _method(reliability, sourced))
    for name in INSI_DATES.values():
        is_written = sourced is not None and sourced.source is not Source.vitale and name == INSI_DATES[release]
        day = day_in_france(sourced.moment) if sourced is not None and is_written else ""
        holder = with_extension(holder, name, {"valueDate": day} if day else None)
    return holder


def _comment_part(code: str, release: str) -> Tree:
    system = words.STATUSES_2_1 if release == "2.1" else words.STATUS_COMMENTS
    return {"url": "comment", "valueCoding": {"system": system, "code": str(code)}}


def _is_ticked(part: Mapping[str, Any]) -> bool:
    return _comment(part) in TICKED


def _method(reliability: Mapping[str, Any], sourced: Sourced | None) -> Tree | None:
    """Return how the traits were collected: what the front end says, unless they come from the national reference."""
    code = METHODS.get(sourced.source) if sourced else None
    if code is not None:
        return {"valueCoding": {"system": words.METHODS, "code": code}}
    said = value_of(reliability, "methodCollection", "valueCoding")
    return {"valueCoding": said} if said and said.get("code") not in METHODS.values() else None
