"""A write of a Patient, made into what happens to its identity: what is sent is compared with what is there.

A front end writes traits, the device it checked, and what it ticked. INSi's word, the matricule in force and the status
are the server's: they are taken from the version before, and what is sent of them must agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from usager_server.errors import Issue, Unprocessable
from usager_server.identity import events, words
from usager_server.identity.completing import with_whole_birth_date
from usager_server.identity.days import day_in_france
from usager_server.identity.evidence import (
    Attribute,
    Checked,
    Evidence,
    Source,
    evidence_of,
    sourced_in,
    with_evidence,
    with_evidence_of,
)
from usager_server.identity.inheriting import inherited, kept
from usager_server.identity.matricule import (
    evidenced,
    identifiers_of,
    is_ins,
    matricule_in,
    matricule_of,
    received_of,
)
from usager_server.identity.parts import Tree, extension_of, value_of, with_extension
from usager_server.identity.rules import StandingOf, findings
from usager_server.identity.status import (
    is_identity,
    restated,
    says,
    stated_coding,
    status_of,
)
from usager_server.identity.traits import Traits, traits_of
from usager_server.identity.transitions import Refusal, apply, changed_traits, edited
from usager_server.requirements import fulfils
from usager_server.trusted_devices import DEVICES

Patient = Mapping[str, Any]

AHEAD = timedelta(hours=14)
"""How far ahead of UTC the first of all clocks is."""

EVIDENCE = f"Patient.extension('{words.EVIDENCE}')"

NOT_BY_HAND = (
    "Un INS ne s'écrit ni ne s'enlève à la main : $ins-search puis $ins-accept l'apportent. Un matricule lu sur un "
    "document ou un datamatrix se garde avec use = temp jusqu'à sa vérification par INSi"
)
LOCKED = (
    "Les traits stricts d'une identité qui porte un INS sont verrouillés. Pour les changer et perdre l'INS, envoyer "
    "aussi le statut qui en résulte : {code} (identityStatus)"
)
COMPUTED = (
    "Le statut d'une identité se calcule et ne se saisit pas : envoyer {code} (identité {status}), ou aucun statut"
)
NOT_TRUSTED = (
    "Ce dispositif n'est pas de ceux qui valident une identité dans cette structure. Type de dispositif "
    "(validationMode) : l'un de {devices}"
)
SERVERS_OWN = "La provenance d'un INS (identity-evidence) n'est écrite que par le serveur : la renvoyer telle quelle"


class Master(StrEnum):
    """Who keeps the identities: this server, the caller, or another software than the caller."""

    nobody = "nobody"
    caller = "caller"
    other = "other"


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms an identity is written.

    Shape   release of FR Core to write ("2.1", "2.2"); moment an instant; is_production refuses invented matricules;
            is_received: the Patient comes from a document; may_migrate: the caller brings an existing base in, with the
            INS it holds (evidence `migration`). master: who keeps the identities. standing says of a code of the COG
            what is known of it; devices are those of high trust in this structure.
    """

    release: str
    moment: str
    standing: StandingOf
    is_production: bool = False
    is_received: bool = False
    may_migrate: bool = False
    master: Master = Master.nobody
    devices: Sequence[str] = DEVICES

    @property
    def today(self) -> date:
        """Return the latest day that it is somewhere at the moment: in Nouméa it is tomorrow half of the day."""
        return (datetime.fromisoformat(self.moment) + AHEAD).date()


class Settled(NamedTuple):
    """What is stored of a Patient, and what its writer is told of it in French: warnings, and what was completed."""

    patient: Tree
    told: Sequence[Issue] = ()


@fulfils("INS/va1.15", "INS/va1.22", "INS/va1.23")
def settled(sent: Tree, current: Patient | None, terms: Terms) -> Settled:
    """Return what is stored of a Patient that somebody writes over another version, or as the first one.

    Errors  Unprocessable (422) with every breach of a rule; with the status that would be right; with the reason why an
            event may not happen; all in French and with their places.
    """
    if terms.master is Master.other:
        return Settled(kept(sent, current, terms.moment, terms.release))
    if terms.master is Master.nobody and not is_identity(sent) and (current is None or not is_identity(current)):
        return Settled(sent)
    sent, found = _looked_at(sent, terms)
    if any(issue.severity == "error" for issue in found):
        wrong = [issue for issue in found if issue.severity != "information"]
        raise Unprocessable("; ".join(issue.diagnostics for issue in wrong), issues=wrong)
    if terms.master is Master.caller:
        return Settled(inherited(sent, current or {}, terms.moment, terms.release), found)
    known = _known(sent, current, terms)
    _refuse_evidence(sent, known)
    made = _happened(sent, known, terms, is_new=current is None)
    _refuse_status(sent, known, made)
    return Settled(made, found)


def told(sent: Tree, terms: Terms) -> Sequence[Issue]:
    """Return what is wrong (errors), odd (warnings) or completed in the traits and matricules of an identity."""
    return _looked_at(sent, terms)[1] if is_identity(sent) else ()


def _looked_at(sent: Tree, terms: Terms) -> tuple[Tree, Sequence[Issue]]:
    """Return an identity with a whole date of birth, and what is said of it; what a document says is left as it is."""
    whole, said = (sent, []) if terms.is_received else with_whole_birth_date(sent)
    found = findings(
        whole, terms.standing, terms.today, is_production=terms.is_production, is_received=terms.is_received
    )
    return whole, [*said, *found]


