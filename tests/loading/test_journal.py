"""What was acknowledged is known again, whatever moment the load was killed at."""

from pathlib import Path

from usager_server.loading.journal import Journal

BASE = "http://127.0.0.1:8080/fhir"


def test_what_was_recorded_is_done_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal"
    with Journal(path, BASE) as journal:
        journal.record("abc", [1, 2, 3, 7])
    with Journal(path, BASE) as journal:
        assert [number for number in range(9) if journal.is_done("abc", number)] == [1, 2, 3, 7]
        assert not journal.is_done("abd", 1)


def test_another_server_has_acknowledged_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", BASE) as journal:
        journal.record("abc", [1])
    with Journal(tmp_path / "journal", "https://other.example/fhir") as journal:
        assert not journal.is_done("abc", 1)


def test_a_line_cut_short_by_a_kill_is_passed_over_and_the_next_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with Journal(path, BASE) as journal:
        journal.record("abc", [1])
    with path.open("ab") as file:
        file.write(b'{"base":"http://127.0.0.1:8080/fhir","file":"abc","ite')
    with Journal(path, BASE) as journal:
        journal.record("abc", [2])
    with Journal(path, BASE) as journal:
        assert [journal.is_done("abc", number) for number in (1, 2, 3)] == [True, True, False]
