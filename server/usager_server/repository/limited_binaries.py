"""Whether a Binary is within reach: it is in no record by itself, but in that of what it belongs to.

It belongs to the resource that its securityContext names or, when it names none, to the documents that carry its
address ("url": "Binary/1"). Nobody brings one within reach by naming it: see `named_in`.

Source  FHIR R4 binary.html#security.
"""

import re
from collections.abc import Iterable

from usager_server.access.reach import Reach
from usager_server.jsontext import parse_json
from usager_server.repository import Draft, Repository, Stored
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.parse import parse_query

NAMED = re.compile(r'"url":"Binary/([A-Za-z0-9\-.]{1,64})"')


async def belongs_within(store: PostgresRepository, limited: Repository, reach: Reach, binary: Stored) -> bool:
    """Say whether a Binary belongs to something that may be read.

    Shape   store: the whole store of the tenant; limited: the part of it within reach.
    """
    context = parse_json((binary.document or "{}").encode()).get("securityContext", {}).get("reference")
    if context is not None:
        kind, _, key = str(context).partition("/")
        return kind != "Binary" and reach.permits(kind, "r") and await limited.read(kind, key) is not None
    if not reach.permits("DocumentReference", "r"):
        return False
    searcher = store.store.searcher
    asked = [("location", f"Binary/{binary.id}"), ("_count", "1")]
    query = parse_query(searcher.registry, ("DocumentReference",), asked, strict=True)
    cursors = await store.store.cursors(store.runner)
    page = await searcher.search(store.runner, query, cursors, lambda types, _letter: reach.lookup(types, "r"))
    return bool(page.entries)


def named_in(drafts: Iterable[Draft]) -> set[str]:
    """Return the ids of the Binaries that documents carry the address of: to be within reach already, or made here."""
    documents = (draft for draft in drafts if draft.type == "DocumentReference")
    return {key for draft in documents for key in NAMED.findall(draft.tail)}
