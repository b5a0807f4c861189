"""Sign the head of each chain, and keep it outside the database."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from usager_server.jobs.workplace import Workplace
from usager_server.repository.trace_links import head_of_chain
from usager_server.traces.anchors import Anchor, add_anchors, read_anchors, signing_key

Stamp = tuple[int, int, int] | None
"""What every write to a file changes; None: there is none."""

log = structlog.get_logger()


class Anchoring:
    """The job, which knows the newest anchor of each tenant, and the file that it read them from.

    Cost    the signature of every line is verified when somebody else wrote the file, and each time that a chain is
            anchored, not each minute: of a file of five years that takes seconds.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, Mapping[int, Anchor]]] = {}

    async def anchor(self, place: Workplace) -> int:
        """Anchor the chains that have grown, once USAGER_AUDIT_ANCHOR_MINUTES have passed; return how many.

        Shape   the lines go to the file and to the log, whose collector is a second place outside the database.
        Errors  BadAnchors when the file or the key is not what it was.
        """
        path, now = place.settings.audit_anchors, datetime.now(UTC)
        stamp, known = self._known.get(path, (None, {}))
        if stamp is not None and stamp == _stamp(path) and not await _grown(place, known, now):
            return 0
        key = await asyncio.to_thread(signing_key, place.settings.audit_key)
        anchors = await asyncio.to_thread(read_anchors, path, key)
        known = {each.tenant: each for each in anchors if each.removal is None}  # that of a removal is of an old link
        grown = await _grown(place, known, now)
        lines = await asyncio.to_thread(add_anchors, path, key, grown) if grown else []
        self._known[path] = _stamp(path), known | {each.tenant: each for each in grown}
        for each, line in zip(grown, lines, strict=True):
            log.info("traces anchored", tenant=each.tenant, seq=each.seq, anchor=line)
        return len(lines)


def _stamp(path: Path) -> Stamp:
    found = path.stat() if path.exists() else None
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)


async def _grown(place: Workplace, known: Mapping[int, Anchor], now: datetime) -> list[Anchor]:
    """Return the anchors that are to be made, beside those that are known."""
    period, grown = timedelta(minutes=place.settings.audit_anchor_minutes), []
    for tenant in await place.tenants():
        before = known.get(tenant)
        if before is not None and now - before.at < period:
            continue
        head = await head_of_chain(place.runner(tenant))
        if head is not None and (before is None or head[0] > before.seq):
            grown.append(Anchor(tenant, *head, now))
    return grown
