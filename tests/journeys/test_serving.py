"""`usager serve` as a process: several workers, and a clean stop."""

import json
import time
import urllib.request
from pathlib import Path

from tests.live import LiveServer


def metric(server: LiveServer, line: str) -> float:
    """Return the value of a metric."""
    with urllib.request.urlopen(f"{server.root}/metrics", timeout=10) as answer:  # noqa: S310 - our own server
        lines = answer.read().decode().splitlines()
    return sum(float(it.rpartition(" ")[2]) for it in lines if it.startswith(line))


def test_any_worker_answers_for_the_counts_of_all(tmp_path: Path) -> None:
    with LiveServer(tmp_path, workers="2") as server:
        for _ in range(40):
            server.get("metadata?_elements=software")
        counted, end = 0.0, time.monotonic() + 10
        while counted < 40 and time.monotonic() < end:
            time.sleep(0.2)  # the counts are shared twice a second
            counted = metric(server, 'usager_requests_total{interaction="capabilities"')
    assert counted == 40


def test_a_stopped_server_leaves_no_process_and_a_clean_database(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        server.get("metadata?_elements=software")
        assert server.database_pids()
    assert server.database_pids() == []
    assert not list(tmp_path.rglob("postmaster.pid"))


def test_every_line_of_the_log_is_one_object_without_names(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        server.get("Patient?name=kermarrec")
    written = server.log_path.read_text().splitlines()  # standard error too: what is said before there is a log
    lines = [json.loads(line) for line in written if line.startswith("{")]
    assert [line["interaction"] for line in lines if line["event"] == "request" and line["type"]] == ["search_type"]
    assert "kermarrec" not in server.log_path.read_text()
