"""The table of transitions: what each event does to what an identity rests on, and the status that follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from usager_server.identity import events
from usager_server.identity.status import Status

P, R, V, Q = Status.provisoire, Status.recuperee, Status.validee, Status.qualifiee


class Act(StrEnum):
    """What becomes of one half of the evidence."""

    keep = "keep"
    put = "put"
    """What the event brings takes its place."""
    drop = "drop"
    confirm = "confirm"
    """It holds still, as of now."""
    flag = "flag"
    """It is doubted: a person must decide."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell: what an event does to an identity of one status, when something holds.

    Shape   row as in the table of the RNIV transitions of docs/identity.md; insi and device say what becomes of the two
            halves; becomes is the status that follows. because: the refusal, in French, of a cell that is none.
    """

    row: str
    event: type[events.Event]
    when: str
    status: Status
    insi: Act
    device: Act
    becomes: Status
    because: str = ""


def _cells(
    row: str,
    event: type[events.Event],
    when: str,
    insi: Act,
    device: Act,
    becomes: Mapping[Status, Status],
) -> Iterator[Rule]:
    for status, after in becomes.items():
        yield Rule(row, event, when, status, insi, device, after)


def _refusals(row: str, event: type[events.Event], when: str, because: str, *statuses: Status) -> Iterator[Rule]:
    for status in statuses:
        yield Rule(row, event, when, status, Act.keep, Act.keep, status, because)


NO_INS = "L'identité n'a pas d'INS : il n'y a rien à vérifier. Interroger INSi par les traits."
OTHER_MATRICULE = (
    "Le matricule reçu n'est pas celui de l'identité : rien n'est changé. Vérifier qu'il s'agit de la même personne."
)
SAME = {P: P, R: R, V: V, Q: Q}

RULES: tuple[Rule, ...] = (
    *_cells("1", events.Entered, "", Act.keep, Act.keep, {P: P}),
    *_cells("2", events.Retrieved, "same", Act.put, Act.keep, {P: R, R: R, V: Q, Q: Q}),
    # The device was checked against other traits than those that are kept now.
    *_cells("2", events.Retrieved, "other", Act.put, Act.drop, {P: R, R: R, V: R, Q: R}),
    *_cells("3", events.DeviceChecked, "", Act.keep, Act.put, {P: V, R: Q, V: V, Q: Q}),
    *_cells("4", events.DeviceWithdrawn, "", Act.keep, Act.drop, {P: P, R: R, V: P, Q: R}),
    *_cells("5", events.Ticked, "douteuse", Act.drop, Act.drop, {P: P, R: P, V: P, Q: P}),
    *_cells("6", events.Ticked, "fictive", Act.drop, Act.drop, {P: P, R: P, V: P, Q: P}),
    *_cells("7", events.Unticked, "douteuse", Act.drop, Act.drop, {P: P}),
    *_cells("7", events.Unticked, "fictive", Act.drop, Act.drop, {P: P}),
    *_cells("8", events.Ticked, "homonyme", Act.keep, Act.keep, SAME),
    *_cells("8", events.Unticked, "homonyme", Act.keep, Act.keep, SAME),
    *_cells("9", events.TraitsEdited, "strict", Act.drop, Act.drop, {P: P, R: P, V: P, Q: P}),
    *_cells("9", events.TraitsEdited, "strict and checked", Act.drop, Act.put, {P: V, R: V, V: V, Q: V}),
    *_cells("9b", events.TraitsEdited, "first given name", Act.keep, Act.keep, SAME),
    *_cells("9c", events.TraitsEdited, "complementary", Act.keep, Act.keep, SAME),
    *_cells("10", events.Verified, "in force", Act.confirm, Act.keep, {R: R, Q: Q}),
    *_cells("13", events.Verified, "received", Act.put, Act.keep, {P: R, V: Q}),
    *_refusals("10", events.Verified, "none", NO_INS, P, V),
    *_cells("11", events.VerificationFailed, "same", Act.put, Act.keep, {R: R, Q: Q}),
    *_cells("11", events.VerificationFailed, "other", Act.flag, Act.keep, {R: R, Q: Q}),
    *_cells("11", events.VerificationFailed, "nobody", Act.drop, Act.keep, {R: P, Q: V}),
    *_refusals("11", events.VerificationFailed, "none", NO_INS, P, V),
    *_cells("12", events.VitaleAppRead, "", Act.put, Act.put, {P: Q, R: Q, V: Q, Q: Q}),
    *_cells("13", events.MatriculeReceived, "new", Act.keep, Act.keep, {P: P, V: V}),
    *_cells("13", events.MatriculeReceived, "known", Act.keep, Act.keep, {R: R, Q: Q}),
    *_refusals("13", events.MatriculeReceived, "other", OTHER_MATRICULE, R, Q),
    *_cells("14", events.Merged, "", Act.drop, Act.keep, {P: P, R: P, V: V, Q: V}),
    *_cells("15", events.Inherited, "provisoire", Act.drop, Act.drop, {P: P, R: P, V: P, Q: P}),
    *_cells("15", events.Inherited, "validée", Act.drop, Act.put, {P: V, R: V, V: V, Q: V}),
    *_cells("15", events.Inherited, "qualifiée", Act.put, Act.put, {P: Q, R: Q, V: Q, Q: Q}),
)

BY_CELL: Mapping[tuple[type[events.Event], str, Status], Rule] = {
    (rule.event, rule.when, rule.status): rule for rule in RULES
}
