"""An order cut into phases that indexes walk one after the other: rows with a value, code by code, rows without."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from usager_server.errors import TooCostly
from usager_server.repository.search_orders import (
    CodeOrder,
    DocumentOrder,
    IndexOrder,
    Order,
    Wanted,
    before,
    missing_key,
)
from usager_server.repository.search_pages import Statement, Walked, walk_order, walk_rows
from usager_server.search.lookups import Having, Lookup, OfTypes, Tokens, Without


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of an order: rows whose key begins with `prefix`, in the order of the rest."""

    prefix: tuple[Any, ...]
    orders: tuple[Order, ...]
    filters: tuple[Lookup, ...]
    walked: Walked | None = None

    def statement(self, types: Sequence[int], wanted: Wanted) -> Statement | None:
        """Return the statement of this stretch, None when the place wanted lies beyond it."""
        width = len(self.prefix)
        place, ways = wanted.place, wanted.ways[:width]
        if place and before(self.prefix, place[:width], ways):
            return None
        if place and before(place[:width], self.prefix, ways):
            place = ()
        mine = replace(wanted, orders=self.orders, place=place[width:])
        if self.walked is not None:
            return walk_rows(self.walked, self.filters, mine)
        return walk_order(types, self.filters, mine)


def phases(
    orders: Sequence[Order], walked: Walked, filters: Sequence[Lookup], *, prefix: tuple[Any, ...] = ()
) -> Iterator[Phase]:
    """Yield the phases of an order, first to last.

    Shape   walked: what an index in row order gives when no order of its own is left.
    Errors  TooCostly (403) when an order has no index.
    """
    if not orders:
        yield Phase(prefix, (), tuple(filters), walked)
        return
    first, rest = orders[0], tuple(orders[1:])
    every = [*filters, walked] if not isinstance(walked, OfTypes) else list(filters)
    if isinstance(first, DocumentOrder):
        raise TooCostly(
            "This _sort works on a few thousand matches only: narrow the search, or sort by a date or a name."
        )
    if isinstance(first, CodeOrder):
        yield from _by_code(first, rest, walked, filters, prefix)
        return
    yield Phase(prefix, (first, *rest), tuple(every))
    if isinstance(first, IndexOrder):
        kind = first.table.removeprefix("index_")
        none = Without(Having(kind, first.legs))  # type: ignore[arg-type]
        yield from phases(rest, walked, [*filters, none], prefix=prefix + missing_key(first))


def _by_code(
    order: CodeOrder, rest: Sequence[Order], walked: Walked, filters: Sequence[Lookup], prefix: tuple[Any, ...]
) -> Iterator[Phase]:
    every = list(filters) if isinstance(walked, OfTypes) else [*filters, walked]
    numbers = range(len(order.places))
    done: list[tuple[int, int, int]] = []
    for number in numbers if order.direction == "ASC" else reversed(numbers):
        not_before = [Without(Tokens(tuple(done)))] if done else []
        here = Tokens(order.places[number])
        yield from phases(rest, here, [*every, *not_before], prefix=(*prefix, number))
        done += order.places[number]
    yield from phases(rest, walked, [*filters, Without(Tokens(tuple(done)))], prefix=prefix + missing_key(order))
