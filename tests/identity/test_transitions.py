"""The table of transitions, cell by cell, and what no cell may do."""

from dataclasses import replace
from typing import Any

import pytest

from tests.identity.people import ADRUN, CHECK, EARLIER, MATRICULE, NOW, OLD, OTHER, after, of_status, retrieved
from usager_server.identity import events
from usager_server.identity.evidence import Attribute, Checked, Sourced, evidence_of
from usager_server.identity.matricule import TEST, Matricule, identifiers_of, matricule_of, received_of, with_received
from usager_server.identity.status import Status, attributes_of, status_of
from usager_server.identity.traits import traits_of
from usager_server.identity.transition_table import RULES, Rule
from usager_server.identity.transitions import Refusal, apply

P, R, V, Q = Status.provisoire, Status.recuperee, Status.validee, Status.qualifiee
AGAIN = events.DeviceChecked("PA", NOW[:10], NOW)
JEAN = replace(ADRUN, birth_given_names="ZOE MARIE")
# What the RNIV asks for, written a second time by row and event: the statuses that P, R, V, Q become ("." for none, "x"
# for a refusal), then what becomes of INSi's word and of the check: "=" it stays, "+" a new one, "-" none, "v" verified
# now, "?" doubted.
EXPECTED = {
    ("1", "Entered", ""): ("P...", "=="),
    ("2", "Retrieved", "same"): ("RRQQ", "+="),
    ("2", "Retrieved", "other"): ("RRRR", "+-"),
    ("3", "DeviceChecked", ""): ("VQVQ", "=+"),
    ("4", "DeviceWithdrawn", ""): ("PRPR", "=-"),
    ("5", "Ticked", "douteuse"): ("PPPP", "--"),
    ("6", "Ticked", "fictive"): ("PPPP", "--"),
    ("7", "Unticked", "douteuse"): ("P...", "--"),
    ("7", "Unticked", "fictive"): ("P...", "--"),
    ("8", "Ticked", "homonyme"): ("PRVQ", "=="),
    ("8", "Unticked", "homonyme"): ("PRVQ", "=="),
    ("9", "TraitsEdited", "strict"): ("PPPP", "--"),
    ("9", "TraitsEdited", "strict and checked"): ("VVVV", "-+"),
    ("9b", "TraitsEdited", "first given name"): ("PRVQ", "=="),
    ("9c", "TraitsEdited", "complementary"): ("PRVQ", "=="),
    ("10", "Verified", "in force"): (".R.Q", "v="),
    ("10", "Verified", "none"): ("x.x.", "=="),
    ("13", "Verified", "received"): ("R.Q.", "+="),
    ("11", "VerificationFailed", "same"): (".R.Q", "+="),
    ("11", "VerificationFailed", "other"): (".R.Q", "?="),
    ("11", "VerificationFailed", "nobody"): (".P.V", "-="),
    ("11", "VerificationFailed", "none"): ("x.x.", "=="),
    ("12", "VitaleAppRead", ""): ("QQQQ", "++"),
    ("13", "MatriculeReceived", "new"): ("P.V.", "=="),
    ("13", "MatriculeReceived", "known"): (".R.Q", "=="),
    ("13", "MatriculeReceived", "other"): (".x.x", "=="),
    ("14", "Merged", ""): ("PPVV", "-="),
    ("15", "Inherited", "provisoire"): ("PPPP", "--"),
    ("15", "Inherited", "validée"): ("VVVV", "-+"),
    ("15", "Inherited", "qualifiée"): ("QQQQ", "++"),
}
LETTERS = {P: "P", R: "R", V: "V", Q: "Q"}


def begun(rule: Rule) -> dict[str, Any]:
    """Return a Patient to which the event of a cell can happen."""
    if rule.event is events.Unticked:
        return of_status(rule.status, Attribute[rule.when])
    patient = of_status(rule.status)
    return with_received(patient, MATRICULE) if (rule.event, rule.when) == (events.Verified, "received") else patient


