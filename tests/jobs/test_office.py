"""Where jobs sit: one house for all of them."""

import asyncio
from pathlib import Path

import pytest

from usager_server.jobs import office
from usager_server.jobs.office import Office, Offices
from usager_server.jobs.workplace import Workplace
from usager_server.repository.connections import Connections
from usager_server.settings import Settings


async def test_jobs_that_begin_together_share_one_house(connections: Connections, tmp_path: Path) -> None:
    place, offices = Workplace(Settings(data_dir=tmp_path), connections), Offices()
    first, second = await asyncio.gather(offices.at(place), offices.at(place))
    assert first is second is await offices.at(place)


async def test_a_house_that_could_not_be_built_is_built_again(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, offices = Workplace(Settings(data_dir=tmp_path), connections), Offices()

    def failing(_place: Workplace) -> Office:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(office, "Office", failing)
        with pytest.raises(MemoryError):
            await offices.at(place)
    assert (await offices.at(place)).place is place
