"""What is looked up among many rows that are of no concern walks an index, on both PostgreSQL versions."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Database
from tests.repository.looking import explained, look
from usager_server.authorization.store import PostgresMemory
from usager_server.repository.connections import Connections
from usager_server.repository.ids import row_numbers
from usager_server.repository.running import Runner
from usager_server.repository.trace_reading import find_traces
from usager_server.traces.event import Origin
from usager_server.traces.origins import From
from usager_server.traces.record import TraceQuery

CLIENT = "INSERT INTO client (tenant, id, document, made) VALUES (1, '1-app', '{}', now())"
GRANTS = """
INSERT INTO authorization_grant (tenant, id, client, account, document, made, expires, code)
SELECT 1, gen_random_uuid(), '1-app', md5((n % 1000)::text)::uuid, '{"scope": "openid offline_access"}', now(),
    now() + interval '1 day', decode(md5(n::text), 'hex')
FROM generate_series(1, 3000) AS n
"""
# A document from the DMP, read once among many acts; one whose text only speaks of such a detail.
TRACES = """
INSERT INTO trace (tenant, row, outcome, kind, subject, type, id, patient, body)
SELECT 1, $1::bigint + n, 0, 'read', 'anne', 'DocumentReference', n::text, '', CASE n
    WHEN 100 THEN '{"detail":{"document-from-dmp":["DocumentReference/100"]}}'
    WHEN 200 THEN '{"detail":{"document-from-mss":["DocumentReference/200"]}}'
    WHEN 300 THEN '{"detail":{"said":"\\"document-from-dmp\\":"}}'
    ELSE '{"detail":{"said":"nothing of the kind, at some length"}}' END
FROM generate_series(1, 3000) AS n
"""


@pytest.fixture
async def runner(each_database: Database) -> AsyncIterator[Runner]:
    """The statements of tenant 1."""
    connections = Connections(each_database.url, size=1)
    yield Runner(connections, 1)
    await connections.close()


async def test_accesses_to_documents_from_elsewhere_are_found_without_reading_the_others(
    each_database: Database, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(each_database, TRACES, row_numbers.next())
    plans = explained(monkeypatch)
    found = await find_traces(runner, TraceQuery(origin=From.DMP))
    assert [it.id for it in found] == ["100"]
    assert "_elsewhere on public.trace_" in plans[0]
    assert "_pkey on public.trace_" not in plans[0] and "Seq Scan on public" not in plans[0]


async def test_what_a_person_lets_applications_do_is_found_by_the_account(
    each_database: Database, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(each_database, CLIENT)
    await look(each_database, GRANTS)
    (account,) = (await look(each_database, "SELECT account FROM authorization_grant LIMIT 1"))[0]
    memory, plans = PostgresMemory(runner), explained(monkeypatch)
    assert len(await memory.given_by(str(account))) == 1
    assert await memory.take_back(str(account), "1-app", Origin("anne")) == 3
    for plan in plans[:2]:
        assert "_grant_account on public.authorization_grant" in plan
        assert re.search(r"Index Cond: .*account = ", plan)
