"""uvicorn's protocol with heads of requests that end: what every listener of ours takes."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What may come before a body: far above what the door then allows to the address (8 KiB) and the headers (32 KiB), so
# that a refusal says which. The parser itself bounds nothing, and would keep a header of any size.
HEAD_LIMIT_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
# What a client must have taken of an answer, each time, while some of it waits: else the answer is kept for nobody.
TAKEN_SECONDS, TAKEN_BYTES = 30.0, 16 * 1024
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 37\r\n\r\nThe head of a request is over 64 KiB."
)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which reads heads of HEAD_LIMIT_BYTES and two pieces of the network more, and no longer.

    Shape   a head that names several hosts is refused: what stands in front may take the one, and we the other
            (RFC 9112 3.2).
    Time    a connection that has sent no whole head after HEAD_SECONDS is closed, be it its first or its hundredth;
            so is one that takes less than TAKEN_BYTES of an answer in TAKEN_SECONDS.
    """

    head_seconds = HEAD_SECONDS
    taken_seconds = TAKEN_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_head = self._has_just_begun = False
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Give the client some time to say what it wants."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(self.head_seconds, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        for timer in (self._patience, self._taking):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head does not end."""
        self._has_just_begun = False
        super().data_received(data)
        if self._is_in_head and not self._has_just_begun:  # what came before it in the same piece is not of this head
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()
        # Any byte ends uvicorn's own patience with who is silent between two requests: ours begins.
        if self._patience is None and (self.cycle is None or self.cycle.response_complete):
            self._patience = self.loop.call_later(self.head_seconds, self._lose_patience)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head = self._has_just_begun = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End it."""
        self._is_in_head = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise ValueError("several Host headers")  # the parser stops, and 400 is answered
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Look, from now on, whether the client takes what waits for it."""
        super().pause_writing()
        if self._taking is None:
            self._look_again()

    def resume_writing(self) -> None:
        """Look no longer: nothing much waits."""
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
        super().resume_writing()

    def _lose_patience(self) -> None:
        self._patience = None
        self.transport.close()

    def _look_again(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self.taken_seconds, self._see_what_was_taken, waiting)

    def _see_what_was_taken(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() > waited - TAKEN_BYTES:
            self._taking = None
            self.transport.abort()
        else:
            self._look_again()
