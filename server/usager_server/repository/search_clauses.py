"""Lookups -> SQL on the narrow tables: the rows a lookup finds, and whether a given row is among them.

Every plan is fixed by the text, none is left to statistics, which row-level security hides from the planner: a block
that ends in OFFSET 0 or LIMIT runs once per row of the block before it, along the index that its conditions name. So a
value condition always walks the value columns of an index, and a test of one row always starts from that row.

Aliases: a row under test is never called g, l, o, p, q, r, s or x, which the tests use inside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from usager_server.repository.grams import gram_range
from usager_server.search.dates import moment
from usager_server.search.hashing import CODE_MASK
from usager_server.search.lookups import (
    AllOf,
    AnyOf,
    AnyToken,
    Chained,
    Containing,
    Dates,
    Having,
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

TENANT = "tenant = t.tenant"


def resource_at(columns: str, kind: str, row: str, alias: str = "r") -> str:
    """Return the SELECT of one resource by type and row, at most one, along the index that ends in row.

    Order   a range of one value, sorted: only that index needs no sorting, whatever the planner knows of the table.
    """
    return (
        f"SELECT {columns} FROM resource AS {alias} WHERE {alias}.{TENANT} AND {alias}.type = {kind}"
        f" AND {alias}.row >= {row} AND {alias}.row <= {row} AND {alias}.document IS NOT NULL"
        f" ORDER BY {alias}.row LIMIT 1"
    )


FEW = 16
"""Up to so many tokens are each looked up for a row; past it the row's own tokens are read and compared."""

CODES = f"{CODE_MASK}::bigint"
"""The bits of a tail that are those of the code."""

EARTH_METRES = 6_371_008.8

_TABLES = {
    Strings: ("index_string", "x.value >= l.a AND x.value < l.b", ("text", "text")),
    Spelled: ("index_string", "x.value = l.a AND x.spelling = l.b", ("text", "int")),
    Dates: (
        "index_date",
        "x.low >= l.a AND x.low < l.b AND x.high >= l.c AND x.high <= l.d",
        ("bigint", "bigint", "bigint", "bigint"),
    ),
    Numbers: (
        "index_number",
        "x.low >= l.a AND x.low <= l.b AND x.high >= l.c AND x.high <= l.d",
        ("float8", "float8", "float8", "float8"),
    ),
}

_COLUMNS = {
    "index_string": "parameter, value, spelling",
    "index_date": "parameter, low, high",
    "index_number": "parameter, low, high",
    "index_token": "head, tail",
}


