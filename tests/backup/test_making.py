"""A copy that fails on the way: what failed is told, whatever else was under way."""

import asyncio
from typing import NoReturn

import pytest

from usager_server.backup import making
from usager_server.backup.errors import BackupFailed
from usager_server.repository.copying import Moment
from usager_server.settings import Settings


async def test_a_copy_that_fails_is_told_while_rows_are_still_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count_slowly(held: Moment) -> None:
        await held.connection.fetch("SELECT pg_sleep(120)")

    def fail(*_: object) -> NoReturn:
        raise BackupFailed("the disk is full")

    monkeypatch.setattr(making, "_counted", count_slowly)
    monkeypatch.setattr(making, "_dumped", fail)
    with pytest.raises(BackupFailed, match=r"^the disk is full$"):
        await asyncio.wait_for(making.back_up(settings), 60)
    assert settings.backup_folder is not None
    assert list(settings.backup_folder.glob("usager-*")) == []