def happening(rule: Rule) -> events.Event:
    """Return the event of a cell."""
    other = OLD if rule.when == "other" else MATRICULE
    traits = OTHER if rule.when == "other" else ADRUN
    found = None if rule.when in ("nobody", "none") else retrieved(traits)
    edited = {
        "strict": events.TraitsEdited(OTHER, NOW),
        "strict and checked": events.TraitsEdited(OTHER, NOW, AGAIN),
        "first given name": events.TraitsEdited(replace(ADRUN, first_birth_given_name="Zoé"), NOW),
        "complementary": events.TraitsEdited(replace(ADRUN, used_name="MARTIN"), NOW),
    }
    return {
        events.Entered: lambda: events.Entered(NOW),
        events.Retrieved: lambda: retrieved(traits),
        events.DeviceChecked: lambda: AGAIN,
        events.DeviceWithdrawn: lambda: events.DeviceWithdrawn(NOW),
        events.Ticked: lambda: events.Ticked(Attribute[rule.when], NOW),
        events.Unticked: lambda: events.Unticked(Attribute[rule.when], NOW),
        events.TraitsEdited: lambda: edited[rule.when],
        events.Verified: lambda: events.Verified(NOW, "WS_INS3", "uuid:2"),
        events.VerificationFailed: lambda: events.VerificationFailed(NOW, found),
        events.VitaleAppRead: lambda: events.VitaleAppRead(MATRICULE.value, MATRICULE.oid, ADRUN, NOW),
        events.MatriculeReceived: lambda: events.MatriculeReceived(other.value, other.oid, ADRUN, NOW),
        events.Merged: lambda: events.Merged("Patient/2", NOW),
        events.Inherited: lambda: events.Inherited(rule.when, MATRICULE, "", "", NOW),
    }[rule.event]()


def expected(rule: Rule) -> tuple[str, str]:
    """Return what is asked for in a cell: the letter of the status, and what becomes of the two halves."""
    letters, halves = EXPECTED[rule.row, rule.event.__name__, rule.when]
    return letters["PRVQ".index(LETTERS[rule.status])], halves


def test_the_table_has_the_cells_that_the_rniv_asks_for():
    found = dict.fromkeys(EXPECTED, "....")
    for rule in RULES:
        cell, at = (rule.row, rule.event.__name__, rule.when), "PRVQ".index(LETTERS[rule.status])
        letter = "x" if rule.because else LETTERS[rule.becomes]
        found[cell] = found[cell][:at] + letter + found[cell][at + 1 :]
    assert found == {cell: letters for cell, (letters, _) in EXPECTED.items()}


@pytest.mark.requirement("INS/va1.27")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.row}-{rule.event.__name__}-{rule.when}-{rule.status}")
def test_each_cell_of_the_table(rule: Rule):
    patient = begun(rule)
    assert status_of(patient) == rule.status
    made = apply(patient, happening(rule))
    letter, (insi, device) = expected(rule)
    if letter == "x":
        assert isinstance(made, Refusal) and made.reason == rule.because
        return
    assert not isinstance(made, Refusal)
    assert LETTERS[status_of(made)] == letter
    before, after = evidence_of(patient), evidence_of(made)
    assert after.sourced == _sourced(insi, before.sourced, after.sourced)
    assert after.checked == {"=": before.checked, "-": None, "+": checked_by(happening(rule))}[device]
    old = [each["period"]["end"] for each in identifiers_of(made) if each["use"] == "old"]
    assert old == ([NOW] if insi == "-" and matricule_of(patient) is not None else [])


def _sourced(insi: str, before: Sourced | None, after: Sourced | None) -> Sourced | None:
    """Return what INSi's word must be after an event."""
    if insi == "-":
        return None
    if insi == "+":
        assert after is not None and after.moment == NOW
        return after
    changes: dict[str, Any] = {"v": {"verified": NOW}, "?": {"differs": True}}.get(insi, {})
    return before if before is None else replace(before, **changes)


def checked_by(event: events.Event) -> Checked | None:
    """Return the check that an event brings."""
    match event:
        case events.DeviceChecked():
            return Checked(event.mode, event.day)
        case events.TraitsEdited(device=events.DeviceChecked() as device):
            return Checked(device.mode, device.day)
        case events.VitaleAppRead():
            return Checked("AV", NOW[:10])
        case events.Inherited():
            return Checked(event.mode, event.day)
    return None


def test_a_patient_is_never_changed_in_place():
    for rule in RULES:
        patient = begun(rule)
        before = repr(patient)
        apply(patient, happening(rule))
        assert repr(patient) == before


def test_another_matricule_takes_the_place_of_the_one_in_force():
    made = after(of_status(Q), retrieved(matricule=OLD))
    assert matricule_of(made) == OLD
    assert [each["value"] for each in identifiers_of(made) if each["use"] == "old"] == [MATRICULE.value]


def test_the_history_of_insi_is_kept_as_it_is():
    made = after(of_status(P), replace(retrieved(), history=(OLD, OLD)))
    assert [(each["use"], each["value"]) for each in identifiers_of(made)] == [
        ("official", MATRICULE.value),
        ("old", OLD.value),
    ]


