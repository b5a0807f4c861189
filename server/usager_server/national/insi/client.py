"""Calls INSi: an envelope out, an answer in, each call counted by the breaker and told to whoever keeps traces."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.national.insi import lot_verification, unit_verification
from usager_server.national.insi.answers import reply_of
from usager_server.national.insi.asking import SEARCH_BY_CARD, SEARCH_BY_TRAITS, body_by_card, body_by_traits
from usager_server.national.insi.breaker import Breaker
from usager_server.national.insi.channels import Channel, NotSent
from usager_server.national.insi.envelope import Software, envelope
from usager_server.national.insi.faults import InsiRefused, fault_in
from usager_server.national.insi.messages import (
    NO_ANSWER,
    REFUSED,
    Call,
    CardHolder,
    Claimed,
    Deposit,
    Lot,
    Reply,
    Sought,
)
from usager_server.national.insi.names import SOAP, tag
from usager_server.national.insi.xml import child, tree_of

Answer = TypeVar("Answer")


class InsiClient:
    """INSi, as one caller of it.

    Shape   calls: those made so far, in their order. A message id may be given: that of a call written down before.
    Errors  ServiceDown: no answer, or none is waited for just now; InsiRefused: a SOAP fault; ServiceRefused: an answer
            that cannot be read; SignInNeeded: the professional must sign in again.
    """

    def __init__(
        self,
        channel: Channel,
        software: Software,
        breaker: Breaker,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channel, self._software, self._breaker, self._now = channel, software, breaker, now
        self.calls: list[Call] = []

    async def search(self, sought: Sought, message_id: str | None = None) -> Reply:
        """Search by traits (WS_INS2)."""
        return await self._called(SEARCH_BY_TRAITS, body_by_traits(sought), reply_of, message_id)

    async def search_by_card(self, holder: CardHolder, message_id: str | None = None) -> Reply:
        """Search by what a carte Vitale says (WS_INS1)."""
        return await self._called(SEARCH_BY_CARD, body_by_card(holder), reply_of, message_id)

    async def verify(self, claimed: Claimed, message_id: str | None = None) -> Reply:
        """Verify a matricule and traits (WS_INS3)."""
        body = unit_verification.body_of(claimed)
        return await self._called(unit_verification.ACTION, body, unit_verification.reply_of, message_id)

    async def deposit(self, deposit: Deposit, message_id: str | None = None) -> Reply:
        """Hand in a batch to be verified (WS_INS4); the same lot handed in twice is one."""
        body = lot_verification.deposit_body(deposit)
        return await self._called(lot_verification.DEPOSIT, body, lot_verification.receipt_of, message_id)

    async def collect(self, lot_id: str, message_id: str | None = None) -> Lot | None:
        """Return what became of a batch (WS_INS5), None when INSi has never had it."""
        body = lot_verification.collection_body(lot_id)
        return await self._called(lot_verification.COLLECT, body, lot_verification.lot_of, message_id)

    async def _called(self, action: str, body: Any, read: Callable[[Any], Answer], message_id: str | None) -> Answer:
        wait = self._breaker.wait_seconds()
        if wait:
            raise NotSent(f"INSi has not answered of late; calls pass again in {wait:.0f} s")
        message_id = message_id or str(uuid.uuid4())
        now = self._now()
        sent = envelope(
            action, body, self._software, self._channel.sender, message_id, now, self._channel.assertion(now)
        )
        try:
            found = await self._exchanged(action, sent, read)
        except ServiceDown:
            self._breaker.failed()
            self._note(action, message_id, NO_ANSWER)
            raise
        except ServiceRefused as refusal:
            self._breaker.succeeded()
            code = (refusal.desir or refusal.siram or REFUSED) if isinstance(refusal, InsiRefused) else REFUSED
            self._note(action, message_id, code)
            raise
        self._breaker.succeeded()
        self._note(action, message_id, str(getattr(found, "code", lot_verification.UNKNOWN)))
        return found

    async def _exchanged(self, action: str, sent: bytes, read: Callable[[Any], Answer]) -> Answer:
        answer = await self._channel.post(action, sent)
        if answer.status not in (200, 500):  # 500 is how SOAP sends a fault
            raise _unusable(answer.status)
        body = _body(answer.content, answer.status)
        if (fault := fault_in(body)) is not None:
            raise fault
        if answer.status == 500:
            raise ServiceDown("the answer is 500, without a SOAP fault")
        if len(body) != 1:
            raise ServiceRefused("the body of the answer does not hold one element")
        return read(body[0])

    def _note(self, action: str, message_id: str, code: str) -> None:
        self.calls.append(Call(action.rpartition(":")[2], message_id, code, self._channel.mode))


def _body(content: bytes, status: int) -> Any:
    try:
        root = tree_of(content)
    except ServiceRefused as error:
        if status == 500:  # a gateway's page, not INSi's word
            raise ServiceDown("the answer is 500, without a SOAP fault") from error
        raise
    if root.tag != tag(SOAP, "Envelope"):
        raise ServiceRefused("the answer is not a SOAP 1.2 envelope")
    return child(root, SOAP, "Body")


def _unusable(status: int) -> Exception:
    if status == 429 or status > 500:
        return NotSent(f"the answer is {status}")  # it, or a gateway before it, did nothing
    return ServiceRefused(f"the answer is {status}")
