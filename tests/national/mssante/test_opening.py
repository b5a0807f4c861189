"""Both connections to an operator: what is opened, what is refused, and what each refusal says."""

import asyncio
import socket
import ssl
from dataclasses import replace

import pytest

from usager_server.national.mssante.failures import OpeningDown, OpeningRefused
from usager_server.national.mssante.opening import Place, open_imap, open_smtp, other_end
from usager_server.national.mssante.tls import range_tls

BOTH = pytest.mark.parametrize(("opened", "protocol"), [(open_imap, "imap"), (open_smtp, "smtp")])
AUTHORITY = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"


def end(connection):
    """End a connection, whichever it is."""
    (connection.logout if hasattr(connection, "logout") else connection.quit)()


async def until_taken(control, count):
    """Return whether Dovecot took each certificate, once its log says so of as many."""
    async with asyncio.timeout(10):
        while len(taken := (await control.ask({"seen": True}))["taken"]) < count:  # noqa: ASYNC110 - it is in a log
            await asyncio.sleep(0.05)
    return taken


@BOTH
@pytest.mark.requirement("SC.MSS/CONF.27")
async def test_both_ends_of_the_range_open(opened, protocol, mssante, operator_of):
    operator = operator_of("range")
    connection = await opened(getattr(operator, protocol), operator.trust)
    met = other_end(connection)
    end(connection)
    assert met.version in ("TLSv1.2", "TLSv1.3")
    assert met.issuer.startswith(f"CN={AUTHORITY},")
    assert await until_taken(mssante, 1) == [True]


@BOTH
@pytest.mark.parametrize(
    ("kind", "reason", "told"),
    [
        ("other-range", "certificate-range", "n'est pas de la gamme Élémentaire Organisation"),
        ("expired", "certificate-dates", "n'est plus, valable"),
        ("forged", "certificate-authority", "ne vient pas d'une autorité de l'IGC-Santé"),
    ],
)
@pytest.mark.requirement("SC.MSS/CONF.27")
async def test_ours_is_refused_before_anybody_is_called(opened, protocol, kind, reason, told, mssante, operator_of):
    operator = operator_of(kind)
    with pytest.raises(OpeningRefused) as refused:
        await opened(getattr(operator, protocol), operator.trust)
    failure = refused.value.failure
    assert (failure.reason, failure.whose) == (reason, "ours")
    assert failure.told.startswith("Le certificat de la structure") and told in failure.told
    assert (await mssante.ask({"seen": True}))["connections"] == {"imap": 0, "smtp": 0}


@BOTH
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("other-range", "certificate-range"),
        ("expired", "certificate-dates"),
        ("forged", "certificate-authority"),
        ("other-name", "certificate-name"),
    ],
)
@pytest.mark.requirement("SC.MSS/CONF.27")
async def test_that_of_the_operator_is_refused(opened, protocol, kind, reason, mssante, operator_of):
    await mssante.seed({"shows": kind})
    operator = operator_of("range")
    with pytest.raises(OpeningRefused) as refused:
        await opened(getattr(operator, protocol), operator.trust)
    assert (refused.value.failure.reason, refused.value.failure.whose) == (reason, "operator")
    assert "opérateur MSSanté" in refused.value.failure.told


async def test_test_authorities_are_nothing_in_production(operator_of):
    operator = operator_of("range", mssante_environment="production")
    with pytest.raises(OpeningRefused, match=f"certificate-range: issued by CN={AUTHORITY}"):
        await open_imap(operator.imap, operator.trust)


def test_tls_before_1_2_is_not_spoken(operator_of):
    assert range_tls(operator_of("range").trust).minimum_version == ssl.TLSVersion.TLSv1_2


async def test_nothing_is_trusted_besides_the_authorities_of_the_range(mssante, operator_of, tmp_path, mssante_sandbox):
    operator = operator_of("range")
    trust = replace(operator.trust, authorities_file=mssante_sandbox.ca_file)
    with pytest.raises(OpeningRefused) as refused:
        await open_imap(operator.imap, trust)
    assert (refused.value.failure.reason, refused.value.failure.whose) == ("certificate-authority", "ours")


def place_of(server: socket.socket) -> Place:
    """Return where a server listens."""
    return Place("localhost", server.getsockname()[1])


@BOTH
async def test_nobody_there_and_no_such_name_are_told_apart(opened, protocol, operator_of):
    trust = operator_of("range").trust
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = place_of(closed)
    with pytest.raises(OpeningDown) as down:
        await opened(nowhere, trust)
    assert (down.value.failure.reason, "ne répond pas" in down.value.failure.told) == ("tcp", True)
    for wrong in ("::1%nowhere", "a..b"):  # neither is asked of a DNS
        with pytest.raises(OpeningDown) as unknown:
            await opened(Place(wrong, 143), trust)
        assert (unknown.value.failure.reason, "introuvable" in unknown.value.failure.told) == ("dns", True)


GREETINGS = {
    "imap": b"* OK ready\r\n",
    "smtp": b"220 ready\r\n",
}
OFFERS = {"imap": b"* CAPABILITY IMAP4REV1 STARTTLS\r\n%s OK done\r\n", "smtp": b"250-x\r\n250 STARTTLS\r\n"}
OFFERS_NONE = {"imap": b"* CAPABILITY IMAP4REV1\r\n%s OK done\r\n", "smtp": b"250 x\r\n"}
AGREES = {"imap": b"%s OK go on\r\n", "smtp": b"220 go on\r\n"}
SIGNED_IN = {"imap": b"* PREAUTH welcome\r\n", "smtp": b"554 go away\r\n"}


@BOTH
@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([GREETINGS, OFFERS_NONE], "protocol"),  # as whoever stands in between would have it
        ([SIGNED_IN, OFFERS], "protocol"),
        ([{"imap": b"HTTP/1.1 400 Bad Request\r\n", "smtp": b"HTTP/1.1 400 Bad Request\r\n"}], "protocol"),
        ([], "tcp"),
        ([GREETINGS], "tcp"),
        ([GREETINGS, OFFERS, AGREES], "tls"),
    ],
)
async def test_who_does_not_speak_as_an_operator_is_told(opened, protocol, answers, reason, operator_of):
    async def speak(reader, writer):
        for number, answer in enumerate(answers):
            tag = (await reader.readline()).split(b" ")[0] if number else b""
            text = answer[protocol]
            writer.write(text % tag if b"%s" in text else text)
            await writer.drain()
        if len(answers) > 2:
            await reader.read(100)
            writer.write(b"this is no TLS\r\n")
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        with pytest.raises((OpeningDown, OpeningRefused)) as met:
            await opened(place_of(server.sockets[0]), operator_of("range").trust)
    assert met.value.failure.reason == reason, met.value


@BOTH
@pytest.mark.parametrize("piece", [b"", b"* OK one\r\n", b"220-one\r\n"])
async def test_a_server_that_never_comes_to_the_point_is_left(opened, protocol, piece, operator_of, monkeypatch):
    monkeypatch.setattr("usager_server.national.mssante.opening.OPENING_SECONDS", 0.2)

    async def dawdle(reader, writer):
        with pytest.raises(OSError):  # whoever came has left
            while True:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)
                if reader.at_eof():
                    raise ConnectionResetError
        writer.close()

    server = await asyncio.start_server(dawdle, "127.0.0.1", 0)
    async with server:
        with pytest.raises((OpeningDown, OpeningRefused)) as met:
            await opened(place_of(server.sockets[0]), operator_of("range").trust)
    assert met.value.failure.reason in ("tcp", "protocol")
