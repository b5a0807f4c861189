"""What a page includes: the targets of its references, and those that refer to it, round after round."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from usager_server.errors import TooCostly
from usager_server.repository import Match, Stored
from usager_server.repository.reading import stored
from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.search_clauses import TENANT, Clauses, resource_at
from usager_server.repository.search_pages import DOCUMENT, Statement
from usager_server.search.hashing import parameter_hash, reference_hash
from usager_server.search.limits import INCLUDED_MOST, ITERATIONS_MOST
from usager_server.search.lookups import Lookup
from usager_server.search.meaning import Meaning
from usager_server.search.names import CANONICAL
from usager_server.search.query import Include

ANY_TYPE = 0

Key = tuple[int, int]
"""The number of a type, and a row."""


@dataclass(slots=True)
class Includes:
    """Resolves the includes of one page."""

    runner: Runner
    meaning: Meaning
    includes: Sequence[Include]
    names: Mapping[int, str]
    seen: set[Key] = field(default_factory=set)
    found: list[Match] = field(default_factory=list)

    async def of(self, page: Mapping[Key, Stored]) -> list[Match]:
        """Return what comes on top of the matches, each resource once, however many lead to it.

        Errors  TooCostly (403) when that is more than a page may carry.
        """
        self.seen.update(page)
        frontier, wanted = dict(page), list(self.includes)
        for _ in range(ITERATIONS_MOST):
            frontier = await self._round(frontier, wanted)
            wanted = [include for include in self.includes if include.iterate]
            if not frontier or not wanted:
                break
        return self.found

    async def _round(self, frontier: Mapping[Key, Stored], includes: Sequence[Include]) -> dict[Key, Stored]:
        statement = self._statement(frontier, includes)
        if statement is None:
            return {}
        fresh: dict[Key, Stored] = {}
        for number, row, key, *columns in await self.runner.rows(statement[0], *statement[1]):
            if (number, row) not in self.seen:
                self.seen.add((number, row))
                fresh[number, row] = stored(self.names[number], key, columns)
        self.found += [Match(one, "include") for one in fresh.values()]
        if len(self.found) > INCLUDED_MOST:
            raise TooCostly(f"The page would include more than {INCLUDED_MOST} resources: ask for fewer with _count.")
        return fresh

    def _statement(self, frontier: Mapping[Key, Stored], includes: Sequence[Include]) -> Statement | None:
        clauses = Clauses()
        types = {self.names[number] for number, _ in frontier}
        forward = [leg for include in includes if not include.reverse for leg in self._forward(include, types)]
        backward = [leg for include in includes if include.reverse for leg in self._backward(include, types)]
        parts = []
        if forward:
            parts.append(self._targets(clauses, frontier, list(dict.fromkeys(forward))))
        if backward:
            parts.append(self._sources(clauses, frontier, list(dict.fromkeys(backward))))
        if not parts:
            return None
        found = f"SELECT DISTINCT u.type, u.row FROM ({' UNION ALL '.join(parts)}) AS u"
        reach = self._reach(includes, types)
        if reach is not None:
            found = f"SELECT v.type, v.row FROM ({found} OFFSET 0) AS v WHERE {clauses.test(reach, 'v.type', 'v.row')}"
        text = (
            f"SELECT h.type, h.row, d.* FROM ({found}"
            f" LIMIT {clauses.bind(INCLUDED_MOST + len(self.seen) + 1, 'bigint')}) AS h,"
            f" LATERAL ({resource_at(DOCUMENT, 'h.type', 'h.row')}) AS d"
        )
        return under_tenant(text), clauses.arguments

    def _reach(self, includes: Sequence[Include], types: set[str]) -> Lookup | None:
        """Return which of the resources found the reader may read, None when all of them.

        Time    the fewer types there are to tell apart, the shorter the condition: those that can be met are named.
        """
        if self.meaning.limits is None:
            return None
        met = sorted({kind for include in includes for kind in self._met(include, types)})
        return self.meaning.limits(met, "r") or self.meaning.of_types(met)

    def _met(self, include: Include, types: set[str]) -> Iterable[str]:
        """Return the types of what an include may lead to."""
        if include.reverse:
            return (include.source,)
        if include.target:
            return (include.target,)
        sources = types if include.source == "*" else types & {include.source}
        followed = [one for source in sources for one in self.meaning.references(source, include.parameter)]
        if all(one.targets for one in followed):
            return {kind for one in followed for kind in one.targets}
        return self.names.values()

    def _forward(self, include: Include, types: set[str]) -> list[tuple[int, int]]:
        """Return (parameter, target type) for what this include follows from resources of these types."""
        sources = types if include.source == "*" else types & {include.source}
        target = self._number(include.target) if include.target else ANY_TYPE
        hashes = [one for source in sources for one in self.meaning.reference_parameters(source, include.parameter)]
        return [(parameter, target) for parameter in hashes]

    def _backward(self, include: Include, types: set[str]) -> list[tuple[int, int, int]]:
        """Return (type of the source, parameter, type of the target) for what refers to resources of these types."""
        if include.target is not None and include.target not in types:
            return []
        target = self._number(include.target) if include.target else ANY_TYPE
        hashes = self.meaning.reference_parameters(include.source, include.parameter)
        return [(self._number(include.source), parameter, target) for parameter in hashes]

    def _targets(self, clauses: Clauses, frontier: Mapping[Key, Stored], legs: Sequence[tuple[int, int]]) -> str:
        rows = clauses.bind([row for _, row in frontier], "bigint[]")
        bound = (clauses.bind([one for one, _ in legs], "bigint[]"), clauses.bind([k for _, k in legs], "smallint[]"))
        pointing = f"SELECT parameter, target FROM index_reference WHERE {TENANT} AND row = f.row OFFSET 0"
        target = f"SELECT r.type, r.row FROM resource AS r WHERE r.{TENANT} AND r.self = x.target LIMIT 1"
        if self._has_canonical(frontier):
            target = f"({target}) UNION ALL ({self._canonical_targets(clauses)})"
        return (
            f"SELECT y.type, y.row FROM (SELECT DISTINCT x.target, a.kind FROM unnest({rows}) AS f(row),"
            f" LATERAL ({pointing}) AS x, unnest({', '.join(bound)}) AS a(parameter, kind)"
            f" WHERE x.parameter = a.parameter) AS x, LATERAL ({target}) AS y WHERE x.kind IN ({ANY_TYPE}, y.type)"
        )

    def _canonical_targets(self, clauses: Clauses) -> str:
        """Return a SELECT of the resources whose url is x.target."""
        types = clauses.bind(list(self.names), "smallint[]")
        parameters = clauses.bind([parameter_hash(name, CANONICAL) for name in self.names.values()], "bigint[]")
        block = (
            f"SELECT c.row FROM index_reference AS c WHERE c.{TENANT} AND c.parameter = n.parameter"
            " AND c.target = x.target OFFSET 0"
        )
        return f"SELECT n.type, c.row FROM unnest({types}, {parameters}) AS n(type, parameter), LATERAL ({block}) AS c"

    def _has_canonical(self, frontier: Mapping[Key, Stored]) -> bool:
        """Tell whether some of these resources may point at others by canonical url."""
        parameters = {
            p for number, _ in frontier for p in self.meaning.registry.parameters(self.names[number]).values()
        }
        return any(p.type == "reference" and p.leaves & {"canonical", "uri"} for p in parameters)

    def _sources(self, clauses: Clauses, frontier: Mapping[Key, Stored], legs: Sequence[tuple[int, int, int]]) -> str:
        tenant = self.meaning.tenant
        selves = [(number, reference_hash(tenant, key)) for (number, _), one in frontier.items() for key in _names(one)]
        bound = (clauses.bind([n for n, _ in selves], "smallint[]"), clauses.bind([h for _, h in selves], "bigint[]"))
        columns: list[Any] = [list(column) for column in zip(*legs, strict=True)]
        asked = ", ".join(
            clauses.bind(column, kind)
            for column, kind in zip(columns, ("smallint[]", "bigint[]", "smallint[]"), strict=True)
        )
        block = (
            f"SELECT x.row FROM index_reference AS x WHERE x.{TENANT} AND x.parameter = a.parameter"
            " AND x.target = f.self OFFSET 0"
        )
        return (
            f"SELECT a.type, x.row FROM unnest({', '.join(bound)}) AS f(type, self),"
            f" unnest({asked}) AS a(type, parameter, kind), LATERAL ({block}) AS x WHERE a.kind IN ({ANY_TYPE}, f.type)"
        )

    def _number(self, name: str) -> int:
        return self.meaning.registry.definitions.type_numbers[name]


def _names(one: Stored) -> Sequence[str]:
    """Return what a resource is referred to by: its type and id, and its canonical url when it has one."""
    local = f"{one.type}/{one.id}"
    url = canonical_url(one.document or "")
    return (local, url) if url else (local,)


def canonical_url(document: str) -> str | None:
    """Return the `url` of a stored document, or None. Time: the text is parsed only when it may hold one."""
    if '"url":"' not in document:
        return None
    import orjson

    url = orjson.loads(document).get("url")
    return url if isinstance(url, str) else None
