"""The matricule INS: its form, its key, and the identifiers of a Patient that bear one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from usager_server.identity import words
from usager_server.identity.parts import Tree, extension_of, value_of, with_list

NIR, NIA, TEST, DEMO = (f"1.2.250.1.213.1.4.{number}" for number in (8, 9, 10, 11))
KINDS = {NIR: "NIR", NIA: "NIA", TEST: "test", DEMO: "demo"}
CODES = {NIR: "INS-NIR", NIA: "INS-NIA", TEST: "INS-NIR-TEST", DEMO: "INS-NIR-DEMO"}
INVENTED = (TEST, DEMO)
OID_URN, HL7_URN = "urn:oid:", "urn:hl7ii:"
SYSTEMS = frozenset(OID_URN + oid for oid in KINDS)
SOCIAL_SECURITY = "NH"
FORM = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}", re.ASCII)
CORSICA = {"2A": "19", "2B": "18"}


@dataclass(frozen=True, slots=True)
class Matricule:
    """A number of 15 characters (13, and a key of 2) and the OID that says of which kind: one never goes without the
    other."""

    value: str
    oid: str

    @property
    def kind(self) -> str:
        """Return NIR, NIA, test or demo. Only the OID tells: some NIA begin like a NIR."""
        return KINDS[self.oid]

    @property
    def system(self) -> str:
        """Return the system of an identifier that bears it."""
        return OID_URN + self.oid

    @property
    def is_well_formed(self) -> bool:
        """Say whether it has 15 characters, of the kinds that may stand at their places, under a known OID."""
        return self.oid in KINDS and FORM.fullmatch(self.value) is not None

    @property
    def has_right_key(self) -> bool:
        """Say whether the last two digits are those that the others give.

        Some numbers that INSi's own test platform gives have a wrong one: a reason to refuse what was typed, and to
        warn of what was received.
        """
        return self.is_well_formed and key_of(self.value[:13]) == self.value[13:]


def key_of(body: str) -> str:
    """Return the key of the 13 first characters: 97 less their remainder by 97; 2A counts as 19, 2B as 18.

    Errors  ValueError when they are not the body of a matricule.
    """
    if not FORM.fullmatch(f"{body}00"):
        raise ValueError("A matricule has 13 digits, or 2A or 2B at the sixth place, before its key")
    place = body[5:7]
    return f"{97 - int(body[:5] + CORSICA.get(place, place) + body[7:]) % 97:02d}"


def matricule_of(patient: Mapping[str, Any]) -> Matricule | None:
    """Return the matricule in force: the one that came from INSi, None without one.

    Shape   `official` for a NIR; for a NIA, which FR Core writes `temp`, the one that the evidence names: the matricule
            of a document is `temp` too, and nobody has asked INSi about it.
    """
    sourced = evidenced(patient)
    for identifier in _bearing(patient):
        found = _read(identifier)
        if identifier.get("use") == "official" or (identifier.get("use") == "temp" and found == sourced):
            return found
    return None


def received_of(patient: Mapping[str, Any]) -> Matricule | None:
    """Return the matricule that a document, a datamatrix or a person gave, and that INSi has not confirmed.

    Shape   written `temp`; one of no use, or of another that is neither `official` nor `old`, claims no more.
    """
    sourced = evidenced(patient)
    unconfirmed = (_read(each) for each in _bearing(patient) if each.get("use") not in ("official", "old"))
    return next((found for found in unconfirmed if found != sourced), None)


def evidenced(patient: Mapping[str, Any]) -> Matricule | None:
    """Return the matricule that the evidence of the server names."""
    found = value_of(extension_of(patient, words.EVIDENCE), "matricule", "valueIdentifier")
    return _read(found) if found else None


def identifiers_of(patient: Mapping[str, Any]) -> list[Tree]:
    """Return every identifier that is a matricule INS, in force, received or old."""
    return list(_bearing(patient))


def matricule_in(identifier: Mapping[str, Any]) -> Matricule | None:
    """Return the matricule of an Identifier; None for another, or a social security number (type NH)."""
    return _read(identifier) if is_ins(identifier) else None


def is_ins(identifier: Mapping[str, Any]) -> bool:
    """Say whether an Identifier is a matricule INS.

    FR Core writes a social security number under the OID of the NIR, with type NH: it is none.
    """
    return _oid(identifier) in KINDS and not is_social_security(identifier)


def is_social_security(identifier: Mapping[str, Any]) -> bool:
    """Say whether an Identifier is the number of social security, under the OID of the NIR."""
    codings = (identifier.get("type") or {}).get("coding", ())
    return _oid(identifier) in KINDS and any(each.get("code") == SOCIAL_SECURITY for each in codings)


def with_matricule(patient: Mapping[str, Any], matricule: Matricule) -> Tree:
    """Return the Patient with this matricule in force, in the place of the same one received."""
    use = "temp" if matricule.oid == NIA else "official"
    return _with_first(_without(patient, matricule), identifier_of(matricule, use))


def with_received(patient: Mapping[str, Any], matricule: Matricule) -> Tree:
    """Return the Patient with a matricule that nobody has verified; another one that was received before gives way."""
    known = received_of(patient)
    if known == matricule:
        return dict(patient)
    made = _without(patient, known) if known is not None else dict(patient)
    return with_list(made, "identifier", [*made.get("identifier", ()), identifier_of(matricule, "temp")])


def as_received(patient: Mapping[str, Any]) -> Tree:
    """Return a Patient from elsewhere with its matricules as received ones: kept, searched by, and not in force."""
    made = [{**each, **_as_received(each)} if is_ins(each) else each for each in patient.get("identifier", ())]
    return with_list(dict(patient), "identifier", made)


def _as_received(identifier: Mapping[str, Any]) -> Tree:
    known = _read(identifier)
    return identifier_of(known, "temp") if known.oid in KINDS and identifier.get("use") != "old" else {}


def with_old(patient: Mapping[str, Any], history: Sequence[Matricule]) -> Tree:
    """Return the Patient with matricules that the person had before, each once."""
    made = dict(patient)
    known = {_read(each) for each in _bearing(patient)}
    new = [each for each in dict.fromkeys(history) if each not in known]
    return with_list(made, "identifier", [*made.get("identifier", ()), *(identifier_of(each, "old") for each in new)])


def without_matricule(patient: Mapping[str, Any], end: str) -> Tree:
    """Return the Patient without a matricule in force: it is kept as `old`, and ends at that instant."""
    dropped = matricule_of(patient)
    if dropped is None:
        return dict(patient)
    old = identifier_of(dropped, "old") | {"period": {"end": end}}
    return with_list(dict(patient), "identifier", [*_without(patient, dropped).get("identifier", ()), old])


def without_received(patient: Mapping[str, Any]) -> Tree:
    """Return the Patient without a matricule that nobody has verified."""
    known = received_of(patient)
    return dict(patient) if known is None else _without(patient, known)


def identifier_of(matricule: Matricule, use: str) -> Tree:
    """Return the Identifier of a matricule. FR Core has no `old` for invented ones: those bear no type then."""
    kind = {"coding": [{"system": words.IDENTIFIER_TYPES, "code": CODES[matricule.oid]}]}
    typed = {} if use != "official" and matricule.oid in INVENTED else {"type": kind}
    return {"use": use, **typed, "system": matricule.system, "value": matricule.value}


def _bearing(patient: Mapping[str, Any]) -> list[Tree]:
    return [each for each in patient.get("identifier", ()) if is_ins(each)]


def _read(identifier: Mapping[str, Any]) -> Matricule:
    return Matricule(identifier.get("value", ""), _oid(identifier))


def _oid(identifier: Mapping[str, Any]) -> str:
    """Return the OID of a system, in any of the ways that become the root of an identifier of a CDA document."""
    system = str(identifier.get("system", ""))
    return unquote(system.removeprefix(HL7_URN)) if system.startswith(HL7_URN) else system.removeprefix(OID_URN)


def _without(patient: Mapping[str, Any], matricule: Matricule) -> Tree:
    """Return the Patient without a matricule in force or received; it stays among the old ones."""
    kept = [
        each
        for each in patient.get("identifier", ())
        if not is_ins(each) or each.get("use") == "old" or _read(each) != matricule
    ]
    return with_list(dict(patient), "identifier", kept)


def _with_first(patient: Tree, identifier: Tree) -> Tree:
    return with_list(patient, "identifier", [identifier, *patient.get("identifier", ())])
