"""batch: entries that know nothing of each other; one that fails leaves the others done."""

import asyncio
from typing import Any

import structlog

from usager_server.errors import FHIRError
from usager_server.interactions.bundle_text import bundle_text
from usager_server.interactions.entries import count_operations, entry_place, entry_text, failure_text, parse_entry
from usager_server.interactions.gate import refuse_ungranted
from usager_server.interactions.places import relocated
from usager_server.interactions.request import Preference
from usager_server.interactions.session import Reply, Session

log = structlog.get_logger()


async def batch(session: Session, bundle: dict[str, Any], prefer: Preference) -> Reply:
    """Do every entry in its own database transaction, in their order.

    Shape   an entry that fails has its status and an OperationOutcome in response.outcome.
    Source  FHIR R4 http.html#brules.
    """
    texts = [await _done(session, index, entry, prefer) for index, entry in enumerate(bundle.get("entry", []))]
    return Reply(document=bundle_text("batch-response", session.base_url, [], texts))


async def _done(session: Session, index: int, asked: dict[str, Any], prefer: Preference) -> str:
    await asyncio.sleep(0)
    try:
        entry = parse_entry(session, index, asked, prefer)
        refuse_ungranted(session, entry.interaction, entry.request)
        await count_operations(session, [entry.interaction])
        return await entry_text(session, await session.house.interactions[entry.interaction](session, entry.request))
    except FHIRError as error:
        return failure_text(relocated(error, f"{entry_place(index)}{'.resource' if 'resource' in asked else ''}"))
    except Exception:
        # One broken entry must not hide what became of the others, some of which are stored by now.
        log.exception("a batch entry failed", request_id=session.caller.request_id, entry=index)
        return failure_text(FHIRError(f"Internal error; request {session.caller.request_id}"))
