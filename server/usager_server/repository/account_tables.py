"""The tables of who signs in, as SQLModel declares them. What a state or a kind may be: `accounts/account.py`."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, DateTime, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from usager_server.repository.declaring import column, integer, tenant_key

INSTANT = DateTime(timezone=True)
CODE = Text(collation="C")


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant", "account"], ["account.tenant", "account.id"])


class AccountRow(SQLModel, table=True):
    """Who may sign in; never deleted, since traces point at it.

    Shape   locked without locked_until: until somebody unlocks it; until: the end of an emergency account; structures:
            the Organizations in which the person works, NULL for all; psc: see `accounts/linking.py`.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("tenant", "username"),
        Index("account_rpps", "tenant", "rpps", postgresql_where=text("rpps IS NOT NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    created: datetime = column("created", INSTANT)
    until: datetime | None = column("until", INSTANT, null=True)
    delayed_until: datetime | None = column("delayed_until", INSTANT, null=True)
    locked_until: datetime | None = column("locked_until", INSTANT, null=True)
    rpps_checked: datetime | None = column("rpps_checked", INSTANT, null=True)
    tenant: int = tenant_key()
    failures: int
    locked: bool = column("locked", Boolean)
    username: str = column("username", CODE)
    kind: str = column("kind", Text)
    state: str = column("state", Text)
    psc: str = column("psc", Text)
    family: str = column("family", Text)
    given: str = column("given", Text)
    rpps: str | None = column("rpps", CODE, null=True)
    profession: str | None = column("profession", Text, null=True)
    specialty: str | None = column("specialty", Text, null=True)
    mssante: str | None = column("mssante", Text, null=True)
    practitioner: str | None = column("practitioner", Text, null=True)
    roles: list[str] = column("roles", ARRAY(Text))
    structures: list[str] | None = column("structures", ARRAY(Text), null=True)


class PasswordRow(SQLModel, table=True):
    """The hash of a password: the newest is in force, those before are its history."""

    __tablename__ = "account_password"
    __table_args__ = (_of_account(),)

    made: datetime = column("made", INSTANT, key=True)
    account: uuid.UUID = Field(primary_key=True)
    tenant: int = tenant_key()
    hash: str = column("hash", Text)


class FactorRow(SQLModel, table=True):
    """A second factor: secret is sealed; last_used: the step or the counter that must be exceeded."""

    __tablename__ = "account_factor"
    __table_args__ = (_of_account(),)

    made: datetime = column("made", INSTANT)
    last_used: int = integer("last_used")
    account: uuid.UUID = Field(primary_key=True)
    id: uuid.UUID = Field(primary_key=True)
    tenant: int = tenant_key()
    confirmed: bool = column("confirmed", Boolean)
    kind: str = column("kind", Text)
    name: str = column("name", Text)
    secret: bytes = column("secret", LargeBinary)
    credential: bytes | None = column("credential", LargeBinary, null=True)


class ContactRow(SQLModel, table=True):
    """A contact detail: value is in force and verified; pending waits for the code whose digest is here."""

    __tablename__ = "account_contact"
    __table_args__ = (_of_account(),)

    verified: datetime | None = column("verified", INSTANT, null=True)
    expires: datetime | None = column("expires", INSTANT, null=True)
    sent: list[datetime] = column("sent", ARRAY(INSTANT))
    account: uuid.UUID = Field(primary_key=True)
    tenant: int = tenant_key()
    tries: int
    kind: str = column("kind", Text, key=True)
    value: str | None = column("value", Text, null=True)
    pending: str | None = column("pending", Text, null=True)
    code: bytes | None = column("code", LargeBinary, null=True)


class LinkRow(SQLModel, table=True):
    """That an account is attached to a national identity, as an issuer proves it."""

    __tablename__ = "account_link"
    __table_args__ = (UniqueConstraint("tenant", "account", "issuer"), _of_account())

    made: datetime = column("made", INSTANT)
    account: uuid.UUID
    tenant: int = tenant_key()
    issuer: str = column("issuer", CODE, key=True)
    national_id: str = column("national_id", CODE, key=True)
    subject: str = column("subject", CODE)


class SessionRow(SQLModel, table=True):
    """A session. Shape: digest: of the bits in its cookie; provider_tokens: sealed, never an access token."""

    __tablename__ = "session"
    __table_args__ = (
        UniqueConstraint("tenant", "digest"),
        _of_account(),
        Index("session_account", "tenant", "account", postgresql_where=text("ended IS NULL")),
        Index("session_provider_sid", "tenant", "provider", "provider_sid", postgresql_where=text("ended IS NULL")),
        Index(
            "session_provider_subject",
            "tenant",
            "provider",
            "provider_subject",
            postgresql_where=text("ended IS NULL"),
        ),
    )

    created: datetime = column("created", INSTANT)
    authenticated: datetime = column("authenticated", INSTANT)
    last_seen: datetime = column("last_seen", INSTANT)
    expires: datetime = column("expires", INSTANT)
    ended: datetime | None = column("ended", INSTANT, null=True)
    sid: uuid.UUID = Field(primary_key=True)
    account: uuid.UUID
    tenant: int = tenant_key()
    idle_seconds: int
    means: str = column("means", Text)
    acr: str | None = column("acr", Text, null=True)
    ended_because: str | None = column("ended_because", Text, null=True)
    exercise: str | None = column("exercise", Text, null=True)
    address: str | None = column("address", Text, null=True)
    agent: str | None = column("agent", Text, null=True)
    digest: bytes = column("digest", LargeBinary)
    provider: str | None = column("provider", Text, null=True)
    provider_sid: str | None = column("provider_sid", Text, null=True)
    provider_subject: str | None = column("provider_subject", Text, null=True)
    provider_tokens: bytes | None = column("provider_tokens", LargeBinary, null=True)


class TicketRow(SQLModel, table=True):
    """What may be used once and not for long, by the digest of what its bearer shows; data is sealed."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ticket_expires", "tenant", "expires"),)

    expires: datetime = column("expires", INSTANT)
    account: uuid.UUID | None = None
    tenant: int = tenant_key()
    kind: str = column("kind", CODE, key=True)
    digest: bytes = column("digest", LargeBinary, key=True)
    data: bytes = column("data", LargeBinary)
