"""The events of an identity, a function each: a Patient and an event in, the Patient that follows or a refusal out.

What an event does to INSi+ and to IV+ stands in `transition_table.py`; the traits and the matricule are changed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from usager_server.identity import events
from usager_server.identity.comparison import is_same_person
from usager_server.identity.days import day_in_france
from usager_server.identity.evidence import (
    Attribute,
    Checked,
    Evidence,
    Source,
    Sourced,
    evidence_of,
    with_comments,
    with_evidence,
)
from usager_server.identity.lexical import is_consistent
from usager_server.identity.matricule import (
    Matricule,
    matricule_of,
    received_of,
    with_matricule,
    with_old,
    with_received,
    without_matricule,
)
from usager_server.identity.parts import Tree
from usager_server.identity.status import FORCING, Status, attributes_of, computed, with_status
from usager_server.identity.traits import STRICT, Traits, traits_of, with_traits
from usager_server.identity.transition_table import BY_CELL, Act
from usager_server.requirements import fulfils
from usager_server.trusted_devices import DEVICES

Patient = Mapping[str, Any]

NAMES: Mapping[type[events.Event], str] = {
    events.Entered: "entered",
    events.Retrieved: "insi-retrieved",
    events.DeviceChecked: "device-checked",
    events.DeviceWithdrawn: "device-withdrawn",
    events.Ticked: "attribute-ticked",
    events.Unticked: "attribute-unticked",
    events.TraitsEdited: "traits-edited",
    events.Verified: "insi-verified",
    events.VerificationFailed: "insi-verification-failed",
    events.VitaleAppRead: "vitale-app-read",
    events.MatriculeReceived: "matricule-received",
    events.Merged: "merged",
    events.Inherited: "inherited",
}
"""The codes under which a Patient bears the event that it went through last."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that cannot happen to this identity: why and what to do, in French."""

    reason: str


def apply(patient: Patient, event: events.Event, release: str = "2.2") -> Tree | Refusal:
    """Return the Patient after an event, as a release of FR Core ("2.1", "2.2") writes it, or why it may not happen."""
    match event:
        case events.Entered():
            return _follow(patient, event, "", release)
        case events.Retrieved():
            return retrieve(patient, event, release)
        case events.DeviceChecked():
            return check_device(patient, event, release)
        case events.DeviceWithdrawn():
            return _follow(patient, event, "", release)
        case events.Ticked():
            return tick(patient, event, release)
        case events.Unticked():
            return untick(patient, event, release)
        case events.TraitsEdited():
            return edit_traits(patient, event, release)
        case events.Verified():
            return verify(patient, event, release)
        case events.VerificationFailed():
            return fail_verification(patient, event, release)
        case events.VitaleAppRead():
            return read_vitale_app(patient, event, release)
        case events.MatriculeReceived():
            return receive_matricule(patient, event, release)
        case events.Merged():
            return absorb(patient, event, release)
        case events.Inherited():
            return inherit(patient, event, release)


def retrieve(patient: Patient, event: events.Retrieved, release: str = "2.2") -> Tree | Refusal:
    """Row 2. The traits become INSi's, to the letter; a matricule before this one becomes old."""
    if (refusal := _blocked(patient)) is not None:
        return refusal
    when = "same" if is_same_person(traits_of(patient), event.traits) else "other"
    made = with_traits(patient, _retrieved_traits(traits_of(patient), event.traits))
    return _follow(with_old(made, event.history), event, when, release, sourced=_sourced(event))


def check_device(patient: Patient, event: events.DeviceChecked, release: str = "2.2") -> Tree | Refusal:
    """Row 3. The kind of device must be said, and be one that is trusted."""
    if (refusal := _blocked(patient) or _untrusted(event)) is not None:
        return refusal
    return _follow(patient, event, "", release, checked=Checked(event.mode, event.day))


def tick(patient: Patient, event: events.Ticked, release: str = "2.2") -> Tree | Refusal:
    """Rows 5, 6, 8. `fictive` stands alone; `douteuse` only beside `homonyme`."""
    ticked = attributes_of(patient)
    if event.attribute in ticked:
        return dict(patient)
    together = ticked | {event.attribute}
    if Attribute.fictive in together and len(together) > 1:
        return Refusal("Une identité fictive n'est ni douteuse ni homonyme : décocher d'abord l'autre attribut.")
    return _follow(patient, event, event.attribute.name, release, attributes=together)


