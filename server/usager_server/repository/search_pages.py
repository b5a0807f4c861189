"""The statements of a page: gathered from a lookup that finds few rows, or walked along an index in the order asked."""

from collections.abc import Sequence
from typing import Any

from usager_server.repository.running import under_tenant
from usager_server.repository.search_clauses import TENANT, Clauses, resource_at
from usager_server.repository.search_orders import (
    ColumnOrder,
    IndexOrder,
    Order,
    Wanted,
    after,
    key_block,
    missing_key,
)
from usager_server.search.lookups import Containing, Lookup, OfTypes, References, Spelled, Strings, Tokens, Without

Statement = tuple[str, list[Any]]
"""The text, and the arguments after the tenant."""

DOCUMENT = "id, version, last_updated, method, document, content"

Walked = Tokens | References | Strings | Spelled | Containing | OfTypes
"""What an index holds in the order of rows; of Strings and Containing, each of the texts by itself."""


def gather(driver: Lookup, filters: Sequence[Lookup], wanted: Wanted, most: int) -> Statement:
    """Return the statement that takes every row of the driver, at most `most`, and then sorts and tests.

    Shape   the column `total` is how many rows the driver gave: over `most`, the answer is worth nothing.
    """
    clauses = Clauses()
    limit = clauses.bind(most, "bigint")
    # One sort both orders the rows and brings doubles together; what follows stops at the page's end.
    keyed = (
        "SELECT DISTINCT ON (d.row, d.type) d.type, d.row, d.total FROM ("
        f"SELECT q.type, q.row, count(*) OVER () AS total FROM ({clauses.rows(driver)} LIMIT {limit} + 1) AS q"
        f") AS d ORDER BY d.row {wanted.ways[-1]}, d.type OFFSET 0"
    )
    if wanted.orders:
        keys, joined = _keys(clauses, wanted.orders, 0)
        sorted_by = wanted.ordered("").replace("row ", "e.row ")  # bare, "row" may be read as the beginning of ROW(...)
        keyed = f"SELECT e.type, e.row, e.total{keys} FROM ({keyed}) AS e{joined} ORDER BY {sorted_by} OFFSET 0"
    tests = [clauses.test(one, "f.type", "f.row") for one in filters]
    if wanted.place:
        tests.insert(0, _after_place(clauses, wanted, "f."))
    where = f" WHERE f.total > {limit} OR ({' AND '.join(tests)})" if tests else ""
    hits = f"SELECT f.* FROM ({keyed}) AS f{where} LIMIT {clauses.bind(wanted.limit, 'bigint')}"
    return _with_documents(clauses, hits, wanted, "h.total")


def _keys(clauses: Clauses, orders: Sequence[Order], first: int) -> tuple[str, str]:
    """Return the key columns of orders, numbered from first + 1, and the joins that find them for the row e."""
    selected, joined, number = "", "", first
    for position, order in enumerate(orders, 1):
        joined += f" LEFT JOIN LATERAL ({key_block(clauses, order, 'e.type', 'e.row')}) AS y{position} ON true"
        for column, (kind, last) in enumerate(zip(order.kinds, missing_key(order), strict=True), 1):
            number += 1
            value = f"y{position}.key{column}"
            selected += f", {value if last is None else f'coalesce({value}, {clauses.bind(last, kind)})'} AS k{number}"
    return selected, joined


def _after_place(clauses: Clauses, wanted: Wanted, prefix: str) -> str:
    names = [f"{prefix}{name}" for name in wanted.names]
    return after(clauses, names, wanted.kinds, wanted.ways, wanted.place)


def _with_documents(clauses: Clauses, hits: str, wanted: Wanted, total: str) -> Statement:
    """Add the document to each hit: total, type, row, the key, then what `stored` needs."""
    keys = "".join(f", h.{name}" for name in wanted.names[:-1])
    document = resource_at(DOCUMENT, "h.type", "h.row")
    text = (
        f"SELECT {total} AS total, h.type, h.row{keys}, r.* FROM ({hits}) AS h, LATERAL ({document}) AS r"
        f" ORDER BY {wanted.ordered('h.')}"
    )
    return under_tenant(text), clauses.arguments