def _known(sent: Patient, current: Patient | None, terms: Terms) -> Patient:
    """Return the version before; of an existing base that comes in, what it says of its INS and of its device."""
    if current is not None:
        return current
    source = value_of(extension_of(sent, words.EVIDENCE), "source", "valueCode")
    if not (terms.may_migrate and source == Source.migration and matricule_of(sent) == evidenced(sent)):
        return {}
    # What is ticked there happens here: it must take the INS with it.
    evidence = replace(evidence_of(sent), attributes=frozenset())
    return with_evidence(with_extension(sent, words.EVIDENCE, None), evidence, terms.release)


def _refuse_evidence(sent: Patient, known: Patient) -> None:
    """Refuse an INS, or words on where it comes from, that the version before does not hold."""
    before, after = ([_key(each) for each in _servers_own(patient, known)] for patient in (known, sent))
    for rank, identifier in enumerate(sent.get("identifier", ())):
        if _is_servers_own(identifier, known) and _key(identifier) not in before:
            raise Unprocessable(NOT_BY_HAND, f"Patient.identifier[{rank}]", code="business-rule")
    if any(each not in after for each in before):
        raise Unprocessable(NOT_BY_HAND, "Patient.identifier", code="business-rule")
    if extension_of(sent, words.EVIDENCE) is not None and sourced_in(sent) != sourced_in(known):
        raise Unprocessable(SERVERS_OWN, EVIDENCE, code="business-rule")


def _servers_own(patient: Patient, known: Patient) -> list[Tree]:
    return [each for each in identifiers_of(patient) if _is_servers_own(each, known)]


def _is_servers_own(identifier: Patient, known: Patient) -> bool:
    """Say whether an identifier is a matricule in force or an old one; a NIA is written `temp` while in force."""
    if not is_ins(identifier):
        return False
    is_nia = identifier.get("use") == "temp" and matricule_in(identifier) == evidenced(known)
    return identifier.get("use") in ("official", "old") or is_nia


def _key(identifier: Patient) -> tuple[Any, ...]:
    return identifier.get("use"), identifier.get("system"), identifier.get("value")


def _happened(sent: Tree, known: Patient, terms: Terms, *, is_new: bool) -> Tree:
    """Return the Patient after what its writer did: ticked, edited, checked against a device."""
    whole = with_evidence_of(sent, known)
    before, after = evidence_of(known), evidence_of(whole)
    made = base = with_evidence(whole, before, terms.release)
    device = _device(before.checked, after.checked, terms)
    if is_new and before.sourced is None:
        made = _done(apply(made, events.Entered(terms.moment), terms.release))
    made = _edited(made, traits_of(sent if is_new else known), traits_of(sent), device, terms)
    for event in _other_events(before, after, device, terms):
        made = _done(apply(made, event, terms.release))
    made = _received(made, known, terms)
    # Each event has written the status; where nothing happened, what is sent of it gives way to what is computed.
    return restated(made, terms.moment, terms.release) if made is base else made


def _edited(made: Tree, before: Traits, after: Traits, device: events.DeviceChecked | None, terms: Terms) -> Tree:
    event = events.TraitsEdited(after, terms.moment, device)
    if before == after:
        return made
    return _done(edited(made, before, event, terms.release))


def _other_events(
    before: Evidence, after: Evidence, device: events.DeviceChecked | None, terms: Terms
) -> list[events.Event]:
    moment = terms.moment
    found: list[events.Event] = []
    found += [events.Unticked(each, moment) for each in Attribute if each in before.attributes - after.attributes]
    if device is not None:
        found.append(device)
    elif before.checked is not None and after.checked is None:
        found.append(events.DeviceWithdrawn(moment))
    found += [events.Ticked(each, moment) for each in Attribute if each in after.attributes - before.attributes]
    return found


def _device(before: Checked | None, after: Checked | None, terms: Terms) -> events.DeviceChecked | None:
    """Return the check that is recorded by this write, None when it says what is known or nothing.

    Errors  Unprocessable (422) for a device that this structure does not trust; a check of before stays what it was.
    """
    if after is None or after == before:
        return None
    if after.mode not in terms.devices:
        text = NOT_TRUSTED.format(devices=", ".join(terms.devices))
        raise Unprocessable(text, f"Patient.extension('{words.RELIABILITY}')", code="business-rule")
    return events.DeviceChecked(after.mode, after.day or day_in_france(terms.moment), terms.moment)


def _received(made: Tree, known: Patient, terms: Terms) -> Tree:
    received = received_of(made)
    if received is None or received == received_of(known):
        return made
    event = events.MatriculeReceived(received.value, received.oid, traits_of(made), terms.moment)
    return _done(apply(made, event, terms.release))


def _refuse_status(sent: Patient, known: Patient, made: Patient) -> None:
    """Refuse a status that is not the one computed, unless it is what was read before; and an INS lost by accident."""
    said, status = stated_coding(sent), status_of(made)
    code = (stated_coding(made) or {}).get("code")
    is_told = said is not None and says(said, status)
    is_lost = matricule_of(known) is not None and matricule_of(made) is None
    if is_lost and not is_told and changed_traits(traits_of(known), traits_of(sent)):
        raise Unprocessable(LOCKED.format(code=code), "Patient", code="business-rule")
    if said is None or is_told or _same(said, stated_coding(known)):
        return
    raise Unprocessable(COMPUTED.format(code=code, status=status), words.STATUS_PLACE, code="business-rule")


def _same(coding: Patient, other: Patient | None) -> bool:
    names = ("system", "code")
    return other is not None and all(coding.get(name) == other.get(name) for name in names)


def _done(made: Tree | Refusal) -> Tree:
    if isinstance(made, Refusal):
        raise Unprocessable(made.reason, "Patient", code="business-rule")
    return made
