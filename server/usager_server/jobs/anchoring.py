"""Sign the head of each chain, and keep it outside the database."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from usager_server.jobs.workplace import Workplace
from usager_server.repository.trace_links import head_of_chain
from usager_server.traces.anchors import Anchor, add_anchors, read_anchors, signing_key

log = structlog.get_logger()


async def anchor(place: Workplace) -> int:
    """Anchor the chains that have grown, once USAGER_AUDIT_ANCHOR_MINUTES have passed; return how many.

    Shape   the lines go to the file and to the log, whose collector is a second place outside the database.
    Errors  BadAnchors when the file or the key is not what it was.
    """
    settings = place.settings
    key = await asyncio.to_thread(signing_key, settings.audit_key)
    anchors = await asyncio.to_thread(read_anchors, settings.audit_anchors, key)
    known = {each.tenant: each for each in anchors if each.removal is None}  # that of a removal is of an old link
    now, period = datetime.now(UTC), timedelta(minutes=settings.audit_anchor_minutes)
    grown = []
    for tenant in await place.tenants():
        before = known.get(tenant)
        if before is not None and now - before.at < period:
            continue
        head = await head_of_chain(place.runner(tenant))
        if head is not None and (before is None or head[0] > before.seq):
            grown.append(Anchor(tenant, *head, now))
    lines = await asyncio.to_thread(add_anchors, settings.audit_anchors, key, grown) if grown else []
    for each, line in zip(grown, lines, strict=True):
        log.info("traces anchored", tenant=each.tenant, seq=each.seq, anchor=line)
    return len(lines)
