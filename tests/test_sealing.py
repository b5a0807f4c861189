"""Values sealed for the database: opened by the right key, for the right use, or not at all."""

import pytest

from usager_server.sealing import Sealer, SealError, own_key_file, read_keys

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def test_what_was_sealed_opens_and_does_not_show():
    sealed = Sealer([OLD]).seal("psc 1", b"a secret")
    assert b"a secret" not in sealed
    assert Sealer([OLD]).open("psc 1", sealed) == b"a secret"


def test_the_same_value_is_never_sealed_twice_alike():
    assert Sealer([OLD]).seal("x", b"a") != Sealer([OLD]).seal("x", b"a")


def test_a_new_key_seals_and_the_old_one_still_opens():
    before = Sealer([OLD]).seal("x", b"a")
    both = Sealer([NEW, OLD])
    assert both.open("x", before) == b"a"
    with pytest.raises(SealError, match="not in USAGER_SEALING_KEY_FILE"):
        Sealer([OLD]).open("x", both.seal("x", b"a"))


def test_another_use_or_an_altered_value_opens_nothing():
    sealed = Sealer([OLD]).seal("psc 1", b"a")
    for purpose, value in (("psc 2", sealed), ("psc 1", sealed[:-1] + bytes([sealed[-1] ^ 1])), ("psc 1", sealed[:10])):
        with pytest.raises(SealError):
            Sealer([OLD]).open(purpose, value)


@pytest.mark.parametrize("content", ["", "# only this\n", "abcd\n", "g" * 64, "é" * 64])
def test_a_file_without_a_good_key_is_refused_and_not_shown(tmp_path, content):
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(content, encoding="utf-8")
    with pytest.raises(SealError) as refused:
        read_keys(tmp_path / "key")
    assert "g" * 64 not in str(refused.value)


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_file_that_everyone_may_read_or_write_is_refused(tmp_path, mode):
    (tmp_path / "key").write_text(f"{OLD.hex()}\n", encoding="ascii")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(SealError, match="chmod 600"):
        read_keys(tmp_path / "key")


def test_an_installation_makes_its_key_once_for_its_user_alone(tmp_path):
    path = own_key_file(tmp_path)
    assert own_key_file(tmp_path) == path
    assert read_keys(path) == read_keys(own_key_file(tmp_path))
    assert path.stat().st_mode & 0o077 == 0
    assert [it.name for it in path.parent.iterdir()] == ["sealing.key"]
