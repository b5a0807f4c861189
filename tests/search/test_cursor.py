"""Page links."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from usager_server.errors import Invalid
from usager_server.search.cursor import LIFE_SECONDS, Cursors

CURSORS = Cursors(b"secret of this installation")


def test_a_link_gives_back_what_was_sealed() -> None:
    assert CURSORS.open(CURSORS.seal(["n", 12, "été", 1.5], "q"), "q") == ["n", 12, "été", 1.5]


def test_another_replica_with_the_same_secret_opens_it() -> None:
    assert Cursors(b"secret of this installation").open(CURSORS.seal([1], "q"), "q") == [1]


def test_a_link_for_another_query_or_caller_is_refused() -> None:
    with pytest.raises(Invalid):
        CURSORS.open(CURSORS.seal([1], "query of A"), "query of B")


def test_a_changed_link_is_refused() -> None:
    text = CURSORS.seal([1], "q")
    raw = bytearray(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[-2] ^= 1
    with pytest.raises(Invalid):
        CURSORS.open(urlsafe_b64encode(raw).decode(), "q")


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "=" * 9, "a" * 5000])
def test_what_was_never_a_link_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        CURSORS.open(text, "q")
    assert refusal.value.issues[0].expression == "_cursor"


def test_an_old_link_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CURSORS.seal([1], "q")
    monkeypatch.setattr("usager_server.search.cursor.time.time", lambda: 2_000_000_000 + LIFE_SECONDS)
    with pytest.raises(Invalid, match="too old"):
        CURSORS.open(text, "q")
