"""Runs one scenario to its end, whatever it does: one that hangs or raises is a failed scenario with a clear reason."""

import asyncio
import time
import traceback
from threading import Thread

import httpx

from usager_server.conformity.masking import Masking
from usager_server.conformity.record import Record
from usager_server.conformity.run import Run, Stopped
from usager_server.conformity.scenario import Scenario
from usager_server.conformity.target import Target

GRACE_SECONDS = 5.0


def prove(scenario: Scenario, target: Target) -> Record:
    """Run a scenario and return what happened.

    Time    at most its timeout_seconds, and a few more when it blocks without awaiting: it runs in a thread of
            its own, which is then left behind.
    """
    record = Record(scenario)
    if scenario.stand_ins and not target.sandbox_url:
        record.not_run = f"Il faut le bac à sable ({', '.join(scenario.stand_ins)}), et son adresse n'a pas été donnée."
        return record
    began = time.monotonic()
    worker = Thread(target=lambda: asyncio.run(_bounded(record, target)), name=scenario.name, daemon=True)
    worker.start()
    worker.join(scenario.timeout_seconds + GRACE_SECONDS)
    if worker.is_alive():
        record = Record(scenario, list(record.steps), list(record.files), started=record.started)
        _fail(record, f"le scénario est resté bloqué plus de {_seconds(scenario)}.")
    record.seconds = time.monotonic() - began
    return record


async def _bounded(record: Record, target: Target) -> None:
    scenario, masking = record.scenario, Masking([target.token])
    try:
        async with asyncio.timeout(scenario.timeout_seconds), Run(target, record) as run:
            await scenario.function(run)
    except Stopped:
        return  # the check that failed says it
    except TimeoutError:
        _fail(record, f"le scénario n'était pas terminé après {_seconds(scenario)}.")
    except httpx.HTTPError as error:
        _fail(record, masking.text(f"l'échange n'a pas abouti ({_named(error)})."))
    except Exception as error:  # a scenario may come from anyone, and must not end the run of the others
        _fail(record, masking.text(f"le scénario s'est arrêté sur une erreur : {_named(error)}, {_place(error)}."))


def _fail(record: Record, reason: str) -> None:
    if record.steps:
        record.steps[-1].failure = reason
    else:
        record.failure = reason[0].upper() + reason[1:]


def _seconds(scenario: Scenario) -> str:
    return f"{scenario.timeout_seconds:g} s".replace(".", ",")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"ligne {frame.lineno} de {frame.filename.rpartition('/')[2]}"
