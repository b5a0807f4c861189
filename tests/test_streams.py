"""Streams from outside: whole, or refused at the first byte too many."""

import pytest

from usager_server.streams import whole


class Endless:
    """Pieces without end, which are counted."""

    def __init__(self) -> None:
        self.sent = 0

    async def pieces(self):
        """Send pieces of ten bytes."""
        while True:
            self.sent += 1
            yield b"0123456789"


async def two_pieces():
    yield b"0123456789"
    yield b"0123456789"


async def test_a_stream_of_the_size_that_is_allowed_is_whole():
    assert await whole(two_pieces(), 20, ValueError("too long")) == b"0123456789" * 2


async def test_no_more_is_read_than_what_shows_that_it_is_too_long():
    endless = Endless()
    with pytest.raises(ValueError, match="too long"):
        await whole(endless.pieces(), 19, ValueError("too long"))
    assert endless.sent == 2
