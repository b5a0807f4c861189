"""The embedded cluster: kept, shared, revived, stopped."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.repository.drafting import patient
from usager_server.definitions import Definitions
from usager_server.errors import Unavailable
from usager_server.repository import Stored
from usager_server.repository.cluster_files import clear_stale_pid_file, is_listening, socket_folder
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.opening import open_store, running
from usager_server.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose cluster the tests of this file start and stop in turn: making one takes the longest."""
    return tmp_path_factory.mktemp("cluster")


async def answer(cluster: EmbeddedPostgres, question: str) -> object:
    connection = await asyncpg.connect(cluster.url())
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_starts_and_stops_and_keeps_what_it_had(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    await answer(cluster, "CREATE TABLE kept AS SELECT 7 AS n")
    cluster.stop()
    assert not is_listening(cluster.socket)
    cluster.start()
    assert await answer(cluster, "SELECT n FROM kept") == 7
    cluster.stop()


async def test_it_is_durable(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    settings = [await answer(cluster, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")]
    cluster.stop()
    assert settings == ["on", "on", "on"]


def test_the_last_user_stops_it(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
    first.start()
    second.start()
    assert first.pid() == second.pid()
    first.stop()
    assert is_listening(second.socket)
    second.stop()
    assert not is_listening(second.socket)


async def test_another_process_shares_it(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from usager_server.repository.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(Path(sys.argv[1])).start(); print('up', flush=True); sys.stdin.read()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"up\n"
    ours = EmbeddedPostgres(folder)
    ours.start()
    process.kill()  # its hold on the cluster dies with it
    await process.wait()
    assert await answer(ours, "SELECT 1") == 1
    ours.stop()
    assert not is_listening(ours.socket)


async def test_a_killed_server_starts_again_with_its_stale_files(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    await answer(cluster, "CREATE TABLE also_kept AS SELECT 7 AS n")
    pid = cluster.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while is_listening(cluster.socket):  # noqa: ASYNC110 - the end of a process is no event of ours
        await asyncio.sleep(0.01)
    cluster.start()
    assert cluster.pid() != pid
    assert await answer(cluster, "SELECT n FROM also_kept") == 7
    cluster.stop()


def test_a_pid_file_that_names_another_program_goes(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{tmp_path}\n")
    clear_stale_pid_file(tmp_path)
    assert not pid_file.exists()


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    cluster = EmbeddedPostgres(tmp_path / ("long" * 25))
    cluster.start()
    assert cluster.socket == socket_folder(cluster.cluster) != cluster.cluster
    assert cluster.socket.stat().st_mode & 0o077 == 0
    cluster.stop()
    cluster.socket.rmdir()


def test_data_of_another_version_is_refused(folder: Path) -> None:
    cluster = EmbeddedPostgres(folder)
    cluster.start()
    cluster.stop()
    (cluster.cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(Unavailable, match="PostgreSQL 12"):
        cluster.start()
    (cluster.cluster / "PG_VERSION").write_text("18\n")
    cluster.stop()


def test_the_store_opens_on_an_empty_folder_and_again(tmp_path: Path, definitions: Definitions) -> None:
    settings = Settings(data_dir=tmp_path)
    draft = patient()

    async def write_and_read() -> Stored | None:
        store = open_store(settings, definitions.type_numbers)
        await store.repository(1).update(draft)
        try:
            return await store.repository(1).read("Patient", draft.id)
        finally:
            await store.connections.close()

    for version in (1, 2):
        with running(settings):
            assert asyncio.run(write_and_read()) == draft.stored(version)