class Clauses:
    """Writes the clauses of one statement; `arguments` are its values after the tenant, in the order of $2, $3, ..."""

    def __init__(self) -> None:
        self.arguments: list[Any] = []
        self._aliases: Iterator[int] = count(1)

    def bind(self, value: Any, kind: str) -> str:
        """Return the placeholder of a value."""
        self.arguments.append(value)
        return f"${len(self.arguments) + 1}::{kind}"

    def legs(self, legs: Sequence[tuple[Any, ...]], *kinds: str, alias: str = "l") -> str:
        """Return the legs of a lookup as a table l(type, a, b, ...), or l(type, parameter, a, ...) for the ranges."""
        columns = list(zip(*legs, strict=True)) or [()] * (len(kinds) + 1)
        bound = ", ".join(
            self.bind(list(column), f"{kind}[]") for column, kind in zip(columns, ("smallint", *kinds), strict=True)
        )
        names = "type, parameter, a, b, c, d" if len(kinds) > 2 else "type, parameter, a"
        return f"unnest({bound}) AS {alias}({', '.join(names.split(', ')[: len(kinds) + 1])})"

    # The rows that a lookup finds: SELECT type, row, in no order, some of them more than once.

    def rows(self, lookup: Lookup) -> str:
        """Return a SELECT of the (type, row) that a lookup finds, in no order, possibly more than once."""
        match lookup:
            case Tokens() | References() | OfTypes():
                legs, block = self.walkable(lookup)
                return f"SELECT l.type, x.row FROM {legs}, LATERAL ({block} OFFSET 0) AS x"
            case Strings() | Spelled() | Dates() | Numbers():
                return self._range_rows(lookup)
            case AnyToken(legs):
                block = (
                    f"SELECT x.row FROM index_token AS x WHERE x.{TENANT} AND x.head >= l.parameter AND x.head <= l.a"
                    " AND x.tail >= l.b AND x.tail <= l.c OFFSET 0"
                )
                table = self.legs(legs, "int", "int", "bigint", "bigint")
                # Twenty bits of a parameter: one of another type may have the same.
                mine = resource_at("r.row", "l.type", "x.row")
                return f"SELECT l.type, r.row FROM {table}, LATERAL ({block}) AS x, LATERAL ({mine}) AS r"
            case Having(kind, legs):
                table = self.legs(legs, "bigint")
                block = f"SELECT x.row FROM index_{kind} AS x WHERE x.{TENANT} AND x.parameter = l.parameter OFFSET 0"
                return f"SELECT l.type, x.row FROM {table}, LATERAL ({block}) AS x"
            case Containing():
                return self._containing_rows(lookup)
            case Near():
                return self._near_rows(lookup)
            case Ids(legs):
                where = f"x.{TENANT} AND x.type = l.type AND x.id >= l.parameter AND x.id <= l.parameter"
                block = (
                    f"SELECT x.row FROM resource AS x WHERE {where} AND x.document IS NOT NULL ORDER BY x.id LIMIT 1"
                )
                return f"SELECT l.type, x.row FROM {self.legs(legs, 'text')}, LATERAL ({block}) AS x"
            case Updated():
                return self._updated_rows(lookup)
            case Chained():
                return self._chained_rows(lookup)
            case Pointed():
                return self._pointed_rows(lookup)
            case Opened(kind, reader):
                where = f"x.{TENANT} AND x.reader = {self.bind(reader, 'text')} AND x.until > now()"
                return f"SELECT {self.bind(kind, 'smallint')} AS type, x.row FROM emergency AS x WHERE {where}"
            case AnyOf(lookups):
                return " UNION ALL ".join(f"({self.rows(one)})" for one in lookups)
            case AllOf((first, *others)):
                name = f"m{next(self._aliases)}"
                tests = " AND ".join(self.test(one, f"{name}.type", f"{name}.row") for one in others)
                return f"SELECT {name}.type, {name}.row FROM ({self.rows(first)} OFFSET 0) AS {name} WHERE {tests}"
        raise TypeError(f"{type(lookup).__name__} finds no rows by itself")

    def walkable(
        self, lookup: "Tokens | References | Strings | Spelled | Containing | OfTypes", *, deleted_too: bool = False
    ) -> tuple[str, str]:
        """Return the legs, and the SELECT of the rows of one leg, which an index holds in the order of w.row.

        Shape   deleted_too: resources need not be looked at to leave out the deleted ones, others conditions do.
        """
        match lookup:
            case Tokens():
                where = f"w.{TENANT} AND w.head = l.parameter AND w.tail = l.a"
                return self._token_legs(lookup), f"SELECT w.row FROM index_token AS w WHERE {where}"
            case References(legs):
                table = self.legs(legs, "bigint", "bigint")
                where = f"w.{TENANT} AND w.parameter = l.parameter AND w.target = l.a"
                return table, f"SELECT w.row FROM index_reference AS w WHERE {where}"
            case Strings() | Containing():
                where = f"w.{TENANT} AND w.parameter = l.parameter AND w.value = l.a"
                table = self._each_text(lookup) if isinstance(lookup, Strings) else self._each_containing(lookup)
                return table, f"SELECT w.row FROM index_string AS w WHERE {where}"
            case Spelled(legs):
                where = f"w.{TENANT} AND w.parameter = l.parameter AND w.value = l.a AND w.spelling = l.b"
                table = self.legs(legs, "bigint", "text", "int")
                return table, f"SELECT w.row FROM index_string AS w WHERE {where}"
            case OfTypes(legs):
                where = f"w.{TENANT} AND w.type = l.type{'' if deleted_too else ' AND w.document IS NOT NULL'}"
                return self.legs(legs), f"SELECT w.row FROM resource AS w WHERE {where}"

    def _each_text(self, lookup: Strings) -> str:
        """Return the texts there are in the ranges of a lookup as a table l(type, parameter, a), found by leaping."""
        table = self.legs(lookup.legs, "bigint", "text", "text", alias="c")
        leap = (
            f"SELECT x.value FROM index_string AS x WHERE x.{TENANT} AND x.parameter = c.parameter AND {{after}}"
            " AND x.value < c.b ORDER BY x.value LIMIT 1"
        )
        first, following = leap.format(after="x.value >= c.a"), leap.format(after="x.value > s.value")
        texts = (
            f"WITH RECURSIVE s(value) AS (({first}) UNION ALL"
            f" SELECT n.value FROM s, LATERAL ({following}) AS n) SELECT value FROM s"
        )
        found = f"SELECT c.type, c.parameter, s.value FROM {table}, LATERAL ({texts}) AS s OFFSET 0"
        return f"({found}) AS l(type, parameter, a)"

    def _token_legs(self, lookup: Tokens) -> str:
        """Return the tokens of a lookup as a table l(type, parameter, a), a code of any system once for each system."""
        if not lookup.any_system:
            return self.legs(lookup.legs, "int", "bigint")
        parts = [f"SELECT s.type, s.head, s.tail FROM {self._with_each_system(lookup)} AS s"]
        if lookup.legs:
            parts.append(f"SELECT * FROM {self.legs(lookup.legs, 'int', 'bigint', alias='e')}")
        return f"({' UNION ALL '.join(parts)} OFFSET 0) AS l(type, parameter, a)"

    def _with_each_system(self, lookup: Tokens) -> str:
        """Return the tokens that a code is with the systems of its parameter, found by leaping through the index."""
        table = self.legs(lookup.any_system, "int", "int", "bigint", alias="c")
        leap = (
            f"SELECT x.head, x.tail | {CODES} AS last FROM index_token AS x WHERE x.{TENANT} AND {{after}}"
            " AND x.head <= c.a ORDER BY x.head, x.tail LIMIT 1"
        )
        first = leap.format(after="x.head >= c.parameter")
        following = leap.format(after="(x.head, x.tail) > (s.head, s.last)")
        systems = (
            f"WITH RECURSIVE s(head, last) AS (({first}) UNION ALL"
            f" SELECT n.head, n.last FROM s, LATERAL ({following}) AS n) SELECT head, last FROM s"
        )
        return f"(SELECT c.type, s.head, (s.last & {~CODE_MASK}) | c.b AS tail FROM {table}, LATERAL ({systems}) AS s)"

    def _range_rows(self, lookup: "Strings | Spelled | Dates | Numbers") -> str:
        table, within, kinds = _TABLES[type(lookup)]
        block = f"SELECT x.row FROM {table} AS x WHERE x.{TENANT} AND x.parameter = l.parameter AND {within} OFFSET 0"
        return f"SELECT l.type, x.row FROM {self.legs(lookup.legs, 'bigint', *kinds)}, LATERAL ({block}) AS x"

    def _containing_rows(self, lookup: Containing) -> str:
        block = f"SELECT x.row FROM index_string AS x WHERE x.{TENANT} AND x.parameter = l.parameter"
        return (
            f"SELECT l.type, x.row FROM {self._containing(lookup)}, {self.legs(lookup.legs, 'bigint')},"
            f" LATERAL ({block} AND x.value = v.value OFFSET 0) AS x"
            f" UNION ALL SELECT l.type, x.row FROM {self._long_containing(lookup, 'x.row')}"
        )

    def _each_containing(self, lookup: Containing) -> str:
        """Return the texts that contain a term as a table l(type, parameter, a), those of long texts besides."""
        legs = self.legs(lookup.legs, "bigint")
        short = f"SELECT l.type, l.parameter, v.value FROM {self._containing(lookup)}, {legs}"
        long = f"SELECT l.type, l.parameter, x.value FROM {self._long_containing(lookup, 'x.value')}"
        return f"({short} UNION {long} OFFSET 0) AS l(type, parameter, a)"

    def _containing(self, lookup: Containing) -> str:
        """Return the table v(value) of the texts that contain a term, found by their grams."""
        pieces = [gram_range(rarest_piece(term)) for term in lookup.terms]
        lows, highs = (self.bind(list(ends), "bigint[]") for ends in zip(*pieces, strict=True))
        bound = self.bind(list(lookup.terms), "text[]")
        values = (
            f"SELECT y.value FROM gram AS y WHERE y.{TENANT} AND y.gram >= g.low AND y.gram <= g.high"
            " AND position(g.term in y.value) > 0 OFFSET 0"
        )
        return f"unnest({lows}, {highs}, {bound}) AS g(low, high, term), LATERAL ({values}) AS v"

    def _long_containing(self, lookup: Containing, column: str) -> str:
        """Return the table x of a column of the long texts that contain a term, beside their legs l."""
        terms = f"unnest({self.bind(list(lookup.terms), 'text[]')}) AS g(term)"
        block = (
            f"SELECT {column} FROM index_string AS x WHERE x.{TENANT} AND x.parameter = l.parameter"
            " AND position(g.term in x.value) > 0 OFFSET 0"
        )
        return f"{terms}, {self.legs(lookup.long, 'bigint')}, LATERAL ({block}) AS x"

    def _near_rows(self, lookup: Near) -> str:
        low, high = latitudes(lookup)
        leg = self.legs([lookup.leg[:2]], "bigint")
        block = (
            f"SELECT x.row FROM index_number AS x WHERE x.{TENANT} AND x.parameter = l.parameter"
            f" AND x.low >= {self.bind(low, 'float8')} AND x.low <= {self.bind(high, 'float8')} OFFSET 0"
        )
        found = f"SELECT l.type, x.row FROM {leg}, LATERAL ({block}) AS x OFFSET 0"
        return f"SELECT n.type, n.row FROM ({found}) AS n WHERE {self.test(lookup, 'n.type', 'n.row')}"

    def _updated_rows(self, lookup: Updated) -> str:
        legs = self.legs(_moments(lookup), "timestamptz", "timestamptz")
        block = (
            f"SELECT x.row FROM resource AS x WHERE x.{TENANT} AND x.type = l.type AND x.last_updated >= l.parameter"
            " AND x.last_updated < l.a AND x.document IS NOT NULL OFFSET 0"
        )
        return f"SELECT l.type, x.row FROM {legs}, LATERAL ({block}) AS x"

    def _chained_rows(self, lookup: Chained) -> str:
        inner = self.rows(lookup.inner) if not isinstance(lookup.inner, Without) else self._all_but(lookup)
        targets = resource_at("s.self", "i.type", "i.row", "s")
        block = (
            f"SELECT x.row FROM index_reference AS x WHERE x.{TENANT} AND x.parameter = l.parameter"
            " AND x.target = s.self OFFSET 0"
        )
        legs = self.legs(lookup.legs, "bigint")
        return f"SELECT l.type, x.row FROM ({inner}) AS i, LATERAL ({targets}) AS s, {legs}, LATERAL ({block}) AS x"

    def _pointed_rows(self, lookup: Pointed) -> str:
        inner = self.rows(lookup.inner) if not isinstance(lookup.inner, Without) else self._all_but(lookup)
        targets = (
            f"SELECT x.target FROM index_reference AS x WHERE x.{TENANT} AND x.row = i.row"
            f" AND x.parameter + 0 = ANY ({self.bind(list(lookup.parameters), 'bigint[]')}) OFFSET 0"
        )
        block = (
            f"SELECT r.type, r.row FROM resource AS r WHERE r.{TENANT} AND r.self = x.target"
            f" AND r.type = ANY ({self.bind(list(lookup.types), 'smallint[]')}) AND r.document IS NOT NULL LIMIT 1"
        )
        return f"SELECT r.type, r.row FROM ({inner}) AS i, LATERAL ({targets}) AS x, LATERAL ({block}) AS r"

    def _all_but(self, lookup: "Chained | Pointed") -> str:
        """Return the rows of a negation inside a chain: every resource of the types in question that passes it."""
        types = lookup.targets if isinstance(lookup, Chained) else (lookup.source,)
        every = self.rows(OfTypes(tuple((kind,) for kind in types)))
        name = f"e{next(self._aliases)}"
        tested = self.test(lookup.inner, f"{name}.type", f"{name}.row")
        return f"SELECT {name}.type, {name}.row FROM ({every} OFFSET 0) AS {name} WHERE {tested}"

    # Whether one row is among those that a lookup finds: a boolean about (type, row).

    def test(self, lookup: Lookup, kind: str, row: str) -> str:
        """Return a boolean: whether the row of this type (both SQL names) is one that the lookup finds."""
        match lookup:
            case Tokens() | References():
                return self._key_test(lookup, row)
            case Strings() | Spelled() | Dates() | Numbers():
                return self._range_test(lookup, row)
            case AnyToken(legs):
                table = self.legs(legs, "int", "int", "bigint", "bigint")
                within = "x.head >= l.parameter AND x.head <= l.a AND x.tail >= l.b AND x.tail <= l.c"
                return f"EXISTS (SELECT 1 FROM ({_of_row('index_token', row)}) AS x, {table} WHERE {within})"
            case Having(table, legs):
                parameters = self.bind([parameter for _, parameter in legs], "bigint[]")
                where = f"x.{TENANT} AND x.row = {row} AND x.parameter + 0 = ANY ({parameters})"
                return f"EXISTS (SELECT 1 FROM index_{table} AS x WHERE {where} OFFSET 0)"
            case Containing():
                return self._containing_test(lookup, row)
            case Near():
                return self._near_test(lookup, row)
            case Ids(legs):
                ids = self.bind(sorted({key for _, key in legs}), "text[]")
                return self._resource_test(kind, row, f"x.id = ANY ({ids})")
            case Updated():
                legs_table = self.legs(_moments(lookup), "timestamptz", "timestamptz")
                within = "x.last_updated >= l.parameter AND x.last_updated < l.a AND l.type = x.type"
                return self._resource_test(kind, row, f"EXISTS (SELECT 1 FROM {legs_table} WHERE {within})")
            case OfTypes(legs):
                return f"{kind} = ANY ({self.bind([number for (number,) in legs], 'smallint[]')})"
            case Chained():
                return self._chained_test(lookup, row)
            case Pointed():
                return self._pointed_test(lookup, kind, row)
            case Opened(number, reader):
                where = f"x.{TENANT} AND x.reader = {self.bind(reader, 'text')} AND x.row = {row} AND x.until > now()"
                mine = f"{kind} = {self.bind(number, 'smallint')}"
                return f"({mine} AND EXISTS (SELECT 1 FROM emergency AS x WHERE {where} OFFSET 0))"
            case AnyOf(lookups):
                return "(" + " OR ".join(self.test(one, kind, row) for one in lookups) + ")"
            case AllOf(lookups):
                return "(" + " AND ".join(self.test(one, kind, row) for one in lookups) + ")"
            case Without(inner):
                return f"NOT {self.test(inner, kind, row)}"

    def _key_test(self, lookup: "Tokens | References", row: str) -> str:
        if isinstance(lookup, References) and len(lookup.legs) > FEW:
            parameters, targets = (self.bind(sorted({leg[part] for leg in lookup.legs}), "bigint[]") for part in (1, 2))
            held = f"SELECT parameter, target FROM index_reference WHERE {TENANT} AND row = {row} OFFSET 0"
            within = f"x.target = ANY ({targets}) AND x.parameter = ANY ({parameters})"
            pairs = self.legs(lookup.legs, "bigint", "bigint")
            among = f"EXISTS (SELECT 1 FROM {pairs} WHERE x.parameter = l.parameter AND x.target = l.a)"
            return f"EXISTS (SELECT 1 FROM ({held}) AS x WHERE {within} AND {among} OFFSET 0)"
        if isinstance(lookup, References):
            legs = self.legs(lookup.legs, "bigint", "bigint")
            where = f"x.parameter = l.parameter AND x.target = l.a AND x.row = {row}"
            return f"EXISTS (SELECT 1 FROM {legs}, LATERAL ({_one('index_reference', where)}) AS o OFFSET 0)"
        if lookup.any_system:
            return self._any_system_test(lookup, row)
        if len(lookup.legs) == 1:
            _, head, tail = lookup.legs[0]
            token = f"x.head = {self.bind(head, 'int')} AND x.tail = {self.bind(tail, 'bigint')}"
            return f"EXISTS (SELECT 1 FROM index_token AS x WHERE x.{TENANT} AND {token} AND x.row = {row} OFFSET 0)"
        legs = self.legs(lookup.legs, "int", "bigint")
        if len(lookup.legs) <= FEW:
            where = f"x.head = l.parameter AND x.tail = l.a AND x.row = {row}"
            return f"EXISTS (SELECT 1 FROM {legs}, LATERAL ({_one('index_token', where)}) AS o OFFSET 0)"
        held = _of_row("index_token", row)
        return f"EXISTS (SELECT 1 FROM ({held}) AS x, {legs} WHERE x.head = l.parameter AND x.tail = l.a OFFSET 0)"

    def _any_system_test(self, lookup: Tokens, row: str) -> str:
        held = _of_row("index_token", row)
        codes = self.legs(lookup.any_system, "int", "int", "bigint")
        within = f"x.head >= l.parameter AND x.head <= l.a AND x.tail & {CODES} = l.b"
        tests = [f"EXISTS (SELECT 1 FROM ({held}) AS x, {codes} WHERE {within} OFFSET 0)"]
        if lookup.legs:
            tests.append(self._key_test(replace(lookup, any_system=()), row))
        return f"({' OR '.join(tests)})"

    def _range_test(self, lookup: "Strings | Spelled | Dates | Numbers", row: str) -> str:
        table, within, kinds = _TABLES[type(lookup)]
        legs = self.legs(lookup.legs, "bigint", *kinds)
        return (
            f"EXISTS (SELECT 1 FROM ({_of_row(table, row)}) AS x, {legs} WHERE x.parameter = l.parameter AND {within})"
        )

    def _containing_test(self, lookup: Containing, row: str) -> str:
        parameters = self.bind([parameter for _, parameter in lookup.legs], "bigint[]")
        terms = f"unnest({self.bind(list(lookup.terms), 'text[]')}) AS g(term)"
        where = f"x.parameter = ANY ({parameters}) AND position(g.term in x.value) > 0"
        return f"EXISTS (SELECT 1 FROM ({_of_row('index_string', row)}) AS x, {terms} WHERE {where} OFFSET 0)"

    def _near_test(self, lookup: Near, row: str) -> str:
        numbers = _of_row("index_number", row)
        latitude, longitude = (self.bind(hashed, "bigint") for hashed in lookup.leg[1:])
        distance = _metres_between(
            self.bind(lookup.latitude, "float8"), self.bind(lookup.longitude, "float8"), "p.low", "q.low"
        )
        return (
            f"EXISTS (SELECT 1 FROM ({numbers}) AS p, ({numbers}) AS q WHERE p.parameter = {latitude}"
            f" AND q.parameter = {longitude} AND {distance} <= {self.bind(lookup.metres, 'float8')} OFFSET 0)"
        )

    def _resource_test(self, kind: str, row: str, condition: str) -> str:
        found = resource_at("x.type, x.id, x.last_updated", kind, row, "x")
        return f"EXISTS (SELECT 1 FROM ({found}) AS x WHERE {condition} OFFSET 0)"

    def _chained_test(self, lookup: Chained, row: str) -> str:
        parameters = self.bind([parameter for _, parameter in lookup.legs], "bigint[]")
        name = f"c{next(self._aliases)}"
        pointing = (
            f"SELECT x.target FROM index_reference AS x WHERE x.{TENANT} AND x.row = {row}"
            f" AND x.parameter + 0 = ANY ({parameters}) OFFSET 0"
        )
        target = (
            f"SELECT r.type, r.row FROM resource AS r WHERE r.{TENANT} AND r.self = p.target"
            f" AND r.type = ANY ({self.bind(list(lookup.targets), 'smallint[]')}) AND r.document IS NOT NULL LIMIT 1"
        )
        tested = self.test(lookup.inner, f"{name}.type", f"{name}.row")
        return f"EXISTS (SELECT 1 FROM ({pointing}) AS p, LATERAL ({target}) AS {name} WHERE {tested} OFFSET 0)"

    def _pointed_test(self, lookup: Pointed, kind: str, row: str) -> str:
        name = f"h{next(self._aliases)}"
        target = resource_at("s.self", kind, row, "s")
        parameters = f"unnest({self.bind(list(lookup.parameters), 'bigint[]')}) AS l(parameter)"
        pointing = (
            f"SELECT {self.bind(lookup.source, 'smallint')} AS type, x.row FROM index_reference AS x"
            f" WHERE x.{TENANT} AND x.parameter = l.parameter AND x.target = s.self OFFSET 0"
        )
        tested = self.test(lookup.inner, f"{name}.type", f"{name}.row")
        sources = f"({target}) AS s, {parameters}, LATERAL ({pointing}) AS {name}"
        return f"EXISTS (SELECT 1 FROM {sources} WHERE {tested} OFFSET 0)"


