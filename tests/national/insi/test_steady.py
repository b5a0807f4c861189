"""Many identities are verified in lots, each once, and the memory stays what it was."""

import gc
import tracemalloc
from collections import Counter

import pytest

from tests.bench.bulk import copy_resources
from tests.bench.verification import people
from usager_server.jobs.verifying_identities import VerifyingIdentities
from usager_server.jobs.workplace import Workplace
from usager_server.national.insi.verifying import in_lots
from usager_server.settings import Settings

PEOPLE, LOT = 500, 50
MOST_GROWTH_BYTES, MOST_AT_ONCE_BYTES = 500_000, 10_000_000


@pytest.mark.requirement("SC.INS.13")
async def test_lots_leave_the_memory_as_it_was(
    database, connections, insi, asked, insi_settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(in_lots, "MOST_CLAIMS", LOT)
    await copy_resources(database.superuser_url, people(1, PEOPLE))
    await insi.seed({"knows_all": True, "lot_waits": 0})
    place = Workplace(Settings(**insi_settings, data_dir=tmp_path, insi_batch_from=10), connections)
    job, done = VerifyingIdentities(), 0
    while done < PEOPLE // 2:
        done += await job.verify(place)
    tracemalloc.start()
    while done < PEOPLE:
        done += await job.verify(place)
    gc.collect()
    grown, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < MOST_GROWTH_BYTES and peak < MOST_AT_ONCE_BYTES
    counts = Counter(await asked.counts("deposerLotVerification"))
    counts += Counter(await asked.counts("verifierInsAvecTraitsIdentite"))  # beside the lots, as many as may be
    assert (len(counts), set(counts.values())) == (PEOPLE, {1})
