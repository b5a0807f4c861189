"""`usager load` against a server of its own."""

import gzip
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.live import LiveServer

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
LOADED, SOME_REFUSED, WRONG_USE, DOWN = 0, 1, 2, 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with LiveServer(tmp_path_factory.mktemp("load")) as running:
        yield running


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("usager")), "load", *arguments]


def load(folder: Path, base: str, *paths: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*paths, "--base-url", base), cwd=folder, capture_output=True, text=True, timeout=120)


def write_people(folder: Path, tag: str, count: int) -> Path:
    people = ({"resourceType": "Patient", "meta": {"tag": [{"code": tag}]}} for _ in range(count))
    path = folder / f"{tag}.ndjson"
    path.write_bytes(b"".join(orjson.dumps(person) + b"\n" for person in people))
    return path


def total(server: LiveServer, tag: str) -> int:
    found: int = server.get(f"Patient?_tag={tag}&_summary=count")["total"]
    return found


def test_everything_is_loaded_once_however_often_it_is_run(server: LiveServer, tmp_path: Path) -> None:
    write_people(tmp_path, "once", 250)
    first, second = (load(tmp_path, server.base, "once.ndjson") for _ in range(2))
    assert (first.returncode, second.returncode) == (LOADED, LOADED), first.stderr
    assert "250 were loaded before" in second.stderr
    assert total(server, "once") == 250


def test_a_bad_line_is_named_and_the_others_go_in(server: LiveServer, tmp_path: Path) -> None:
    path = write_people(tmp_path, "some", 5)
    path.write_bytes(path.read_bytes() + b'not json\n{"resourceType":"Patient","gender":"nope"}\n')
    run = load(tmp_path, server.base, "some.ndjson")
    refused = [orjson.loads(line) for line in (tmp_path / "usager-load-errors.ndjson").read_bytes().splitlines()]
    assert run.returncode == SOME_REFUSED
    assert sorted(line["item"] for line in refused) == [6, 7]
    assert total(server, "some") == 5


def test_a_load_that_is_killed_goes_on_and_doubles_nothing(server: LiveServer, tmp_path: Path) -> None:
    write_people(tmp_path, "killed", 3000)
    arguments = ("killed.ndjson", "--base-url", server.base, "--concurrency", "2")
    running = subprocess.Popen(command(*arguments), cwd=tmp_path, stderr=subprocess.DEVNULL)
    journal = tmp_path / "usager-load.journal"
    while running.poll() is None and not (journal.exists() and journal.stat().st_size > 300):
        time.sleep(0.01)
    running.kill()
    running.wait()
    assert load(tmp_path, server.base, "killed.ndjson").returncode == LOADED
    assert total(server, "killed") == 3000


def test_a_server_that_is_down_is_said_to_be(tmp_path: Path) -> None:
    write_people(tmp_path, "down", 1)
    run = load(tmp_path, "http://127.0.0.1:9/fhir", "down.ndjson")
    assert run.returncode == DOWN
    assert "run the same command again" in run.stderr


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    assert load(tmp_path, "http://127.0.0.1:9/fhir", "nothing.ndjson").returncode == WRONG_USE


def test_a_folder_of_everything_is_loaded(server: LiveServer, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write_people(folder, "folder", 3)
    letter = Path(__file__).parents[2] / "docs" / "examples" / "lettre-de-liaison.xml"
    (folder / "letter.xml.gz").write_bytes(gzip.compress(letter.read_bytes()))
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "meta": {"tag": [{"code": "linked"}]}}},
        {"resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:1"}}},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (folder / "bundle.json").write_bytes(orjson.dumps(bundle))
    run = load(tmp_path, server.base, "folder")
    assert run.returncode == LOADED, run.stderr
    assert total(server, "folder") == 3
    assert server.get("DocumentReference?type=83981-1&_summary=count")["total"] == 1
    found = server.get("Basic?_include=Basic:subject")["entry"]
    assert [entry["search"]["mode"] for entry in found] == ["match", "include"]


@pytest.mark.requirement("MS.VACC/NOTE.07")
def test_the_vaccines_of_a_house_are_loaded_and_found_by_disease(server: LiveServer, tmp_path: Path) -> None:
    run = load(tmp_path, server.base, str(EXAMPLES / "vaccins.json"))
    assert run.returncode == LOADED, run.stderr
    found = server.get("ValueSet/$expand?url=https://usager.example/fhir/ValueSet/vaccins&filter=grippe%20nourr")
    assert [each["code"] for each in found["expansion"]["contains"]] == ["90000002"]
