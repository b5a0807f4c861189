"""What happened in a scenario, as plain values, in the order it happened: what the dossier is made of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from usager_server.conformity.scenario import Scenario


class Verdict(StrEnum):
    """How a scenario ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was verified; text is the French sentence that should be true, found what was there instead."""

    text: str
    passed: bool
    found: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, secrets masked.

    Shape   status is 0 and error says why when no answer came; is_order when it went to the sandbox, not to the server.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    seconds: float
    error: str = ""
    is_order: bool = False


@dataclass(slots=True)
class Step:
    """A named step, and what was exchanged and verified in it. Shape: failure says in French why it ended early."""

    title: str
    events: list[Check | Exchange] = field(default_factory=list)
    seconds: float = 0.0
    failure: str = ""

    @property
    def checks(self) -> list[Check]:
        """Return what was verified in it."""
        return [it for it in self.events if isinstance(it, Check)]

    @property
    def reasons(self) -> list[str]:
        """Return what went wrong in it, a sentence each."""
        return [_told(check) for check in self.checks if not check.passed] + ([self.failure] if self.failure else [])


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """A file that the software produced during a scenario: its name, what it is in French, its bytes."""

    name: str
    title: str
    content: bytes


@dataclass(slots=True)
class Record:
    """One run of one scenario.

    Shape   failure is the French sentence that says why it ended before its first step, not_run why it did not begin.
    """

    scenario: Scenario
    steps: list[Step] = field(default_factory=list)
    files: list[ProducedFile] = field(default_factory=list)
    failure: str = ""
    not_run: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """Return how it ended; a scenario that verified nothing proves nothing."""
        if self.not_run:
            return Verdict.NOT_RUN
        return Verdict.FAILED if self.reasons else Verdict.PASSED

    @property
    def reasons(self) -> list[str]:
        """Return what went wrong, a sentence each."""
        reasons = [f"{step.title} : {reason}" for step in self.steps for reason in step.reasons]
        if self.failure:
            reasons.append(self.failure)
        if not reasons and not any(step.checks for step in self.steps):
            reasons.append("Le scénario n'a rien vérifié.")
        return reasons


def _told(check: Check) -> str:
    return f"{check.text} (constaté : {check.found})" if check.found else f"{check.text} : non"
