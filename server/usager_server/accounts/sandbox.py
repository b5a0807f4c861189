"""The stand-in of a mail server: takes what is sent to people, by a gateway to telephones too, and shows it."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from usager_server.sandbox.stand_in import Answer, Received, StandIn

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

stand_in = StandIn(
    name="mail",
    title="Serveur de messagerie ordinaire",
    service="usager_server.accounts.sandbox:Mail",
    values={"mail_from": "usager@exemple.invalid", "telephone_address": "{number}@sms.exemple.invalid"},
)
HOST = "127.0.0.1"
SIZE_LIMIT_BYTES = 1024 * 1024


class Mail:
    """Keeps every message. Shape: asked for {"to": address}, it returns the messages to it, oldest first."""

    def __init__(self) -> None:
        self._messages: list[dict[str, str]] = []
        self._server: asyncio.Server | None = None

    async def start(self, url: str, client_subject: str) -> None:
        """Listen for SMTP on a free port."""
        from aiosmtpd.smtp import SMTP  # by the process of the stand-in alone

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", data_size_limit=SIZE_LIMIT_BYTES), HOST, 0
        )

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    def settings(self) -> Mapping[str, str]:
        """Return where the SMTP server is."""
        assert self._server is not None  # noqa: S101 - asked once started
        return {"smtp_url": f"smtp://{HOST}:{self._server.sockets[0].getsockname()[1]}"}

    def reset(self) -> None:
        """Forget the messages."""
        self._messages.clear()

    def seed(self, data: Any) -> None:
        """Refuse: there is nothing to answer with."""
        raise ValueError("a mail server has no data to answer with")

    def ask(self, wanted: Any) -> Mapping[str, Any]:
        """Return the messages to an address."""
        if not isinstance(wanted, Mapping) or not isinstance(wanted.get("to"), str):
            raise ValueError('what is asked is {"to": an address}')
        return {"messages": [it for it in self._messages if it["to"] == wanted["to"]]}

    async def answer(self, request: Received) -> Answer:
        """Answer nothing: it speaks SMTP."""
        return Answer(404)

    async def handle_DATA(self, _server: "SMTP", _session: "Session", envelope: "Envelope") -> str:  # noqa: N802 - its name
        """Take one message, as aiosmtpd hands it over."""
        from email import message_from_bytes, policy

        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        for to in envelope.rcpt_tos:
            self._messages.append({"to": to, "subject": str(message["Subject"]), "text": text})
        return "250 OK"
