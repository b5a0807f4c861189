"""How fast a caller may go, by buckets that all processes share."""

import asyncio
import time
from dataclasses import replace

import httpx
import pytest

from tests.served import FHIR_JSON, OneTenant
from usager_server.access.grant import Grant
from usager_server.access.rate import Rate
from usager_server.caller import Caller
from usager_server.errors import Throttled
from usager_server.http.limits import HANDFUL
from usager_server.http.pace import Pace
from usager_server.http.routes import FHIRDoor
from usager_server.interactions.session import House, Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.rates import forget_full, take


def caller(tenant: int, subject: str = "nurse") -> Caller:
    """Return who calls."""
    return Caller(tenant, subject, "1", Grant.everything())


async def let_through(pace: Pace, who: Caller, times: int, interaction: str = "read") -> int:
    """Return how many of these requests are let through."""
    done = await asyncio.gather(*(pace.step(who, interaction) for _ in range(times)), return_exceptions=True)
    assert all(each is None or isinstance(each, Throttled) for each in done)
    return done.count(None)


async def test_a_bucket_is_emptied_and_fills_again(shared_store: PostgresStore, tenant: int) -> None:
    runner, rate = shared_store.runner(tenant), Rate(per_minute=600, burst=3)
    assert [await take(runner, "k", rate, 1) is None for _ in range(4)] == [True, True, True, False]
    wait = await take(runner, "k", rate, 1)
    assert wait is not None and 0 < wait <= 0.1
    await asyncio.sleep(wait + 0.02)
    assert await take(runner, "k", rate, 1) is None


async def test_what_is_refused_takes_nothing(shared_store: PostgresStore, tenant: int) -> None:
    runner, rate = shared_store.runner(tenant), Rate(per_minute=1, burst=10)
    assert await take(runner, "k", rate, 11) is not None
    assert await take(runner, "k", rate, 6) is None
    assert await take(runner, "k", rate, 5) is not None
    assert await take(runner, "k", rate, 4) is None


async def test_many_at_once_take_no_more_than_there_is(shared_store: PostgresStore, tenant: int) -> None:
    runner, rate = shared_store.runner(tenant), Rate(per_minute=1, burst=20)
    taken = await asyncio.gather(*(take(runner, "k", rate, 1) for _ in range(40)))
    assert taken.count(None) == 20


async def test_a_full_bucket_is_forgotten(shared_store: PostgresStore, tenant: int) -> None:
    runner = shared_store.runner(tenant)
    await take(runner, "quick", Rate(per_minute=60_000, burst=1), 1)
    await take(runner, "slow", Rate(per_minute=1, burst=1), 1)
    await asyncio.sleep(0.01)
    await forget_full(runner)
    async with runner.transaction() as inside:
        rows = await inside.rows("SELECT key FROM rate WHERE tenant = $1::text::int")
    assert [row["key"] for row in rows] == ["slow"]


async def test_two_processes_share_what_a_caller_may_do(shared_store: PostgresStore, tenant: int) -> None:
    one, other = (Pace(400, shared_store.take) for _ in range(2))
    began = time.monotonic()
    through = [await let_through(each, caller(tenant), 40) for each in (one, other) * 8]
    filled_since = (time.monotonic() - began) * 400 / 60 + 1
    assert 400 - 2 * HANDFUL <= sum(through) <= 400 + filled_since


async def test_who_may_ask_a_lot_is_counted_twice_a_second(shared_store: PostgresStore, tenant: int) -> None:
    taken: list[int] = []

    async def noted_take(tenant: int, key: str, rate: Rate, count: int) -> float | None:
        taken.append(count)
        return await shared_store.take(tenant, key, rate, count)

    pace = Pace(120_000, noted_take)
    assert await let_through(pace, caller(tenant), 1_500) == 1_500
    assert taken == [1_000, 1_000]


async def test_people_clients_and_tenants_have_buckets_of_their_own(shared_store: PostgresStore, tenant: int) -> None:
    pace = Pace(1, shared_store.take)
    assert await let_through(pace, caller(tenant), 2) == 1
    assert await let_through(pace, caller(tenant, "doctor"), 2) == 1


async def test_searches_and_operations_run_out_before_reads(shared_store: PostgresStore, tenant: int) -> None:
    pace = Pace(40, shared_store.take)
    assert await let_through(pace, caller(tenant), 12, "search_type") == 10
    assert await let_through(pace, caller(tenant), 6, "operation") == 4
    assert await let_through(pace, caller(tenant), 5) == 5


async def test_an_operation_in_a_bundle_counts_as_one(house: House, shared_store: PostgresStore, tenant: int) -> None:
    async def nothing(_session: Session, _request: OperationRequest) -> Reply:
        return Reply(resource={"resourceType": "Parameters"})

    operation = Operation(operation_definition("nothing", "Does nothing.", levels=["system"]), nothing)
    counted = replace(house, operations={(None, "nothing"): operation})
    entries = [
        {"request": {"method": "GET", "url": "$nothing"}},
        {"request": {"method": "POST", "url": "$nothing"}},
    ] * 3
    statuses = {}
    for kind in ("batch", "transaction"):
        who = OneTenant(tenant, replace(Grant.everything(), client=kind))
        door = FHIRDoor(counted, who, pace=Pace(40, shared_store.take))  # 4 operations and Bundles a minute
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://test.example/fhir") as client:
            bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
            answer = await client.post("/", json=bundle, headers=FHIR_JSON)
        answers = [entry["response"]["status"][:3] for entry in answer.json().get("entry", ())]
        statuses[kind] = [str(answer.status_code), *answers]
    assert statuses["batch"] == ["200", *["200"] * 3, *["429"] * 3]
    assert statuses["transaction"] == ["429"]


async def test_a_refusal_says_when_to_come_back_and_asks_the_database_once(
    shared_store: PostgresStore, tenant: int
) -> None:
    pace = Pace(1, shared_store.take)
    await pace.step(caller(tenant), "read")
    for _ in range(2):
        with pytest.raises(Throttled) as refused:
            await pace.step(caller(tenant), "read")
        assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
        assert refused.value.issues[0].code == "throttled"
        pace._take = None  # type: ignore[assignment]  # whoever asks it now fails
