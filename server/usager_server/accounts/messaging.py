"""Messages to people: e-mail by SMTP; to a telephone, through an operator's gateway that takes e-mail."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from usager_server.errors import Unavailable
from usager_server.settings import Settings
from usager_server.tls_failures import why
from usager_server.wires import is_loopback

TIMEOUT_SECONDS = 10.0

log = structlog.get_logger()


class Messaging(Protocol):
    """Sends short texts to people."""

    async def send(self, kind: str, to: str, subject: str, text: str) -> None:
        """Send a text to an e-mail address or a telephone number. Errors: Unavailable (503) when it does not leave."""
        ...


class NoMessaging:
    """No server to send by is set."""

    async def send(self, kind: str, to: str, subject: str, text: str) -> None:
        """Refuse."""
        raise Unavailable("No message can be sent: USAGER_SMTP_URL is not set")


@dataclass(frozen=True, slots=True)
class SmtpMessaging:
    """Sends by one SMTP server.

    Shape   address is smtp://[name:password@]host[:port] (STARTTLS, demanded but of this machine's own server, and of
            that with a password) or smtps://…; telephone_address holds {number}, empty when no gateway takes texts for
            telephones.
    """

    address: str
    sender: str
    telephone_address: str
    tls: ssl.SSLContext

    async def send(self, kind: str, to: str, subject: str, text: str) -> None:
        """Send a text. Errors: Unavailable (503)."""
        if kind == "telephone" and not self.telephone_address:
            raise Unavailable("No text can be sent to a telephone: USAGER_TELEPHONE_ADDRESS is not set")
        recipient = self.telephone_address.replace("{number}", to.lstrip("+")) if kind == "telephone" else to
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, recipient, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        try:
            async with asyncio.timeout(2 * TIMEOUT_SECONDS):
                await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException, TimeoutError) as error:
            log.warning("a message to a person did not leave", kind=kind, reason=why("mail", error))
            raise Unavailable("The message could not be sent: try again later") from error

    def _deliver(self, message: EmailMessage) -> None:
        server = urlsplit(self.address)
        host, name = server.hostname or "localhost", server.username
        with self._connected(server.scheme, host, server.port) as connection:
            connection.ehlo()
            if server.scheme == "smtp" and (name or not is_loopback(host) or connection.has_extn("starttls")):
                connection.starttls(context=self.tls)  # refuses when the server has none: nothing goes in clear
            if name:
                connection.login(unquote(name), unquote(server.password or ""))
            connection.send_message(message)

    def _connected(self, scheme: str, host: str, port: int | None) -> smtplib.SMTP:
        if scheme == "smtps":
            return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=self.tls)
        return smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)


def messaging(settings: Settings, tls: ssl.SSLContext) -> Messaging:
    """Return what the settings say about messages."""
    if settings.smtp_url is None:
        return NoMessaging()
    return SmtpMessaging(settings.smtp_url, settings.mail_from, settings.telephone_address, tls)
