"""One run of the evidence, whole: what was put to the proof, what happened, what it proves; and its JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from usager_server import __version__
from usager_server.conformity.proof import Proof, State, state_of
from usager_server.conformity.record import Check, Exchange, Record, Step, Verdict
from usager_server.conformity.target import Software
from usager_server.profile import Profile

REFERENTIEL = "DSR-MS-DUI-Va2"


@dataclass(frozen=True, slots=True)
class Report:
    """What the dossier tells. Shape: behaviours are records by code, for what has no identifier in the référentiel;
    command is what to type for the same run; is_whole is false when only some requirements were asked for."""

    software: Software
    base_url: str
    profiles: Sequence[Profile]
    started: datetime
    seconds: float
    records: Sequence[Record]
    proofs: Sequence[Proof]
    behaviours: Mapping[str, Sequence[Record]]
    command: str
    has_sandbox: bool
    is_whole: bool

    @property
    def counts(self) -> Mapping[State, int]:
        """Return how many requirements stand in each state, in the order of the states."""
        found = Counter(proof.state for proof in self.proofs)
        return {state: found[state] for state in State}

    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """Return how many scenarios ended each way."""
        found = Counter(record.verdict for record in self.records)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def passed(self) -> int:
        """Return how many scenarios passed."""
        return self.verdicts[Verdict.PASSED]

    @property
    def has_passed(self) -> bool:
        """Tell whether every scenario was run, and passed."""
        return all(record.verdict is Verdict.PASSED for record in self.records)


def report_json(report: Report) -> bytes:
    """Return the report for machines: report.json."""
    content = {
        "tool": f"usager conformity {__version__}",
        "referentiel": REFERENTIEL,
        "software": {"name": report.software.name, "version": report.software.version},
        "baseUrl": report.base_url,
        "profiles": [profile.key for profile in report.profiles],
        "started": report.started.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "command": report.command,
        "passed": report.has_passed,
        "requirements": [_requirement(proof) for proof in report.proofs],
        "behaviours": [
            {"id": code, "state": state_of(records), "scenarios": [it.scenario.name for it in records]}
            for code, records in report.behaviours.items()
        ],
        "scenarios": [_scenario(record) for record in report.records],
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _requirement(proof: Proof) -> dict[str, Any]:
    fact, line = proof.standing.fact, proof.standing.line
    found: dict[str, Any] = {
        "id": fact.id,
        "chapter": fact.chapter,
        "function": fact.function,
        "title": line.title,
        "state": proof.state,
        "scenarios": [record.scenario.name for record in proof.records],
    }
    return found | ({"because": line.because} if line.because else {})


def _scenario(record: Record) -> dict[str, Any]:
    return {
        "name": record.scenario.name,
        "title": record.scenario.title,
        "ids": list(record.scenario.ids),
        "verdict": record.verdict,
        "reasons": [*record.reasons] if record.verdict is Verdict.FAILED else [],
        "notRun": record.not_run,
        "started": record.started.isoformat(timespec="milliseconds"),
        "seconds": round(record.seconds, 3),
        "steps": [_step(step) for step in record.steps],
        "files": [{"name": it.name, "title": it.title, "bytes": len(it.content)} for it in record.files],
    }


def _step(step: Step) -> dict[str, Any]:
    exchanges = [it for it in step.events if isinstance(it, Exchange)]
    return {
        "title": step.title,
        "seconds": round(step.seconds, 3),
        "failure": step.failure,
        "checks": [_check(check) for check in step.checks],
        "exchanges": [{"method": it.method, "url": it.url, "status": it.status, "error": it.error} for it in exchanges],
    }


def _check(check: Check) -> dict[str, Any]:
    return {"text": check.text, "passed": check.passed} | ({"found": check.found} if check.found else {})
