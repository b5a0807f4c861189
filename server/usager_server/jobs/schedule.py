"""The jobs of the worker, and how often each is done."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from usager_server.jobs.anchoring import Anchoring
from usager_server.jobs.backing_up import back_up_daily
from usager_server.jobs.housekeeping import (
    OrphanContents,
    forget_full_buckets,
    forget_old_tickets,
    make_partitions,
)
from usager_server.jobs.linking import link_late_traces, link_traces
from usager_server.jobs.reindexing import JOB_NUMBER as REINDEX
from usager_server.jobs.reindexing import index_anew
from usager_server.jobs.running_out import end_sessions
from usager_server.jobs.verifying_identities import EVERY_SECONDS, VerifyingIdentities
from usager_server.jobs.workplace import Workplace

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again.

    Shape   number is that of its lock in the database, the same for ever: two workers never do one job at once.
            do returns a count of what it did, for the log; it may be stopped at any moment and begin anew. One that is
            long is done aside, so that the others go on meanwhile; when the worker is told to end it has grace_seconds
            to do so itself, and is broken off then.
    """

    number: int
    name: str
    every_seconds: float
    do: Callable[[Workplace], Awaitable[int]]
    is_long: bool = False
    grace_seconds: float = 0.0


identities = VerifyingIdentities()

JOBS: Sequence[Job] = (
    Job(1, "link traces", 1, link_traces),
    Job(2, "link late traces", 600, link_late_traces),
    Job(3, "anchor traces", 60, Anchoring().anchor),
    Job(4, "make partitions", DAY, make_partitions),
    Job(5, "remove orphan contents", DAY, OrphanContents().remove, is_long=True),
    Job(6, "back up", 600, back_up_daily, is_long=True),
    Job(7, "verify identities", EVERY_SECONDS, identities.verify, is_long=True, grace_seconds=60),
    Job(8, "look at every identity", DAY, identities.look_at_everybody, is_long=True),
    Job(9, "forget old tickets", HOUR, forget_old_tickets),
    Job(10, "end sessions", 60, end_sessions),
    Job(11, "forget full buckets", 600, forget_full_buckets),
    Job(REINDEX, "index anew", 60, index_anew, is_long=True),
)
