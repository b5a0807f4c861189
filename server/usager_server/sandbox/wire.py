"""An HTTP/1.1 server that can misbehave on the wire: h11 on asyncio, since no ordinary server drops what it took."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import h11

from usager_server.sandbox.stand_in import Answer, Received

HOST = "127.0.0.1"
BODY_LIMIT_BYTES = 64 * 1024 * 1024
IDLE_SECONDS = 60.0
READ_BYTES = 65_536

# What goes back for one request: nothing closes the connection without a word, two answers are both sent.
Handler = Callable[[Received], Awaitable[Sequence[Answer]]]

BROKEN = (h11.RemoteProtocolError, OSError, TimeoutError, asyncio.IncompleteReadError)


class Wire:
    """Serves one handler on loopback, on a free port unless one is asked for."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port. Errors: OSError when it is taken."""
        self._server = await asyncio.start_server(self._converse, HOST, port, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop listening; conversations under way end with the process."""
        if self._server is not None:
            self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            while (request := await _read(connection, reader, writer)) is not None:
                answers = await self._handler(request)
                if not answers:
                    writer.transport.abort()
                    return
                await _write(connection, writer, request, answers)
                if connection.our_state is not h11.DONE:
                    return
                connection.start_next_cycle()
        except (*BROKEN, asyncio.CancelledError):
            return  # the other end left, or speaks something else, or we leave: there is nobody to tell
        finally:
            writer.close()


async def _read(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Received | None:
    """Return the next request, whole; None when the other end has left."""
    request, body = None, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            async with asyncio.timeout(IDLE_SECONDS):
                connection.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > BODY_LIMIT_BYTES:
                raise h11.RemoteProtocolError("the body is over the limit")
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return _received(request, bytes(body), _certificate(writer))
        else:
            return None


async def _write(
    connection: h11.Connection, writer: asyncio.StreamWriter, request: Received, answers: Sequence[Answer]
) -> None:
    """Send the first answer, then the same bytes again for each of the others."""
    answer = answers[0]
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    lines = [*headers.items(), *(("Set-Cookie", it) for it in answer.cookies)]
    events: list[h11.Event] = [h11.Response(status_code=answer.status, headers=lines)]
    if request.method != "HEAD":
        events.append(h11.Data(answer.body))
    sent = b"".join(connection.send(event) or b"" for event in [*events, h11.EndOfMessage()])
    writer.write(sent * len(answers))
    await writer.drain()


def _certificate(writer: asyncio.StreamWriter) -> bytes | None:
    """Return the certificate of the client, which TLS has checked, or None."""
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    return None if tls is None else tls.getpeercert(binary_form=True)


def _received(request: h11.Request, body: bytes, certificate: bytes | None) -> Received:
    path, _, query = request.target.decode("latin-1").partition("?")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    return Received(request.method.decode(), path, query, headers, body, certificate)
