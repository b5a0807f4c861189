"""Finds who is to be watched: the Patients that changed since the last look, and people with a NIA to whom something
happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Session, instant_text
from usager_server.jsontext import parse_json
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.due import EVENTS, watched_of

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LATE = timedelta(minutes=1)
"""A write may be kept so long after the instant that it bears; what is later is found by the look at everybody."""


async def sweep(session: Session, type_number: int, *, from_the_start: bool = False) -> int:
    """Look at the Patients that changed, a page a transaction, and return how many there were.

    Shape   type_number is that of Patient in the store. Those that were looked at already are looked at again without
            harm: a version that is known changes nothing.
    """
    runner = session.repository.runner
    reached = None if from_the_start else await store.swept(runner)
    after, row = (BEGINNING, 0) if reached is None else (reached[0] - LATE, 0)
    seen = 0
    while True:
        page = await store.changed(runner, type_number, after, row)
        if page:
            after, row = page[-1]["last_updated"], page[-1]["row"]
            async with session.transaction() as inner:
                await _note(inner, page)
                if reached is None or (after, row) > reached:
                    await store.sweep(inner.repository.runner, after, row)
        seen += len(page)
        if len(page) < store.PAGE:
            return seen


async def _note(session: Session, page: Any) -> None:
    watched, others = [], []
    for found in page:
        document = found["document"]
        due = None if document is None else watched_of(parse_json(document.encode()))
        if due is None:
            others.append(found["id"])
        else:
            watched.append((found["id"], found["version"], due))
    runner = session.repository.runner
    await store.forget(runner, others)
    await store.watch(runner, watched)


async def hasten_nias(session: Session) -> int:
    """Have those with a NIA verified to whom something happened since the last verification; return how many.

    Cost    one search a person with a NIA: there are few, and each is one until they get a NIR.
    """
    hastened, after = 0, ""
    while people := await store.nias(session.repository.runner, after):
        after = people[-1][0]
        found = [patient for patient, verified in people if await _has_news(session, patient, verified)]
        async with session.transaction() as inner:
            await store.hasten(inner.repository.runner, found)
        hastened += len(found)
    return hastened


async def _has_news(session: Session, patient: str, since: datetime) -> bool:
    asked = [("_lastUpdated", f"gt{instant_text(since)}"), ("_count", "1")]
    query = search_query(session, EVENTS, asked, compartment=("Patient", patient))
    return bool((await session.repository.search(query)).entries)
