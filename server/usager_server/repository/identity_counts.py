"""How many identities there are of each kind, and what INSi was asked: counted along the indexes, no document read.

Every statement answers with numbers: as many rows as there are kinds, not persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.repository.limits import REPORT_SECONDS
from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.search_clauses import TENANT, Clauses, resource_at
from usager_server.repository.search_pages import Statement
from usager_server.search.dates import DAY
from usager_server.search.lookups import Lookup

LONGER = "SELECT set_config('statement_timeout', $2, true) FROM (SELECT $1::text) AS tenant"

Mark = tuple[int, int, int]
"""A token, head and tail, and the bit that says it is there."""


@dataclass(frozen=True, slots=True)
class Persons:
    """Whose identities are counted.

    Shape   stays finds the EpisodeOfCare that make a person present if they touch the period, or have none and are
            under_way; others, Patients without any. left_out: those who do not count; within: who may be counted, None
            for all. patient: the number of the type; pointing and dates: the parameters by which an EpisodeOfCare
            names the person, and its period; since: that of the status of a Patient, which marks tells.
    """

    patient: int
    stays: Lookup
    under_way: Lookup
    others: Lookup
    left_out: Sequence[Lookup]
    within: Lookup | None
    pointing: Sequence[int]
    dates: Sequence[int]
    since: int
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Window:
    """A period: start and end in microseconds since 1970 UTC; rows: numbers of traces from, before.

    Shape   active_rows: of the traces of a dossier that is active; qualified: the bit of that status.
    """

    start: int
    end: int
    rows: tuple[int, int]
    active_rows: tuple[int, int]
    qualified: int


async def count_identities(runner: Runner, persons: Persons, window: Window) -> Sequence[Any]:
    """Return the numbers of persons, by what is known of them.

    Shape   marks (bits), is_later: the status was reached after the period; delay: days from admission to a
            qualification within it, else None; watch: where the verification stands, None when there is none, and
            is_due; is_active; number.
    Time    a few probes of indexes a person: see docs/operations/evaluate-measure.md.
    """
    return await _counted(runner, _identities(persons, window))


async def count_calls(
    runner: Runner, persons: Persons, window: Window, organization: str | None, theirs: Lookup | None
) -> Sequence[Any]:
    """Return the numbers of calls of INSi in a period: operation, code, number.

    Shape   of an organization: those that somebody made for it, and those about a person whom theirs finds that were
            made for none (the worker's).
    """
    return await _counted(runner, _calls(persons, window, organization, theirs))


async def count_tasks(
    runner: Runner, persons: Persons, window: Window, tasks: Lookup, outcomes: Sequence[Mark]
) -> Sequence[Any]:
    """Return the numbers of persons whom open Tasks are about, by outcome: outcome (its bit), number."""
    return await _counted(runner, _tasks(persons, window, tasks, outcomes))


async def _counted(runner: Runner, statement: Statement) -> Sequence[Any]:
    """Return the rows of a statement that may take longer than those of an interaction. Errors: TooCostly (403)."""
    text, arguments = statement
    async with runner.transaction() as inside:
        await inside.rows(LONGER, f"{REPORT_SECONDS}s")
        return await inside.rows(text, *arguments)


def _identities(persons: Persons, window: Window) -> Statement:
    clauses = Clauses()
    start, end = clauses.bind(window.start, "bigint"), clauses.bind(window.end, "bigint")
    watch = (
        f"SELECT w.state, w.due <= now() AS is_due FROM insi_watch AS w WHERE w.{TENANT} AND w.patient = n.id LIMIT 1"
    )
    first, before = (clauses.bind(row, "bigint") for row in window.active_rows)
    written = (
        f"SELECT 1 FROM trace AS c WHERE c.{TENANT} AND c.patient = n.id AND c.patient <> '' AND c.row >= {first}"
        f" AND c.row < {before} AND c.kind = ANY ('{{create,update,patch}}') AND c.outcome = 0"
        " ORDER BY c.row DESC LIMIT 1"
    )
    qualified = clauses.bind(window.qualified, "int")
    delay = (
        f"CASE WHEN n.marks & {qualified} <> 0 AND n.since >= {start} AND n.since < {end} AND n.admitted IS NOT NULL"
        f" THEN greatest(0, (n.since - n.admitted) / {DAY})::int END"
    )
    text = (
        f"WITH {_present(clauses, persons, window)}, known AS MATERIALIZED ({_known(clauses, persons)})"
        f" SELECT n.marks, coalesce(n.since >= {end}, false) AS is_later, {delay} AS delay, w.state AS watch,"
        " coalesce(w.is_due, false) AS is_due, a.is_active, count(*) AS number"
        f" FROM known AS n, LATERAL (SELECT EXISTS ({written}) AS is_active) AS a LEFT JOIN LATERAL ({watch}) AS w"
        " ON true GROUP BY 1, 2, 3, 4, 5, 6"
    )
    return under_tenant(text), clauses.arguments


def _present(clauses: Clauses, persons: Persons, window: Window) -> str:
    """Return the tables of those who are there: person(row, id, admitted), each once."""
    patient = clauses.bind(persons.patient, "smallint")
    start, end = clauses.bind(window.start, "bigint"), clauses.bind(window.end, "bigint")
    pointing = clauses.bind(list(persons.pointing), "bigint[]")
    dates = clauses.bind(list(persons.dates), "bigint[]")
    stay = (
        f"SELECT f.target AS self, min(b.low) AS admitted FROM ({clauses.rows(persons.stays)} OFFSET 0) AS e,"
        f" LATERAL (SELECT x.target FROM index_reference AS x WHERE x.{TENANT} AND x.row = e.row"
        f" AND x.parameter + 0 = ANY ({pointing}) OFFSET 0) AS f LEFT JOIN LATERAL (SELECT x.low, x.high"
        f" FROM index_date AS x WHERE x.{TENANT} AND x.row = e.row AND x.parameter + 0 = ANY ({dates}) OFFSET 0) AS b"
        " ON true"
        f" WHERE (b.low < {end} AND b.high > {start})"
        f" OR (b.low IS NULL AND {clauses.test(persons.under_way, 'e.type', 'e.row')}) GROUP BY f.target"
    )
    staying = (
        f"SELECT r.type, r.row, r.id FROM resource AS r WHERE r.{TENANT} AND r.self = y.self AND r.type = {patient}"
        " AND r.document IS NOT NULL LIMIT 1"
    )
    managed = resource_at("r.type, r.row, r.id", patient, "y.row")
    others = f"SELECT DISTINCT z.row FROM ({clauses.rows(persons.others)} OFFSET 0) AS z"
    reach = ["true" if persons.within is None else clauses.test(persons.within, "m.type", "m.row") for _ in range(2)]
    return (
        f"stay AS MATERIALIZED ({stay}), person AS MATERIALIZED ("
        f"SELECT m.row, m.id, y.admitted FROM stay AS y, LATERAL ({staying}) AS m WHERE {reach[0]}"
        f" UNION ALL SELECT m.row, m.id, NULL FROM ({others}) AS y, LATERAL ({managed}) AS m WHERE {reach[1]})"
    )


def _known(clauses: Clauses, persons: Persons) -> str:
    """Return the SELECT of those who count, with what is known of them: row, id, admitted, marks, since.

    Time    the tokens of all the tenant are walked and gathered by row: for 100,000 persons a hundredth of what it
            costs to look for those of each.
    """
    token = f"SELECT x.row FROM index_token AS x WHERE x.{TENANT} AND x.head = v.head AND x.tail = v.tail OFFSET 0"
    since = clauses.bind(persons.since, "bigint")
    nothing = "NULL::text AS id, NULL::bigint AS admitted"
    parts = [
        "SELECT i.row, i.id, i.admitted, 0 AS marks, NULL::bigint AS since, true AS is_present, false AS is_out"
        " FROM person AS i",
        f"SELECT u.row, {nothing}, v.bit, NULL, false, false FROM {_table(clauses, persons.marks)},"
        f" LATERAL ({token}) AS u",
        f"SELECT x.row, {nothing}, 0, x.low, false, false FROM index_date AS x"
        f" WHERE x.{TENANT} AND x.parameter = {since}",
    ]
    parts += [
        f"SELECT z.row, {nothing}, 0, NULL, false, true FROM ({clauses.rows(each)} OFFSET 0) AS z"
        for each in persons.left_out
    ]
    return (
        "SELECT k.row, max(k.id) AS id, min(k.admitted) AS admitted, bit_or(k.marks) AS marks, max(k.since) AS since"
        f" FROM ({' UNION ALL '.join(parts)}) AS k GROUP BY k.row"
        " HAVING bool_or(k.is_present) AND NOT bool_or(k.is_out)"
    )


def _calls(persons: Persons, window: Window, organization: str | None, theirs: Lookup | None) -> Statement:
    clauses = Clauses()
    first, before = (clauses.bind(row, "bigint") for row in window.rows)
    of_structure, held = "", ""
    if organization is not None and theirs is not None:
        # A quote inside a text of the body would be escaped: this is the member, and spares parsing the other bodies.
        named = clauses.bind(f'"organization":"{organization}"', "text")
        person = resource_at("r.id", clauses.bind(persons.patient, "smallint"), "e.row")
        of_structure = (
            f"WITH theirs AS MATERIALIZED (SELECT m.id FROM ({clauses.rows(theirs)} OFFSET 0) AS e,"
            f" LATERAL ({person}) AS m) "
        )
        about = "strpos(c.body, '\"organization\":') = 0 AND c.patient IN (SELECT h.id FROM theirs AS h)"
        held = f" AND (strpos(c.body, {named}) > 0 OR ({about}))"
    traced = (
        f"SELECT c.body::jsonb AS body FROM trace AS c WHERE c.{TENANT} AND c.kind = 'national-exchange'"
        f" AND c.row >= {first} AND c.row < {before}{held} OFFSET 0"
    )
    text = (
        f"{of_structure}SELECT c.body #>> '{{detail,operation}}' AS operation, c.body #>> '{{detail,code}}' AS code,"
        f" count(*) AS number FROM ({traced}) AS c WHERE c.body #>> '{{detail,service}}' = 'INSi' GROUP BY 1, 2"
    )
    return under_tenant(text), clauses.arguments


def _tasks(persons: Persons, window: Window, tasks: Lookup, outcomes: Sequence[Mark]) -> Statement:
    clauses = Clauses()
    patient = clauses.bind(persons.patient, "smallint")
    about = (
        f"SELECT r.row FROM index_reference AS x, LATERAL (SELECT r.row FROM resource AS r WHERE r.{TENANT}"
        f" AND r.self = x.target AND r.type = {patient} LIMIT 1) AS r WHERE x.{TENANT} AND x.row = e.row LIMIT 1"
    )
    token = (
        f"SELECT 1 FROM index_token AS x WHERE x.{TENANT} AND x.head = v.head AND x.tail = v.tail AND x.row = e.row"
        " LIMIT 1"
    )
    text = (
        f"WITH {_present(clauses, persons, window)}, task AS MATERIALIZED (SELECT DISTINCT m.row, v.bit"
        f" FROM ({clauses.rows(tasks)} OFFSET 0) AS e, LATERAL ({about}) AS m, {_table(clauses, outcomes)},"
        f" LATERAL ({token}) AS u)"
        " SELECT i.bit AS outcome, count(*) AS number FROM task AS i WHERE i.row IN (SELECT n.row FROM person AS n)"
        " GROUP BY 1"
    )
    return under_tenant(text), clauses.arguments


def _table(clauses: Clauses, marks: Sequence[Mark]) -> str:
    """Return tokens and their bits as a table v(head, tail, bit)."""
    columns = zip(("int", "bigint", "int"), zip(*marks, strict=True), strict=True)
    bound = ", ".join(clauses.bind(list(column), f"{kind}[]") for kind, column in columns)
    return f"unnest({bound}) AS v(head, tail, bit)"
