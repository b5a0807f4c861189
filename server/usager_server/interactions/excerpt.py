"""Parts of resources for an answer; the trace names whom the whole ones are about, whatever part was asked for."""

import re
from collections.abc import Iterator, Sequence

from usager_server.interactions.session import Session
from usager_server.interactions.subset import WHOLE, Subset, subset_text
from usager_server.search.query import Condition, SearchQuery

ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
NAMED_MOST = 200
"""Patients that a query names and its trace lists; the query itself is there whole."""


def excerpts(session: Session, documents: Sequence[str], subset: Subset) -> Sequence[str]:
    """Return the part of each resource that a subset keeps."""
    if subset == WHOLE:
        return documents
    if session.act is not None:
        session.act.meet("\n".join(documents))
    return [subset_text(session.house.definitions, document, subset) for document in documents]


def tell_asked(session: Session, query: SearchQuery) -> None:
    """Tell in the trace about whom a query asks: that nothing was found, or how much, is told of them too."""
    if session.act is None:
        return
    named = dict.fromkeys(key for condition in query.conditions for key in _named(session, condition))
    session.act.concern(list(named)[:NAMED_MOST])


def _named(session: Session, condition: Condition) -> Iterator[str]:
    if condition.chain is not None:
        yield from _named(session, condition.chain)
        return
    is_of_patients = condition.modifier == "Patient" or condition.parameter == "patient"
    is_of_patients = is_of_patients or (condition.parameter == "_id" and tuple(condition.types) == ("Patient",))
    for value in condition.values:
        kind, slash, key = value.text.removeprefix(f"{session.base_url}/").partition("/")
        if not slash and is_of_patients:
            kind, key = "Patient", kind
        if kind == "Patient" and ID.fullmatch(key):
            yield key
