"""What the run proves of each requirement: the records of its scenarios beside where it stands in the ledgers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from usager_server.conformity.record import Record, Verdict
from usager_server.requirements.standing import Standing, concerning


class State(StrEnum):
    """What can be said of one requirement, for this software with these profiles."""

    PASSED = "passed"
    FAILED = "failed"
    PARTIAL = "partial"
    NOT_RUN = "not-run"
    NOT_COVERED = "not-covered"
    ORGANISATIONAL = "organisational"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True)
class Proof:
    """One requirement, and the records of the scenarios that are about it."""

    standing: Standing
    state: State
    records: tuple[Record, ...]


def proofs(every: Iterable[Standing], profiles: Collection[str], records: Sequence[Record]) -> list[Proof]:
    """Return what is proven of every requirement in force, in their order."""
    in_force = [it for it in every if it.line.status != "retired"]
    concerned = {it.fact.id for it in concerning(profiles, in_force)}
    return [_proof(it, it.fact.id in concerned, records) for it in in_force]


def behaviours(every: Iterable[Standing], records: Iterable[Record]) -> Mapping[str, list[Record]]:
    """Return the records by the codes that are no requirement: what the référentiel tells without an identifier."""
    known = {it.fact.id for it in every}
    found: dict[str, list[Record]] = {}
    for record in records:
        for code in record.scenario.ids:
            if code not in known:
                found.setdefault(code, []).append(record)
    return dict(sorted(found.items()))


def state_of(records: Iterable[Record]) -> State:
    """Return what scenarios say together: one that failed decides, then one that was not run."""
    verdicts = {record.verdict for record in records}
    if Verdict.FAILED in verdicts:
        return State.FAILED
    return State.NOT_RUN if Verdict.NOT_RUN in verdicts else State.PASSED


def _proof(standing: Standing, is_concerned: bool, records: Iterable[Record]) -> Proof:
    own = tuple(record for record in records if standing.fact.id in record.scenario.ids)
    return Proof(standing, _state(standing, is_concerned, own), own)


def _state(standing: Standing, is_concerned: bool, records: Sequence[Record]) -> State:
    if not is_concerned:
        return State.NOT_APPLICABLE
    if records:
        state = state_of(records)
        # what passes proves a part only, as long as the ledger does not say that the requirement is met
        return State.PARTIAL if state is State.PASSED and standing.line.status != "done" else state
    if standing.fact.kind == "organisational":
        return State.ORGANISATIONAL
    return State.EXEMPT if standing.line.status == "exempt" else State.NOT_COVERED
