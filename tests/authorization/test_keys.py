"""The signing keys: made once, published before they sign, dropped when nothing needs them."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from usager_server.authorization import keys as room
from usager_server.authorization.keys import KeysError, SigningKey, SigningKeys, ensure_keys, read_keys, rotate


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make keys in a tenth of the time, and look at the file each time."""
    monkeypatch.setattr(room, "KEY_BITS", 2048)
    monkeypatch.setattr(room, "LOOK_AGAIN_SECONDS", 0.0)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def aged(path: Path, minutes: int) -> None:
    """Make the keys of a file older."""
    held = json.loads(path.read_text())
    for each in held["keys"]:
        each["made"] = (datetime.fromisoformat(each["made"]) - timedelta(minutes=minutes)).isoformat()
    path.write_text(json.dumps(held))


def of_age(minutes: int) -> SigningKey:
    """Return a key; its private part does not matter here."""
    return SigningKey(NOW - timedelta(minutes=minutes), None)  # type: ignore[arg-type]


def test_the_first_key_is_made_once_and_for_its_owner_only(tmp_path: Path):
    path = tmp_path / "kept" / "keys.json"
    ensure_keys(path)
    made = path.read_bytes()
    ensure_keys(path)
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_what_is_published_holds_no_private_part(signing_keys: Path):
    (published,) = SigningKeys(signing_keys).public()["keys"]
    assert set(published) == {"kty", "n", "e", "kid", "alg", "use"}


def test_a_new_key_is_published_before_it_signs(tmp_path: Path):
    path = tmp_path / "keys.json"
    ensure_keys(path)
    keys = SigningKeys(path)
    first = keys.signing().id
    second = rotate(path).id
    assert keys.signing().id == first
    assert {key["kid"] for key in keys.public()["keys"]} == {first, second}
    aged(path, 11)
    assert keys.signing().id == second
    assert keys.checking(first) is not None


def test_a_key_is_dropped_once_nothing_of_it_is_alive():
    young, signing, old, ancient = of_age(1), of_age(60), of_age(600), of_age(6000)
    assert room.still_needed([old, young, ancient, signing], NOW) == [young, signing, old]
    later = NOW + timedelta(hours=3)
    assert room.still_needed([young, signing, old], later) == [young]


def test_the_state_of_each_key_is_told(tmp_path: Path):
    path = tmp_path / "keys.json"
    ensure_keys(path)
    aged(path, 60)
    rotate(path)
    keys = read_keys(path)
    assert [room.state(each, keys, datetime.now(UTC)) for each in keys] == ["next", "signing"]


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": [{"made": "x", "key": {}}]}', "[1]"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeysError):
        SigningKeys(path)


def test_a_file_that_everyone_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "keys.json"
    ensure_keys(path)
    path.chmod(0o644)
    with pytest.raises(KeysError, match="everyone"):
        SigningKeys(path)


def test_a_file_that_is_missing_is_refused(tmp_path: Path):
    with pytest.raises(KeysError, match="usager keys rotate"):
        SigningKeys(tmp_path / "none.json")


def test_a_file_being_replaced_leaves_the_keys_as_they_were(tmp_path: Path):
    path = tmp_path / "keys.json"
    ensure_keys(path)
    keys = SigningKeys(path)
    path.unlink()
    time.sleep(0.01)
    assert keys.signing()
