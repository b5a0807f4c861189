"""Messages to people, to a real SMTP server."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from usager_server.accounts.messaging import NoMessaging, SmtpMessaging, messaging
from usager_server.accounts.sandbox import Mail
from usager_server.errors import Unavailable
from usager_server.settings import Settings

GATEWAY = "{number}@sms.example"


@pytest.fixture
async def mail() -> AsyncIterator[Mail]:
    """A mail server that listens."""
    mail = Mail()
    await mail.start("", "")
    yield mail
    await mail.stop()


def to(mail: Mail, gateway: str = GATEWAY, login: str = "") -> SmtpMessaging:
    """Return what sends by it."""
    address = mail.settings()["smtp_url"].replace("smtp://", f"smtp://{login}")
    return SmtpMessaging(address, "usager@example.org", gateway, ssl.create_default_context())


async def test_a_message_arrives_as_it_was_written(mail):
    await to(mail).send("email", "jeanne@example.org", "Votre code de vérification", "Votre code est 012345.")
    (found,) = mail.ask({"to": "jeanne@example.org"})["messages"]
    assert (found["subject"], found["text"].strip()) == ("Votre code de vérification", "Votre code est 012345.")


async def test_a_text_for_a_telephone_goes_through_the_gateway(mail):
    await to(mail).send("telephone", "+33612345678", "Code", "012345")
    assert len(mail.ask({"to": "33612345678@sms.example"})["messages"]) == 1


async def test_without_a_gateway_a_telephone_cannot_be_reached(mail):
    with pytest.raises(Unavailable, match="USAGER_TELEPHONE_ADDRESS"):
        await to(mail, gateway="").send("telephone", "+33612345678", "Code", "012345")


async def test_a_password_is_never_sent_in_clear(mail):
    with pytest.raises(Unavailable):
        await to(mail, login="usager:hush@").send("email", "jeanne@example.org", "Code", "012345")
    assert mail.ask({"to": "jeanne@example.org"})["messages"] == []


async def test_a_message_leaves_this_machine_under_tls_only(mail):
    elsewhere = to(mail)
    address = elsewhere.address.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - leads here, and is no loopback
    assert address != elsewhere.address
    with pytest.raises(Unavailable):
        await replace(elsewhere, address=address).send("email", "jeanne@example.org", "Code", "012345")
    assert mail.ask({"to": "jeanne@example.org"})["messages"] == []


async def test_a_server_that_is_down_is_told(mail):
    down = to(mail)
    await mail.stop()
    with pytest.raises(Unavailable, match="could not be sent"):
        await down.send("email", "jeanne@example.org", "Code", "012345")


async def test_without_a_server_nothing_is_sent():
    nothing = messaging(Settings(), ssl.create_default_context())
    assert isinstance(nothing, NoMessaging)
    with pytest.raises(Unavailable, match="USAGER_SMTP_URL"):
        await nothing.send("email", "jeanne@example.org", "Code", "012345")
