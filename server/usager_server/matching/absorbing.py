"""One record absorbed by another of the same person: what becomes of both, and how each becomes again what it was."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server.identity.events import Merged
from usager_server.identity.matricule import identifiers_of, is_ins, matricule_in, matricule_of
from usager_server.identity.parts import Tree, with_list
from usager_server.identity.transitions import Refusal, absorb

Patient = Mapping[str, Any]

RESTORED = ("active", "identifier", "link", "extension")
"""The elements of a record that being absorbed changes."""


def obstacle(source: Patient, target: Patient, *, is_ordered: bool = False) -> str | None:
    """Return why one record may not be absorbed by the other, in French; None when it may.

    Shape   is_ordered: the software that is master of identities says that they are one person's, whatever matricules
            they bear.
    """
    if replacement_of(source):
        return "Le dossier source est déjà fusionné : le défaire d'abord ($unmerge)."
    if replacement_of(target) or target.get("active") is False:
        return "Le dossier cible est inactif, ou lui-même remplacé par un autre : fusionner vers le dossier actif."
    mine, theirs = matricule_of(source), matricule_of(target)
    if is_ordered or mine is None or mine in [matricule_in(each) for each in identifiers_of(target)]:
        return None
    if theirs is None:
        return "Le dossier source porte un matricule INS, la cible n'en a pas : fusionner dans l'autre sens."
    return (
        "Les deux dossiers portent des matricules INS différents : ce sont deux personnes tant qu'INSi dit l'inverse."
    )


def absorbed(source: Patient, target: str, moment: str) -> Tree | Refusal:
    """Return the record that gives way: inactive, linked to the other ("Patient/1"), its matricule an old one."""
    return absorb(source, Merged(target, moment))


def survivor(target: Patient, source: Patient, reference: str, moment: str) -> Tree:
    """Return the record that stays: its own identity, a link to the other one, and the local numbers of that as old."""
    known = {_number(each) for each in target.get("identifier", ())}
    added = [
        {**each, "use": "old", "period": {**each.get("period", {}), "end": moment}}
        for each in source.get("identifier", ())
        if not is_ins(each) and each.get("value") and _number(each) not in known
    ]
    made = with_list(dict(target), "identifier", [*target.get("identifier", ()), *added])
    return with_list(made, "link", [*target.get("link", ()), _link(reference, "replaces")])


def restored(before: Patient, absorbed_then: Patient, now: Patient) -> Tree:
    """Return the absorbed record as it was before, with what somebody changed in it since."""
    changed = {name for name in {*absorbed_then, *now} if absorbed_then.get(name) != now.get(name)}
    made = {name: value for name, value in now.items() if name in changed and name not in RESTORED}
    return {**before, **made}


def released(before: Patient, merged: Patient, now: Patient, source: str) -> Tree:
    """Return the record that stays without what came from the other: the link to it, and its numbers."""
    came = [each for each in merged.get("identifier", ()) if each not in before.get("identifier", ())]
    kept = [each for each in now.get("identifier", ()) if each not in came]
    links = [each for each in now.get("link", ()) if each != _link(source, "replaces")]
    return with_list(with_list(dict(now), "identifier", kept), "link", links)


def replacement_of(patient: Patient) -> str | None:
    """Return the record ("Patient/1") that stands for this one, None when none does."""
    return _linked(patient, "replaced-by")[0] if _linked(patient, "replaced-by") else None


def replaces(patient: Patient, other: str) -> bool:
    """Say whether this record stands for another one ("Patient/1")."""
    return other in _linked(patient, "replaces")


def _linked(patient: Patient, kind: str) -> Sequence[str]:
    return [each.get("other", {}).get("reference", "") for each in patient.get("link", ()) if each.get("type") == kind]


def _link(reference: str, kind: str) -> Tree:
    return {"other": {"reference": reference}, "type": kind}


def _number(identifier: Mapping[str, Any]) -> tuple[Any, Any]:
    return identifier.get("system"), identifier.get("value")