def untick(patient: Patient, event: events.Unticked, release: str = "2.2") -> Tree | Refusal:
    """Rows 7, 8. INSi and the device are to be asked again: nothing comes back by itself."""
    ticked = attributes_of(patient)
    if event.attribute not in ticked:
        return dict(patient)
    return _follow(patient, event, event.attribute.name, release, attributes=ticked - {event.attribute})


def edit_traits(patient: Patient, event: events.TraitsEdited, release: str = "2.2") -> Tree | Refusal:
    """Row 9. A strict trait that changes takes the INS and the check with it; a first given name may be corrected."""
    return edited(with_traits(patient, event.traits), traits_of(patient), event, release)


@fulfils("INS/va1.27")
def edited(patient: Patient, before: Traits, event: events.TraitsEdited, release: str = "2.2") -> Tree | Refusal:
    """Row 9, of a Patient that bears the traits of the event already; before: those that it had."""
    after = event.traits
    if (refusal := _inconsistent(after) or (_untrusted(event.device) if event.device else None)) is not None:
        return refusal
    changed = changed_traits(before, after)
    if not changed or changed == ["first_birth_given_name"]:
        return _follow(patient, event, "first given name" if changed else "complementary", release)
    if event.device is None or attributes_of(patient) & FORCING:
        return _follow(patient, event, "strict", release)
    checked = Checked(event.device.mode, event.device.day)
    return _follow(patient, event, "strict and checked", release, checked=checked)


def changed_traits(before: Traits, after: Traits) -> list[str]:
    """Return the strict traits that differ by a letter."""
    return [name for name in STRICT if getattr(before, name) != getattr(after, name)]


def verify(patient: Patient, event: events.Verified, release: str = "2.2") -> Tree | Refusal:
    """Row 10; row 13 when the matricule verified is one that was received: it is in force from now on."""
    if (refusal := _blocked(patient)) is not None:
        return refusal
    received = received_of(patient)
    if matricule_of(patient) is not None:
        return _follow(patient, event, "in force", release)
    if received is None:
        return _follow(patient, event, "none", release)
    sourced = Sourced(Source.insi, received, event.moment, event.operation, event.message_id, event.moment)
    return _follow(patient, event, "received", release, sourced=sourced)


def fail_verification(patient: Patient, event: events.VerificationFailed, release: str = "2.2") -> Tree | Refusal:
    """Row 11. Nothing is overwritten unseen: other traits only leave a mark, nobody at all takes the INS away."""
    retrieved = event.retrieved
    if matricule_of(patient) is None:
        return _follow(patient, event, "none", release)
    if retrieved is None:
        return _follow(patient, event, "nobody", release)
    known = Matricule(retrieved.matricule, retrieved.oid) == matricule_of(patient)
    if not (known and is_same_person(traits_of(patient), retrieved.traits)):
        return _follow(patient, event, "other", release)
    return _follow(with_old(patient, retrieved.history), event, "same", release, sourced=_sourced(retrieved))


def read_vitale_app(patient: Patient, event: events.VitaleAppRead, release: str = "2.2") -> Tree | Refusal:
    """Row 12. The application stands for INSi and for the device: no call is made."""
    if (refusal := _blocked(patient)) is not None:
        return refusal
    made = with_traits(patient, _retrieved_traits(traits_of(patient), event.traits))
    matricule = Matricule(event.matricule, event.oid)
    sourced = Sourced(Source.vitale, matricule, event.moment, verified=event.moment)
    return _follow(made, event, "", release, sourced=sourced, checked=Checked("AV", day_in_france(event.moment)))


def receive_matricule(patient: Patient, event: events.MatriculeReceived, release: str = "2.2") -> Tree | Refusal:
    """Row 13. The matricule waits for INSi's word; what is not known of the traits is filled in."""
    if (refusal := _blocked(patient)) is not None:
        return refusal
    received, known = Matricule(event.matricule, event.oid), matricule_of(patient)
    if known is not None:
        return _follow(patient, event, "known" if received == known else "other", release)
    made = with_traits(patient, _filled(traits_of(patient), event.traits))
    return _follow(with_received(made, received), event, "new", release)


