"""Is this identity that account's? The rules of attaching accounts to national identities, pure. Source: psc.md 7.4."""

from dataclasses import dataclass
from enum import StrEnum

from usager_server.accounts.account import Account, Link, State

# An account that waits for its first proof has just been given one; one that was closed is not opened by a proof.
NEVER_CLOSED = (State.PENDING, State.ACTIVE)


class Verdict(StrEnum):
    """What comes of a sign-in by an identity provider."""

    SESSION = "session"
    ATTACH = "attach"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OTHER_IDENTITY = "other-identity"
    TAKEN = "taken"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Attachment:
    """That an account is attached to an identity at an issuer; subject is the provider's own name for it."""

    issuer: str
    national_id: str
    subject: str


def at_sign_in(
    attached: tuple[Account, Attachment] | None, subject: str, declared: tuple[Account, ...]
) -> tuple[Verdict, Account | None]:
    """Decide for somebody who arrives by the provider alone.

    Shape   attached: the account attached to the national identifier at the issuer; declared: accounts whose RPPS,
            entered by an administrator, is that of the identity. Never by name or e-mail.
    """
    if attached is not None:
        account, attachment = attached
        if account.state is not State.ACTIVE:
            return Verdict.CLOSED, account
        return (Verdict.SESSION if attachment.subject == subject else Verdict.CHANGED), account
    waiting = [account for account in declared if account.psc is Link.DECLARED]
    if len(waiting) != 1:
        return Verdict.UNKNOWN, None
    return (Verdict.ATTACH if waiting[0].state in NEVER_CLOSED else Verdict.CLOSED), waiting[0]


def at_request(account: Account, attached: Account | None, rpps: str | None) -> Verdict:
    """Decide for somebody signed in locally with two factors, who asks to attach the identity that they have proven."""
    if account.state is not State.ACTIVE:
        return Verdict.CLOSED
    if account.is_privileged:
        return Verdict.CLOSED  # who administers has no clinical identity (SC.SSI/IAM.92)
    if attached is not None:
        return Verdict.SESSION if attached.id == account.id else Verdict.TAKEN
    if account.psc is Link.LINKED or (account.rpps is not None and account.rpps != rpps):
        return Verdict.OTHER_IDENTITY
    return Verdict.ATTACH
