"""The worker: does each job when its time has come, if no other worker is doing it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

import structlog

from usager_server.errors import FHIRError
from usager_server.jobs.schedule import JOBS, Job
from usager_server.jobs.workplace import Workplace
from usager_server.repository.behind import turn
from usager_server.repository.postgres_errors import DATABASE_ERRORS

PAUSE_SECONDS = 0.2
AFTER_FAILURE_SECONDS = 10.0

log = structlog.get_logger()


class Worker:
    """Does jobs, one after the other and the long ones beside them, until it is told to stop.

    Shape   a job is held by an advisory lock on a connection of its own, which PostgreSQL lets go of when the process
            dies. One that fails is told in the log and tried again later; the others go on.
    """

    def __init__(self, place: Workplace, jobs: Sequence[Job] = JOBS) -> None:
        self._place = place
        self._jobs = jobs
        self._due = dict.fromkeys(jobs, 0.0)
        self._aside: dict[Job, asyncio.Task[None]] = {}
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Have the worker end after the job it is doing."""
        self._stopped.set()

    async def work(self) -> None:
        """Do jobs until told to stop; what is done aside is then broken off, after its grace."""
        try:
            while not self._stopped.is_set():
                await self.round()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), PAUSE_SECONDS)
        finally:
            await asyncio.gather(*(self._ended(job, task) for job, task in self._aside.items()))

    async def _ended(self, job: Job, task: asyncio.Task[None]) -> None:
        if job.grace_seconds:
            await asyncio.wait([task], timeout=job.grace_seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def round(self) -> None:
        """Do the jobs whose time has come; begin the long ones."""
        for job in self._jobs:
            if self._due[job] > monotonic() or self._stopped.is_set():
                continue
            if not job.is_long:
                await self._do(job)
            elif job not in self._aside or self._aside[job].done():
                self._aside[job] = asyncio.create_task(self._do(job))

    async def _do(self, job: Job) -> None:
        done = await self._done(job)
        self._due[job] = monotonic() + (job.every_seconds if done else AFTER_FAILURE_SECONDS)

    async def _done(self, job: Job) -> bool:
        count = 0
        try:
            async with turn(self._place.connections, job.number) as ours:
                if ours:
                    count = await job.do(self._place)
        except (*DATABASE_ERRORS, FHIRError) as error:
            log.warning("job failed", job=job.name, error=type(error).__name__)
            return False
        except Exception:
            log.exception("job failed", job=job.name)
            return False
        if count:
            log.debug("job done", job=job.name, count=count)
        return True
