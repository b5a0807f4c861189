"""Which condition leads: the one that finds few rows is gathered whole; when none does, an index is walked.

Statistics do not help (row-level security hides them from the planner, and tenants differ), so conditions are counted,
up to a limit, when their kind does not tell; what was counted is remembered for a while.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from usager_server.repository.search_orders import ColumnOrder, IndexOrder, Order
from usager_server.repository.search_pages import Walked
from usager_server.search.dates import DAY
from usager_server.search.lookups import (
    AllOf,
    AnyOf,
    AnyToken,
    Chained,
    Containing,
    Dates,
    Ids,
    Lookup,
    Near,
    Numbers,
    OfTypes,
    Opened,
    Pointed,
    References,
    Spelled,
    Strings,
    Tokens,
    Updated,
    Without,
)

FEW_ALONE = 8_000
"""So many rows are gathered when nothing else has to be tested on them."""

FEW = 5_000
"""So many rows are gathered and tested against the other conditions. Past it, walking an index meets a match sooner."""

FEW_CHAINED = 2_000
"""So many rows are gathered when each of them costs a walk from one resource to another."""

FEW_STRUNG = 1_000
"""So many rows of texts are gathered before it is counted how many different texts there are."""

TEXTS_WALKED = 300
"""So many different texts (of those that begin alike) are walked, each in the order of rows."""

REMEMBERED = 20_000
REMEMBERED_SECONDS = 300.0


Counted = Lookup | tuple[Lookup, Order | Literal["texts"]]
"""A lookup; a lookup along an order: how many rows a walk read in vain; the different texts of a lookup."""


class Counts:
    """How many rows lookups found lately, by tenant; a count over the limit it was made with means "at least"."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, Counted], tuple[float, int]] = OrderedDict()

    def get(self, tenant: int, counted: Counted) -> int | None:
        """Return the count, or None when it is not known or too old."""
        found = self._known.get((tenant, counted))
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def learn(self, tenant: int, counted: Counted, count: int) -> None:
        """Remember a count."""
        self._known[tenant, counted] = (time.monotonic() + REMEMBERED_SECONDS, count)
        self._known.move_to_end((tenant, counted))
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def finds_rows(lookup: Lookup) -> bool:
    """Tell whether a lookup can lead: a negation cannot, nor can what finds everything."""
    if isinstance(lookup, AnyOf):
        return all(finds_rows(one) for one in lookup.lookups)
    if isinstance(lookup, AllOf):
        return finds_rows(lookup.lookups[0])
    return not isinstance(lookup, Without | OfTypes)


def most_gathered(lookup: Lookup, *, alone: bool, strung: bool = False) -> int:
    """Return how many rows of a lookup are gathered before walking an index is presumed cheaper.

    Shape   strung: texts may be walked one by one (`TEXTS_WALKED`).
    """
    if isinstance(lookup, AnyOf):
        return min(most_gathered(one, alone=alone) for one in lookup.lookups)
    if isinstance(lookup, AllOf):
        return most_gathered(lookup.lookups[0], alone=False)
    if isinstance(lookup, Chained | Pointed):
        return FEW_CHAINED
    if strung and isinstance(lookup, Strings | Containing):
        return FEW_STRUNG
    return FEW_ALONE if alone else FEW


WALK_AT_LEAST = 10
"""Pages that a condition must fill for a walk along the order to be worth a try."""


def walked_first(count: int | None, orders: Sequence[Order], limit: int) -> int | None:
    """Return how many rows of an order are read before the matches of a condition are gathered and sorted instead.

    Shape   count: what the condition finds. A walk of half as many rows costs less than half of gathering them; when
            matches are strewn evenly it fills the page long before that. None: not worth a try.
    """
    if count is None or count < WALK_AT_LEAST * limit or len(orders) != 1:
        return None
    return count // 2 if isinstance(orders[0], IndexOrder | ColumnOrder) else None


def presumed_rank(lookup: Lookup) -> int:
    """Return how many rows a kind of condition usually finds: 0 hardly any, 9 most of them."""
    match lookup:
        case Ids() | Opened():
            return 0
        case Tokens(selective=selective):
            return 1 if selective else 6
        case Spelled():
            return 2
        case References():
            return 2
        case Strings(legs):
            return 3 if all(len(high) < 64 for *_, high in legs) else 4
        case Dates(legs):
            return 3 if all(high - low <= 2 * DAY for _, _, low, high, *_ in legs) else 7
        case Updated(legs):
            return 4 if all(high - low <= 2 * DAY for _, low, high in legs) else 7
        case Near() | Containing():
            return 5
        case Numbers() | AnyToken():
            return 7
        case Chained() | Pointed():
            return min(9, presumed_rank(lookup.inner) + 2)
        case AnyOf(lookups):
            return max(presumed_rank(one) for one in lookups)
        case AllOf(lookups):
            return presumed_rank(lookups[0])
    return 9


PROMISING = 4
"""Up to this rank a lookup is gathered without being counted first."""


GLADLY = 200
"""So many rows are gathered without asking whether another condition finds fewer: to count it costs as much."""

RARE = 2
"""Up to this rank a condition is counted before more than GLADLY rows of another one are gathered."""


def walked_of(leaders: Sequence[Walked], counts: Sequence[int | None]) -> Walked | None:
    """Return the condition whose index is walked in row order: the rarest by its kind, then by what was counted."""
    ordered = [
        (presumed_rank(one), count if count is not None else 0, number)
        for number, (one, count) in enumerate(zip(leaders, counts, strict=True))
    ]
    return leaders[min(ordered)[2]] if ordered else None