def absorb(patient: Patient, event: events.Merged, release: str = "2.2") -> Tree | Refusal:
    """Row 14, of the record that gives way: inactive, linked to the other; its matricule is kept as an old one."""
    if patient.get("active") is False:
        return Refusal("Le dossier est déjà inactif : il ne peut pas être fusionné une seconde fois.")
    link = {"other": {"reference": event.into}, "type": "replaced-by"}
    made = {**patient, "active": False, "link": [*patient.get("link", ()), link]}
    return _follow(with_comments(made, ("DOUA", "DESA"), release), event, "", release)


def inherit(patient: Patient, event: events.Inherited, release: str = "2.2") -> Tree | Refusal:
    """Row 15. What the other software says is so; an INS that it does not say any more becomes old."""
    sourced = None
    if event.matricule is not None and event.status == Status.qualifiee:
        sourced = Sourced(Source.master, event.matricule, event.moment, verified=event.moment)
    made = with_old(patient, event.history)
    return _follow(made, event, event.status, release, sourced=sourced, checked=Checked(event.mode, event.day))


def _follow(
    patient: Patient,
    event: events.Event,
    when: str,
    release: str,
    *,
    sourced: Sourced | None = None,
    checked: Checked | None = None,
    attributes: frozenset[Attribute] | None = None,
) -> Tree | Refusal:
    """Return the Patient after what the table says of this event in its status."""
    before = evidence_of(patient)
    rule = BY_CELL.get((type(event), when, computed(before)))
    if rule is None:
        return Refusal(f"Une identité {computed(before)} ne connaît pas cet événement.")
    if rule.because:
        return Refusal(rule.because)
    made, after = _with_insi(patient, before.sourced, rule.insi, sourced, event.moment)
    kept = {Act.keep: before.checked, Act.drop: None, Act.put: checked}[rule.device]
    evidence = Evidence(after, kept, before.attributes if attributes is None else attributes)
    return with_status(with_evidence(made, evidence, release), NAMES[type(event)], event.moment, release)


def _with_insi(
    patient: Patient, before: Sourced | None, act: Act, brought: Sourced | None, moment: str
) -> tuple[Tree, Sourced | None]:
    """Return the Patient with the matricule that its INSi half leaves in force, and that half."""
    if act is Act.drop:
        return without_matricule(patient, moment), None
    if act is Act.put and brought is not None:
        known = matricule_of(patient)
        made = dict(patient) if known == brought.matricule else without_matricule(patient, moment)
        return with_matricule(made, brought.matricule), brought
    if before is not None and act is Act.confirm:
        return dict(patient), replace(before, verified=moment, differs=False)
    if before is not None and act is Act.flag:
        return dict(patient), replace(before, differs=True)
    return dict(patient), before


def _sourced(event: events.Retrieved) -> Sourced:
    matricule = Matricule(event.matricule, event.oid)
    return Sourced(event.source, matricule, event.moment, event.operation, event.message_id, event.moment)


def _retrieved_traits(local: Traits, received: Traits) -> Traits:
    """Return INSi's traits with the used names of the person, and a first given name that its list allows."""
    first = received.first_birth_given_name or local.first_birth_given_name
    if received.birth_given_names and not is_consistent(first, received.birth_given_names):
        first = received.birth_given_names.split()[0]
    label = received.birth_place_label
    if not label and received.birth_place == local.birth_place:
        label = local.birth_place_label
    return replace(
        received,
        first_birth_given_name=first,
        birth_place_label=label,
        used_name=local.used_name,
        used_given_name=local.used_given_name,
    )


def _filled(local: Traits, received: Traits) -> Traits:
    """Return the local traits, with those received where there are none; used names are never filled in."""
    missing = {name: getattr(received, name) for name in STRICT if not getattr(local, name)}
    if "birth_place" in missing:
        missing["birth_place_label"] = received.birth_place_label
    return replace(local, **missing)


def _blocked(patient: Patient) -> Refusal | None:
    forcing = attributes_of(patient) & FORCING
    if not forcing:
        return None
    return Refusal(f"L'identité est {min(forcing).name} : elle reste provisoire. Décocher d'abord cet attribut.")


def _untrusted(event: events.DeviceChecked) -> Refusal | None:
    if event.mode in DEVICES:
        return None
    return Refusal(f"Le type de dispositif est obligatoire : l'un de {', '.join(DEVICES)}.")


def _inconsistent(traits: Traits) -> Refusal | None:
    first, names = traits.first_birth_given_name, traits.birth_given_names
    if not first or not names or is_consistent(first, names):
        return None
    return Refusal("Le premier prénom de naissance doit être le début de la liste des prénoms de naissance.")