def _one(table: str, where: str) -> str:
    return f"SELECT 1 FROM {table} AS x WHERE x.{TENANT} AND {where} LIMIT 1"


def _of_row(table: str, row: str) -> str:
    """Return the index rows of one resource, read along the index by row and no other way."""
    return f"SELECT {_COLUMNS[table]} FROM {table} WHERE {TENANT} AND row = {row} OFFSET 0"


def _moments(lookup: Updated) -> list[tuple[Any, ...]]:
    return [(number, moment(low), moment(high)) for number, low, high in lookup.legs]


def latitudes(lookup: Near) -> tuple[float, float]:
    """Return the southernmost and the northernmost latitude within the distance."""
    degrees = lookup.metres / EARTH_METRES * 57.29577951308232
    return lookup.latitude - degrees, lookup.latitude + degrees


def _metres_between(latitude: str, longitude: str, other_latitude: str, other_longitude: str) -> str:
    """Return the great-circle distance as SQL (haversine, which also holds over the 180th meridian)."""
    half = f"power(sind(({other_latitude} - {latitude}) / 2), 2)"
    across = f"cosd({latitude}) * cosd({other_latitude}) * power(sind(({other_longitude} - {longitude}) / 2), 2)"
    return f"2 * {EARTH_METRES} * asin(least(1, sqrt({half} + {across})))"


_COMMON = " eaisnrtoludcmpvqfbghjxyzkw"
"""Letters of French, the most frequent first."""


def rarest_piece(term: str) -> str:
    """Return the three characters of a term that the fewest values hold, as far as the language tells."""
    pieces = [term[start : start + 3] for start in range(max(1, len(term) - 2))]
    return max(pieces, key=lambda piece: sum(_COMMON.find(letter) % len(_COMMON) for letter in piece))
