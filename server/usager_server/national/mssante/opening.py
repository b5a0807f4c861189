"""Opens the two connections of an operator's API LPS, IMAP and SMTP: STARTTLS, both certificates of the range.

They are those of the standard library, which wait: each is opened, and later used, in a thread.
"""

import asyncio
import imaplib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import TypeVar

from cryptography import x509

from usager_server.national.mssante.certificate_range import issuer_of
from usager_server.national.mssante.failures import Failure, Reason, failed, failure_of
from usager_server.national.mssante.tls import Trust, range_tls

SILENCE_SECONDS = 10.0
OPENING_SECONDS = 30.0

Opened = TypeVar("Opened", imaplib.IMAP4, smtplib.SMTP)
PROTOCOL_ERRORS = (imaplib.IMAP4.error, smtplib.SMTPException, UnicodeDecodeError)
END_OF_FILE = "socket error: EOF"  # how imaplib says that the other end has closed the connection


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class OtherEnd:
    """What an open connection met: the version and the suite of TLS, and the certificate of the operator."""

    version: str
    suite: str
    subject: str
    issuer: str
    until: str


class _Imap(imaplib.IMAP4):
    """IMAP over a connection that is there already."""

    def __init__(self, place: Place, connection: socket.socket) -> None:
        self._connection = connection
        super().__init__(place.host, place.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self._connection


class _Smtp(smtplib.SMTP):
    """SMTP over a connection that is there already."""

    def __init__(self, place: Place, connection: socket.socket) -> None:
        self._connection = connection
        name = _own_name(connection)  # a name of this machine would be asked of the DNS, and told outside
        super().__init__(place.host, place.port, local_hostname=name, timeout=SILENCE_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._connection


async def open_imap(place: Place, trust: Trust) -> imaplib.IMAP4:
    """Return a connection to read by, before anybody signs in; whoever gets it ends it.

    Time    OPENING_SECONDS at most once the address is known; SILENCE_SECONDS for each silence.
    Errors  OpeningRefused, OpeningDown: both say what was met.
    """
    return await asyncio.to_thread(_opened, place, trust, _imap)


async def open_smtp(place: Place, trust: Trust) -> smtplib.SMTP:
    """Return a connection to send by, likewise. Time, Errors: as `open_imap`."""
    return await asyncio.to_thread(_opened, place, trust, _smtp)


def other_end(connection: imaplib.IMAP4 | smtplib.SMTP) -> OtherEnd:
    """Return what an open connection met."""
    tls = connection.sock
    assert isinstance(tls, ssl.SSLSocket)  # noqa: S101 - `_opened` gives no other
    certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    suite = tls.cipher()
    return OtherEnd(
        version=tls.version() or "",
        suite=suite[0] if suite else "",
        subject=certificate.subject.rfc4514_string(),
        issuer=issuer_of(certificate),
        until=certificate.not_valid_after_utc.date().isoformat(),
    )


def _opened(place: Place, trust: Trust, spoken: Callable[[Place, socket.socket, ssl.SSLContext], Opened]) -> Opened:
    tls = range_tls(trust)  # before the connection: ours is not shown when it will not do
    try:
        connection = socket.create_connection((place.host, place.port), timeout=SILENCE_SECONDS)
    except (OSError, UnicodeError) as error:  # UnicodeError: what no name of a host can be
        raise failed(_unreached(error)) from error
    with connection, _bounded(connection):
        try:
            return spoken(place, connection, tls)
        except PROTOCOL_ERRORS as error:
            raise failed(_said(error)) from error
        except OSError as error:
            raise failed(failure_of(error)) from error


def _imap(place: Place, connection: socket.socket, tls: ssl.SSLContext) -> imaplib.IMAP4:
    client = _Imap(place, connection)
    try:
        client.starttls(tls)  # refuses when the server has none; then asks it what it can do
    except BaseException:
        with suppress(OSError):
            client.shutdown()
        raise
    return client


def _smtp(place: Place, connection: socket.socket, tls: ssl.SSLContext) -> smtplib.SMTP:
    client = _Smtp(place, connection)
    try:
        client.starttls(context=tls)  # likewise
        client.ehlo_or_helo_if_needed()
    except BaseException:
        client.close()
        raise
    return client


@contextmanager
def _bounded(connection: socket.socket) -> Iterator[None]:
    """Cut a connection that is not open in time: a server that speaks a byte now and then is never silent."""
    handle = connection.dup()  # TLS takes the socket over, and not this one
    cut = Timer(OPENING_SECONDS, _cut, [handle])
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()
        cut.join()
        handle.close()


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        handle.shutdown(socket.SHUT_RDWR)


def _unreached(error: OSError | UnicodeError) -> Failure:
    if isinstance(error, UnicodeError):
        return Failure(Reason.DNS, "this is no name of a host")
    return failure_of(error)


def _own_name(connection: socket.socket) -> str:
    """Return what we call ourselves: our address, as a literal. Source: RFC 5321 4.1.3."""
    address = str(connection.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _said(error: Exception) -> Failure:
    """Return what it means that a server did not speak as it should."""
    if isinstance(error.__context__, OSError):
        return failure_of(error.__context__)
    if isinstance(error, smtplib.SMTPServerDisconnected) or str(error).endswith(END_OF_FILE):
        return Failure(Reason.TCP, "the connection was closed without an answer")
    return Failure(Reason.PROTOCOL, f"{type(error).__name__}: {error}"[:200])
