"""The whole run: what is asked for, a server to prove, each scenario in turn, and the dossier."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from usager_server.conformity.choosing import choose
from usager_server.conformity.dossier import aside, write_dossier
from usager_server.conformity.proof import behaviours, proofs
from usager_server.conformity.record import Record, Verdict
from usager_server.conformity.report import Report
from usager_server.conformity.running import prove
from usager_server.conformity.scenario import Scenario
from usager_server.conformity.showing import duration
from usager_server.conformity.target import Target, identify
from usager_server.conformity.throwaway import Throwaway
from usager_server.leash import sigterm_as_interrupt
from usager_server.profile import Profile
from usager_server.requirements.standing import Standing
from usager_server.sandbox.stand_in import StandIn

MARKS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_RUN: "–"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator asks for. Shape: target None starts a throw-away server; only empty means everything."""

    out: Path
    target: Target | None
    only: tuple[str, ...]
    command: str


def prove_all(
    wish: Wish,
    *,
    profiles: Sequence[Profile],
    standings: Sequence[Standing],
    scenarios: Sequence[Scenario],
    elsewhere: Sequence[Scenario],
    stand_ins: Sequence[StandIn],
) -> Report:
    """Run the scenarios that are asked for, write the dossier, and return what it tells.

    Errors  ConformityError; nothing is written then, nor when it is interrupted.
    """
    chosen = choose(scenarios, wish.only, elsewhere)
    with sigterm_as_interrupt(), aside(wish.out) as folder:
        started, began = datetime.now(UTC), time.monotonic()
        with _standing(wish, [profile.key for profile in profiles], stand_ins) as target:
            software = identify(target)
            records = _proven(chosen, target)
        asked = [it for it in standings if not wish.only or it.fact.id in wish.only]
        report = Report(
            software=software,
            base_url=target.base_url,
            profiles=profiles,
            started=started,
            seconds=time.monotonic() - began,
            records=records,
            proofs=proofs(asked, [profile.key for profile in profiles], records),
            behaviours=behaviours(standings, records),
            command=wish.command,
            has_sandbox=bool(target.sandbox_url),
            is_whole=not wish.only,
        )
        write_dossier(report, folder)
    return report


@contextmanager
def _standing(wish: Wish, profiles: Sequence[str], stand_ins: Sequence[StandIn]) -> Iterator[Target]:
    if wish.target is not None:
        yield wish.target
        return
    with Throwaway([key for key in profiles if key != "general"], stand_ins) as target:
        yield target


def _proven(chosen: Sequence[Scenario], target: Target) -> list[Record]:
    """Run each scenario, with a bar for a person and a line for each."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    records = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(chosen))
        for scenario in chosen:
            progress.update(task, description=scenario.title)
            record = prove(scenario, target)
            records.append(record)
            _tell(console, record)
            progress.advance(task)
    return records


def _tell(console: Console, record: Record) -> None:
    title = f"{MARKS[record.verdict]} {record.scenario.title} ({duration(record.seconds)})"
    reasons = [record.not_run] if record.verdict is Verdict.NOT_RUN else record.reasons
    console.print("\n    ".join([title, *reasons]), markup=False, soft_wrap=True)