def test_insis_traits_are_kept_to_the_letter_and_used_names_stay():
    local = after(of_status(P), events.TraitsEdited(replace(ADRUN, used_name="Petit", birth_given_names=""), NOW))
    traits = traits_of(
        after(local, retrieved(replace(ADRUN, birth_given_names="ZOE MARIE", first_birth_given_name="")))
    )
    assert (traits.used_name, traits.birth_given_names, traits.first_birth_given_name) == ("Petit", "ZOE MARIE", "ZOE")


def test_a_verification_says_when_it_was():
    sourced = evidence_of(after(of_status(Q), events.Verified(NOW, "WS_INS3", "uuid:2"))).sourced
    assert sourced is not None
    assert (sourced.moment, sourced.verified) == (EARLIER, NOW)


def test_other_traits_at_a_verification_leave_a_mark_until_a_person_decides():
    flagged = after(of_status(Q), events.VerificationFailed(NOW, retrieved(OTHER)))
    sourced = evidence_of(flagged).sourced
    assert sourced is not None and sourced.differs and traits_of(flagged) == ADRUN
    assert not evidence_of(after(flagged, retrieved())).sourced.differs  # type: ignore[union-attr]


@pytest.mark.requirement("INS/va1.26")
@pytest.mark.parametrize("attribute", [Attribute.douteuse, Attribute.fictive])
def test_insi_and_the_device_wait_until_a_doubt_is_lifted(attribute):
    patient = of_status(P, attribute)
    reading = events.VitaleAppRead(MATRICULE.value, TEST, ADRUN, NOW)
    for event in (retrieved(), CHECK, reading, events.Verified(NOW, "", "")):
        made = apply(patient, event)
        assert isinstance(made, Refusal) and attribute.name in made.reason


@pytest.mark.requirement("INS/va1.26")
@pytest.mark.parametrize(
    ("ticked", "more"),
    [("fictive", "douteuse"), ("fictive", "homonyme"), ("douteuse", "fictive"), ("homonyme", "fictive")],
)
def test_a_fictive_identity_is_nothing_else(ticked, more):
    made = apply(of_status(P, Attribute[ticked]), events.Ticked(Attribute[more], NOW))
    assert isinstance(made, Refusal)


def test_a_doubtful_identity_may_be_a_homonym():
    made = after(of_status(V, Attribute.homonyme), events.Ticked(Attribute.douteuse, NOW))
    assert attributes_of(made) == {Attribute.douteuse, Attribute.homonyme}
    assert status_of(made) == P


@pytest.mark.parametrize("mode", ["", "XX"])
def test_a_check_says_which_device_it_was(mode):
    assert isinstance(apply(of_status(R), events.DeviceChecked(mode, "2026-03-01", NOW)), Refusal)


def test_a_first_given_name_is_the_beginning_of_the_list():
    patient = after(of_status(P), retrieved(JEAN))
    made = apply(patient, events.TraitsEdited(replace(JEAN, first_birth_given_name="MARIE"), NOW))
    assert isinstance(made, Refusal)


def test_a_matricule_received_fills_in_what_is_not_known_and_no_used_name():
    patient = of_status(P) | {"birthDate": "1975-12-31", "gender": "female"}
    patient.pop("name")
    traits = replace(ADRUN, used_name="MARTIN", birth_date="1980-01-01")
    made = after(patient, events.MatriculeReceived(MATRICULE.value, TEST, traits, NOW))
    assert received_of(made) == MATRICULE and matricule_of(made) is None
    assert traits_of(made) == replace(ADRUN, used_name="")


def test_an_absorbed_record_is_inactive_and_bears_its_matricule_as_an_old_one():
    made = after(of_status(Q), events.Merged("Patient/2", NOW))
    assert made["active"] is False
    assert made["link"] == [{"other": {"reference": "Patient/2"}, "type": "replaced-by"}]
    assert isinstance(apply(made, events.Merged("Patient/3", NOW)), Refusal)


@pytest.mark.parametrize("release", ["2.1", "2.2"])
@pytest.mark.parametrize("status", list(Status))
def test_a_status_is_read_again_whatever_release_wrote_it(release, status):
    patient = of_status(status)
    made = apply(patient, events.TraitsEdited(replace(ADRUN, used_name="MARTIN"), NOW), release)
    assert not isinstance(made, Refusal)
    assert status_of(made) == status


def test_a_nia_is_in_force_as_fr_core_writes_it_when_insi_gave_it():
    nia = Matricule("109076322088835", "1.2.250.1.213.1.4.9")
    made = after(of_status(P), retrieved(matricule=nia))
    assert (matricule_of(made), received_of(made), status_of(made)) == (nia, None, R)
    dropped = after(made, events.Ticked(Attribute.douteuse, NOW))
    assert (matricule_of(dropped), received_of(dropped)) == (None, None)
