"""Parts of resources for an answer; the trace names whom the whole ones are about, whatever part was asked for."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote_plus

from usager_server.interactions.session import Session
from usager_server.interactions.subset import WHOLE, Subset, subset_text
from usager_server.search.query import Condition, SearchQuery

ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
NAMED_MOST = 200
"""Patients that the queries of a request name and its trace lists; a query itself is there whole."""
CONDITIONS_MOST, CONDITION_CHARACTERS = 20, 500
"""Conditions of a request that its trace tells, and how much of each."""


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
    known = session.act.patients
    if len(known) < NAMED_MOST:
        named = dict.fromkeys(key for condition in query.conditions for key in _named(session, condition))
        session.act.concern(list(named)[: NAMED_MOST - len(known)])


def tell_condition(session: Session, query: SearchQuery) -> None:
    """Tell in the trace what the condition of a write asks: the answer tells whether something matches."""
    if session.act is None:
        return
    tell_asked(session, query)
    conditions = session.act.detail.setdefault("conditions", [])
    if len(conditions) < CONDITIONS_MOST:
        text = f"{query.types[0]}?{unquote_plus(query.self_link)}"[:CONDITION_CHARACTERS]
        conditions += [text] if text not in conditions else []


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
