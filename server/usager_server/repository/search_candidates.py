"""Who may be the person that is looked for: those that share most keys of likeness with them, read in one statement."""

from collections.abc import Sequence

from usager_server.repository import Stored
from usager_server.repository.columns import sent
from usager_server.repository.reading import stored
from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.search_clauses import TENANT, Clauses, resource_at
from usager_server.repository.search_pages import Statement
from usager_server.search.likeness import NEARLY_DATED, TYPE, Probe
from usager_server.search.lookups import Lookup

PER_PROBE = 200
"""Records read of one key, the newest: a name that more bear tells too little by itself."""

BLOCK = (
    f"SELECT x.row FROM index_token AS x WHERE x.{TENANT} AND x.head = p.head AND x.tail = p.tail"
    f" ORDER BY x.row DESC LIMIT {PER_PROBE}"
)
COLUMNS = "r.type, r.row, r.id, r.version, r.last_updated, r.method, r.document, r.content"


async def candidates_of_each(
    runner: Runner, number: int, sought: Sequence[Sequence[Probe]], within: Lookup | None, count: int
) -> list[list[Stored]]:
    """Return up to `count` persons for each of several lists of keys, as `candidates` for one, in one statement."""
    found: list[list[Stored]] = [[] for _ in sought]
    if any(sought):
        text, arguments = each_statement(number, sought, within, count)
        for who, key, *columns in await runner.rows(text, *arguments):
            found[who].append(stored(TYPE, key, columns))
    return found


async def candidates(
    runner: Runner, number: int, sought: Sequence[Probe], within: Lookup | None, count: int
) -> list[Stored]:
    """Return up to `count` persons that these keys find within reach, those that meet most of them first.

    Shape   number: that of the type Patient.
    """
    if not sought:
        return []
    text, arguments = candidates_statement(number, sought, within, count)
    return [stored(TYPE, key, columns) for key, *columns in await runner.rows(text, *arguments)]


def candidates_statement(number: int, sought: Sequence[Probe], within: Lookup | None, count: int) -> Statement:
    """Return the statement that reads candidates: id, then what `stored` takes.

    Shape   a date that is nearly the same and one part of a name, alone, do not make a candidate.
    Order   a person is looked at, and tested against the reach, in the order of what they meet, until there are enough.
    """
    clauses = Clauses()
    table = f"{_unnested(clauses, ('int', 'bigint', 'int'), sought)} AS p(head, tail, weight)"
    ranked = (
        f"SELECT k.row, sum(p.weight) AS weight FROM {table}, LATERAL ({BLOCK}) AS k"
        f" GROUP BY k.row HAVING sum(p.weight) > {NEARLY_DATED} ORDER BY weight DESC, k.row DESC OFFSET 0"
    )
    text = (
        "SELECT m.id, m.version, m.last_updated, m.method, m.document, m.content"
        f" FROM {_reached(clauses, number, ranked, within)}"
        f" LIMIT {clauses.bind(count, 'int')}"
    )
    return under_tenant(text), clauses.arguments


def each_statement(number: int, sought: Sequence[Sequence[Probe]], within: Lookup | None, count: int) -> Statement:
    """Return the statement that reads the candidates of several: the place of whose they are, id, then as `stored`."""
    clauses = Clauses()
    probes = [(who, *probe) for who, each in enumerate(sought) for probe in each]
    table = f"{_unnested(clauses, ('int', 'int', 'bigint', 'int'), probes)} AS p(who, head, tail, weight)"
    ranked = (
        f"SELECT p.who, k.row, sum(p.weight) AS weight FROM {table}, LATERAL ({BLOCK}) AS k"
        f" GROUP BY p.who, k.row HAVING sum(p.weight) > {NEARLY_DATED} OFFSET 0"
    )
    placed = (
        "SELECT c.who, m.*, row_number() OVER (PARTITION BY c.who ORDER BY c.weight DESC, c.row DESC) AS place"
        f" FROM {_reached(clauses, number, ranked, within)}"
    )
    text = (
        f"SELECT e.who, e.id, e.version, e.last_updated, e.method, e.document, e.content FROM ({placed}) AS e"
        f" WHERE e.place <= {clauses.bind(count, 'int')} ORDER BY e.who, e.place"
    )
    return under_tenant(text), clauses.arguments


def _reached(clauses: Clauses, number: int, ranked: str, within: Lookup | None) -> str:
    """Return what stands after FROM: those ranked (c), each as it is stored (m), as far as the caller may see."""
    stored = resource_at(COLUMNS, clauses.bind(number, "smallint"), "c.row")
    test = "" if within is None else f" WHERE {clauses.test(within, 'm.type', 'm.row')}"
    return f"({ranked}) AS c, LATERAL ({stored}) AS m{test}"


def _unnested(clauses: Clauses, kinds: Sequence[str], rows: Sequence[Sequence[int]]) -> str:
    arrays = (
        clauses.bind(written, f"text::{kind}[]")
        for kind, written in zip(kinds, sent(kinds, map(list, zip(*rows, strict=True))), strict=True)
    )
    return f"unnest({', '.join(arrays)})"
