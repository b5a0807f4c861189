"""E-mail addresses and telephone numbers: in force only once a code that was sent there has come back.

Source  security.md 5; RIE v2 draft PS 07; SC.SSI/IE.56 and IE.57.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from usager_server.accounts import contacts_store
from usager_server.accounts.account import Account
from usager_server.accounts.attributes import checked_contact
from usager_server.accounts.contacts_store import Contact
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.messaging import Messaging
from usager_server.accounts.sessions import Clock, Runners, utc_now
from usager_server.errors import Conflict, Invalid, Throttled, Unavailable
from usager_server.requirements import fulfils

log = structlog.get_logger()

CODE_MINUTES = 10
MOST_TRIES = 5
MOST_SENT = 3
SENT_WITHIN = timedelta(hours=1)
KINDS = ("email", "telephone")

SUBJECT = "Votre code de vérification"
CODE_TEXT = (
    "Votre code est {code}. Il vaut {minutes} minutes, une seule fois. "
    "Si vous n'avez rien demandé, ne le donnez à personne."
)
NOTICE_SUBJECT = "Vos coordonnées sont en cours de modification"
NOT_YOU = "Si ce n'est pas vous, prévenez l'administrateur de votre organisme."
NOTICE_TEXT = (
    f"Une autre coordonnée a été donnée pour votre compte. Elle remplacera celle-ci une fois vérifiée. {NOT_YOU}"
)
ACCOUNT_SUBJECT = "Votre compte a été modifié"
FACTORS_TEXT = "L'application d'authentification de votre compte a été retirée, et vos sessions sont fermées."
PASSWORD_TEXT = "Le mot de passe de votre compte a été remplacé, et vos sessions sont fermées."  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contact details of all accounts."""

    runners: Runners
    messaging: Messaging
    journal: Journal
    now: Clock = utc_now

    async def of_account(self, account: Account) -> dict[str, Contact]:
        """Return the contact details of an account, by kind."""
        return await contacts_store.of_account(self.runners(account.tenant), account.id)

    @fulfils("SC.SSI/IE.56", "SC.SSI/IE.57")
    async def change(self, account: Account, kind: str, value: Any, actor: Actor) -> None:
        """Note a new value, which waits for its code; the one in force stays, and receives a notice.

        Errors  Unprocessable (422) for what is no address or number; Throttled (429) after MOST_SENT codes in an hour;
                Conflict (409) when it is in force already; Unavailable (503) when the code cannot be sent.
        """
        wanted, code = checked_contact(kind, value), f"{secrets.randbelow(10**6):06d}"
        async with self.runners(account.tenant).transaction() as runner:
            before = await contacts_store.locked(runner, account.id, kind)
            if before.value == wanted:
                raise Conflict(f"This {kind} is verified and in force already")
            sent = self._counted(before)
            await contacts_store.put(
                runner,
                account.id,
                Contact(
                    kind,
                    before.value,
                    before.verified,
                    wanted,
                    _digest(account, kind, wanted, code),
                    self.now() + timedelta(minutes=CODE_MINUTES),
                    0,
                    sent,
                ),
            )
            details = {kind: wanted, "before": before.value or ""}
            await self.journal.record(runner, Event(What.CONTACT_PENDING, account.id, actor, details=details))
        if before.value is not None and before.pending != wanted:
            await self.messaging.send(kind, before.value, NOTICE_SUBJECT, NOTICE_TEXT)
        await self.messaging.send(kind, wanted, SUBJECT, CODE_TEXT.format(code=code, minutes=CODE_MINUTES))

    @fulfils("SC.SSI/IE.56", "SC.SSI/IE.57")
    async def verify(self, account: Account, kind: str, code: str, actor: Actor) -> None:
        """Put a value in force by the code that was sent to it.

        Errors  Invalid (400), traced: the code is wrong, too old, or was tried MOST_TRIES times.
        """
        async with self.runners(account.tenant).transaction() as runner:
            found = await contacts_store.locked(runner, account.id, kind)
            why = self._why_not(found, account, code)
            if why:
                await contacts_store.count_try(runner, account.id, kind)
                event = Event(What.CONTACT_REFUSED, account.id, actor, False, why, {kind: found.pending or ""})
            else:
                await contacts_store.confirm(runner, account.id, kind, self.now())
                details = {kind: found.pending or "", "before": found.value or ""}
                event = Event(What.CONTACT_VERIFIED, account.id, actor, details=details)
            await self.journal.record(runner, event)
        if why:
            raise Invalid("The code is wrong, or too old: ask for another one", "code", code="value")

    async def notify(self, account: Account, text: str) -> None:
        """Tell the owner of an account what was done to it, at each verified address of theirs.

        Errors  none: what was done is done; a message that does not leave is logged.
        """
        for contact in (await self.of_account(account)).values():
            if contact.value is not None:
                try:
                    await self.messaging.send(contact.kind, contact.value, ACCOUNT_SUBJECT, f"{text} {NOT_YOU}")
                except Unavailable as refusal:
                    log.warning("a notice to a person did not leave", kind=contact.kind, reason=str(refusal))

    def _why_not(self, found: Contact, account: Account, code: str) -> str:
        if found.pending is None or found.code is None or found.expires is None or found.expires <= self.now():
            return "no code is awaited, or it is too old"
        if found.tries >= MOST_TRIES:
            return "too many codes were tried"
        right = hmac.compare_digest(found.code, _digest(account, found.kind, found.pending, code))
        return "" if right else "the code is wrong"

    def _counted(self, before: Contact) -> tuple[datetime, ...]:
        recent = tuple(it for it in before.sent if it > self.now() - SENT_WITHIN)
        if len(recent) >= MOST_SENT:
            wait = int((recent[0] + SENT_WITHIN - self.now()).total_seconds()) + 1
            text = f"{MOST_SENT} codes were sent within an hour: wait before asking for another one"
            raise Throttled(text, headers={"Retry-After": str(wait)})
        return (*recent, self.now())


def _digest(account: Account, kind: str, value: str, code: str) -> bytes:
    """Return what is stored of a code: of no use for another account or value."""
    return sha256(f"{account.tenant} {account.id} {kind} {value} {code}".encode()).digest()