def walk_rows(walked: Walked, filters: Sequence[Lookup], wanted: Wanted) -> Statement:
    """Return the statement that walks an index in row order and stops when it has enough. wanted has no other order."""
    clauses = Clauses()
    legs, block = clauses.walkable(walked, deleted_too=_shuts_out_deleted(filters))
    tests = [clauses.test(one, "l.type", "w.row") for one in filters]
    if wanted.place:
        tests.insert(0, _after_place(clauses, wanted, "w."))
    where = "".join(f" AND {test}" for test in tests)
    tail = f"ORDER BY w.row {wanted.ways[0]} LIMIT {clauses.bind(wanted.limit, 'bigint')}"
    distinct = "DISTINCT " if _has_many_legs(walked) else ""
    hits = f"SELECT {distinct}l.type, w.row FROM {legs}, LATERAL ({block}{where} {tail}) AS w {tail}"
    return _with_documents(clauses, hits, wanted, "0")


def _has_many_legs(walked: Walked) -> bool:
    """Tell whether a resource may be met more than once."""
    return (
        len(walked.legs) > 1
        or isinstance(walked, Strings | Containing)
        or (isinstance(walked, Tokens) and bool(walked.any_system))
    )


def _shuts_out_deleted(filters: Sequence[Lookup]) -> bool:
    """Tell whether some filter asks for an index row, which a deleted resource has not."""
    return any(not isinstance(one, Without | OfTypes) for one in filters)


def walk_order(types: Sequence[int], filters: Sequence[Lookup], wanted: Wanted, most: int | None = None) -> Statement:
    """Return the statement that walks along the first order and stops when it has enough.

    Shape   only rows that have a value there. When there are further orders, all the rows that share the last value
            are read, and sorted by those. most: stop after so many rows of the index (when there is one order only).
    """
    clauses = Clauses()
    first = wanted.orders[0]
    legs, block, columns = _source(clauses, first, types)
    tests = [clauses.test(one, "l.type", "w.row") for one in filters]
    if isinstance(first, IndexOrder) and not first.single:
        tests.append(_counts(clauses, first))
    limit = clauses.bind(wanted.limit, "bigint")
    if len(wanted.orders) == 1:
        blocks = [_alone(clauses, block, columns, tests, limit, wanted, most)]
    else:
        blocks = _tied(clauses, block, columns, tests, limit, wanted)
    keys = "".join(f", w.{column} AS k{number}" for number, column in enumerate(columns, 1))
    found = " UNION ALL ".join(f"(SELECT l.type, w.row{keys} FROM {legs}, LATERAL ({one}) AS w)" for one in blocks)
    mine = "".join(f", e.k{number}" for number in range(1, len(columns) + 1))
    more, joined = _keys(clauses, wanted.orders[1:], len(columns))
    rows = f"SELECT DISTINCT e.type, e.row{mine}{more} FROM ({found} OFFSET 0) AS e{joined}"
    where = f" WHERE {_after_place(clauses, wanted, 'f.')}" if wanted.place and more else ""
    hits = f"SELECT f.* FROM ({rows}) AS f{where} ORDER BY {wanted.ordered('f.')} LIMIT {limit}"
    return _with_documents(clauses, hits, wanted, "0")


def _source(clauses: Clauses, order: Order, types: Sequence[int]) -> tuple[str, str, Sequence[str]]:
    """Return the legs, the SELECT of one leg, and the columns of the key."""
    if isinstance(order, IndexOrder):
        where = f"w.{TENANT} AND w.parameter = l.parameter"
        legs = clauses.legs(order.legs, "bigint")
        return legs, f"SELECT w.row, {_listed(order.columns)} FROM {order.table} AS w WHERE {where}", order.columns
    if isinstance(order, ColumnOrder):
        where = f"w.{TENANT} AND w.type = l.type AND w.document IS NOT NULL"
        legs = clauses.legs([(kind,) for kind in types])
        return legs, f"SELECT w.row, w.{order.column} FROM resource AS w WHERE {where}", (order.column,)
    raise TypeError(f"no index holds {type(order).__name__} in order")


def _listed(columns: Sequence[str], prefix: str = "w.") -> str:
    return ", ".join(f"{prefix}{column}" for column in columns)


def _counts(clauses: Clauses, order: IndexOrder) -> str:
    """Return the condition that this row holds the value of its resource that counts: the least, or the greatest."""
    parameters = clauses.bind([parameter for _, parameter in order.legs], "bigint[]")
    others = f"SELECT parameter, {', '.join(order.columns)} FROM {order.table} WHERE {TENANT} AND row = w.row OFFSET 0"
    sign = "<" if order.direction == "ASC" else ">"
    where = f"x.parameter = ANY ({parameters}) AND ({_listed(order.columns, 'x.')}) {sign} ({_listed(order.columns)})"
    return f"NOT EXISTS (SELECT 1 FROM ({others}) AS x WHERE {where} OFFSET 0)"


def _alone(
    clauses: Clauses,
    block: str,
    columns: Sequence[str],
    tests: Sequence[str],
    limit: str,
    wanted: Wanted,
    most: int | None,
) -> str:
    keys = [*(f"w.{column}" for column in columns), "w.row"]
    place = [after(clauses, keys, wanted.kinds, wanted.ways, wanted.place)] if wanted.place else []
    # An id is unique within its type, and its index goes no further.
    sorted_by = keys[:1] if columns == ("id",) else keys
    ordered = ", ".join(f"{key} {way}" for key, way in zip(sorted_by, wanted.ways, strict=False))
    if most is None:
        return f"{block}{''.join(f' AND {test}' for test in [*place, *tests])} ORDER BY {ordered} LIMIT {limit}"
    few = f"{block}{''.join(f' AND {one}' for one in place)} ORDER BY {ordered} LIMIT {clauses.bind(most, 'bigint')}"
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    return f"SELECT w.* FROM ({few}) AS w{where} ORDER BY {ordered} LIMIT {limit}"


def _tied(
    clauses: Clauses, block: str, columns: Sequence[str], tests: Sequence[str], limit: str, wanted: Wanted
) -> list[str]:
    """Return the blocks when further orders decide between equals: the equals of the place, then what follows."""
    width = len(columns)
    names = [f"w.{column}" for column in columns]
    kinds, ways, place = wanted.kinds[:width], wanted.ways[:width], wanted.place[:width]
    ordered = ", ".join(f"{name} {way}" for name, way in zip(names, ways, strict=True))
    tail = f"ORDER BY {ordered} FETCH FIRST ({limit}) ROWS WITH TIES"
    tested = "".join(f" AND {test}" for test in tests)
    if not place:
        return [f"{block}{tested} {tail}"]
    equal = [f"{name} = {clauses.bind(value, kind)}" for name, value, kind in zip(names, place, kinds, strict=True)]
    later = after(clauses, names, kinds, ways, place)
    return [f"{block} AND {' AND '.join(equal)}{tested} OFFSET 0", f"{block} AND {later}{tested} {tail}"]


def count_rows(driver: Lookup, filters: Sequence[Lookup], most: int | None) -> Statement:
    """Return the statement that counts matches, up to `most` when given."""
    clauses = Clauses()
    if isinstance(driver, OfTypes) and not filters:
        return _count_types(clauses, driver)
    tests = " AND ".join(clauses.test(one, "d.type", "d.row") for one in filters)
    distinct = "DISTINCT " if not isinstance(driver, Walked) or _has_many_legs(driver) else ""
    rows = f"SELECT {distinct}d.type, d.row FROM ({clauses.rows(driver)}) AS d{f' WHERE {tests}' if tests else ''}"
    limited = "" if most is None else f" LIMIT {clauses.bind(most, 'bigint')}"
    return under_tenant(f"SELECT count(*) FROM ({rows}{limited}) AS n"), clauses.arguments


def _count_types(clauses: Clauses, every: OfTypes) -> Statement:
    """Return the statement that counts every resource of some types: index entries, less those of deleted ones."""
    of_type = f"SELECT count(*) FROM resource AS x WHERE x.{TENANT} AND x.type = l.type"
    text = f"SELECT sum(({of_type}) - ({of_type} AND x.document IS NULL))::bigint FROM {clauses.legs(every.legs)}"
    return under_tenant(text), clauses.arguments


def count_texts(strings: Strings | Containing, most: int) -> Statement:
    """Return the statement that counts the different texts that a lookup finds, up to `most`."""
    clauses = Clauses()
    legs, _ = clauses.walkable(strings)
    text = f"SELECT count(*) FROM (SELECT 1 FROM {legs} LIMIT {clauses.bind(most, 'bigint')}) AS n"
    return under_tenant(text), clauses.arguments


def probe(lookups: Sequence[tuple[Lookup, int]]) -> Statement:
    """Return the statement that counts the rows of several lookups, each up to its limit + 1."""
    clauses = Clauses()
    counts = [
        f"(SELECT count(*) FROM ({clauses.rows(one)} LIMIT {clauses.bind(most, 'bigint')} + 1) AS p) AS n{number}"
        for number, (one, most) in enumerate(lookups)
    ]
    return under_tenant(f"SELECT {', '.join(counts)}"), clauses.arguments
