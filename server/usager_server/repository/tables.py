"""The tables as SQLModel declares them; `migrations/` makes them, a test holds the two together.

Every table begins its keys with the tenant and is under forced row-level security. Hot statements are plain SQL beside
this file (`reading.py`, `writing.py`, ...); these classes say what a column means and serve the cold paths.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


def _column(name: str, kind: Any, *, key: bool = False, null: bool = False) -> Any:
    return Field(sa_column=Column(name, kind, primary_key=key, nullable=null, autoincrement=False))


def _integer(name: str, kind: Any = BigInteger, *, key: bool = False) -> Any:
    return _column(name, kind, key=key)


def _tenant() -> Any:
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False})


def _document_indexes(table: str, *, unique_row: bool) -> tuple[Index, ...]:
    shared = (
        Index(f"{table}_type_updated", "tenant", "type", "last_updated", "row", "version"),
        Index(f"{table}_updated", "tenant", "last_updated", "row", "version"),
        Index(f"{table}_content", "tenant", "content", postgresql_where=text("content IS NOT NULL")),
    )
    if not unique_row:
        return shared
    row = Index(f"{table}_row", "tenant", "type", "row", unique=True)
    deleted = Index(f"{table}_deleted", "tenant", "type", postgresql_where=text("document IS NULL"))
    return (row, deleted, Index(f"{table}_self", "tenant", "self"), *shared)


class Tenant(SQLModel, table=True):
    """An organisme gestionnaire.

    Shape   cursor_key signs the cursors that its callers are given; local_sign_in: its professionals may sign in
            without Pro Santé Connect.
    """

    tenant: int = _tenant()
    name: str = _column("name", Text)
    cursor_key: bytes = _column("cursor_key", LargeBinary)
    local_sign_in: bool = Field(sa_column_kwargs={"server_default": text("false")})


class CurrentRow(SQLModel, table=True):
    """The current version of a resource; document is NULL when it is a deletion.

    Shape   row grows with time and never changes: index rows point at it. self is reference_hash("Type/id"). type is
            the number of the resource type, method that of the HTTP method (`codes.py`). content: where a Binary's
            bytes are.
    """

    __tablename__ = "resource"
    __table_args__ = _document_indexes("resource", unique_row=True)

    row: int = _integer("row")
    self_hash: int = _integer("self")
    last_updated: datetime = _column("last_updated", DateTime(timezone=True))
    tenant: int = _tenant()
    version: int
    type: int = _integer("type", SmallInteger, key=True)
    method: int = _integer("method", SmallInteger)
    id: str = _column("id", Text(collation="C"), key=True)
    document: str | None = _column("document", Text, null=True)
    content: uuid.UUID | None = None


class SupersededRow(SQLModel, table=True):
    """A version that was replaced, at `superseded`: moved here by the update. Partitioned by month, never changed."""

    __tablename__ = "history"
    __table_args__ = (
        *_document_indexes("history", unique_row=False),
        {"postgresql_partition_by": "RANGE (last_updated)"},
    )

    row: int = _integer("row")
    self_hash: int = _integer("self")
    last_updated: datetime = _column("last_updated", DateTime(timezone=True), key=True)
    superseded: datetime = _column("superseded", DateTime(timezone=True))
    tenant: int = _tenant()
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: int = _integer("type", SmallInteger, key=True)
    method: int = _integer("method", SmallInteger)
    id: str = _column("id", Text(collation="C"), key=True)
    document: str | None = _column("document", Text, null=True)
    content: uuid.UUID | None = None


class TokenRow(SQLModel, table=True):
    """That a resource holds a token: 96 bits of a parameter, a system and a code (`search/hashing.py`)."""

    __tablename__ = "index_token"
    __table_args__ = (Index("index_token_row", "tenant", "row"),)

    head: int = _integer("head", Integer, key=True)
    tail: int = _integer("tail", key=True)
    row: int = _integer("row", key=True)
    tenant: int = _tenant()


class ReferenceRow(SQLModel, table=True):
    """That a resource points at another: target is the `self` of that one."""

    __tablename__ = "index_reference"
    __table_args__ = (Index("index_reference_row", "tenant", "row"),)

    parameter: int = _integer("parameter", key=True)
    target: int = _integer("target", key=True)
    row: int = _integer("row", key=True)
    tenant: int = _tenant()


class StringRow(SQLModel, table=True):
    """A normalised text of a resource; spelling: the hash of it as it is written, for `:exact`."""

    __tablename__ = "index_string"
    __table_args__ = (Index("index_string_row", "tenant", "row"),)

    parameter: int = _integer("parameter", key=True)
    row: int = _integer("row", key=True)
    tenant: int = _tenant()
    value: str = _column("value", Text(collation="C"), key=True)
    spelling: int = _integer("spelling", Integer, key=True)


class DateRow(SQLModel, table=True):
    """A period of a resource: microseconds since 1970 UTC, high exclusive."""

    __tablename__ = "index_date"
    __table_args__ = (Index("index_date_row", "tenant", "row"),)

    parameter: int = _integer("parameter", key=True)
    low: int = _integer("low", key=True)
    high: int = _integer("high", key=True)
    row: int = _integer("row", key=True)
    tenant: int = _tenant()


class NumberRow(SQLModel, table=True):
    """A number or quantity of a resource, with its precision, in canonical units."""

    __tablename__ = "index_number"
    __table_args__ = (Index("index_number_row", "tenant", "row"),)

    parameter: int = _integer("parameter", key=True)
    low: float = _column("low", Double, key=True)
    high: float = _column("high", Double, key=True)
    row: int = _integer("row", key=True)
    tenant: int = _tenant()


class Gram(SQLModel, table=True):
    """Three characters of a distinct string value, for `:contains` (`grams.py`); index_string rechecks the value."""

    __table_args__ = (Index("gram_value", "tenant", "gram", "value"),)
    __mapper_args__ = {"primary_key": ["tenant", "gram", "value"]}

    gram: int = _integer("gram")
    tenant: int
    value: str = _column("value", Text(collation="C"))


class Claim(SQLModel, table=True):
    """An identity that a transaction holds while it decides whether to create; empty between transactions."""

    key: int = _integer("key", key=True)
    tenant: int = _tenant()


class Content(SQLModel, table=True):
    """A part, of at most 1 MiB, of the bytes of a Binary."""

    key: uuid.UUID = Field(primary_key=True)
    tenant: int = _tenant()
    part: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    data: bytes = _column("data", LargeBinary)


class TraceRow(SQLModel, table=True):
    """An act that was recorded (`traces/record.py`), never changed; by month. patient is the first met, or empty."""

    __tablename__ = "trace"
    __table_args__ = (
        Index("trace_subject", "tenant", "subject", "row"),
        Index("trace_met", "tenant", "patient", "row", postgresql_where=text("patient <> ''")),
        Index("trace_entity", "tenant", "type", "id", "row", postgresql_where=text("id <> ''")),
        {"postgresql_partition_by": "RANGE (row)"},
    )

    row: int = _integer("row", key=True)
    tenant: int = _tenant()
    version: int | None = None
    outcome: int = _integer("outcome", SmallInteger)
    kind: str = _column("kind", Text(collation="C"))
    subject: str = _column("subject", Text(collation="C"))
    type: str = _column("type", Text(collation="C"))
    id: str = _column("id", Text(collation="C"))
    patient: str = _column("patient", Text(collation="C"))
    body: str = _column("body", Text)


class TracePatient(SQLModel, table=True):
    """That an act concerned this Patient too, beside the first, who stands in the trace."""

    __tablename__ = "trace_patient"
    __table_args__ = ({"postgresql_partition_by": "RANGE (row)"},)

    row: int = _integer("row", key=True)
    tenant: int = _tenant()
    patient: str = _column("patient", Text(collation="C"), key=True)


class TraceLink(SQLModel, table=True):
    """A link of a tenant's chain of traces: hash covers the link before and the trace (`traces/chain.py`)."""

    __tablename__ = "trace_link"
    __table_args__ = (UniqueConstraint("tenant", "row"),)

    seq: int = _integer("seq", key=True)
    row: int = _integer("row")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    tenant: int = _tenant()
    hash: bytes = _column("hash", LargeBinary)


class ClientRow(SQLModel, table=True):
    """An application or a service that may ask for tokens; document: its registration (`clients.py`)."""

    __tablename__ = "client"

    made: datetime = _column("made", DateTime(timezone=True))
    revoked: datetime | None = _column("revoked", DateTime(timezone=True), null=True)
    tenant: int = _tenant()
    id: str = _column("id", Text(collation="C"), key=True)
    document: str = _column("document", Text)


class GrantRow(SQLModel, table=True):
    """What a client was granted: the family of all its tokens, which end with it. code: the digest of the code."""

    __tablename__ = "authorization_grant"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "client"], ["client.tenant", "client.id"]),
        Index("authorization_grant_client", "tenant", "client"),
        Index("authorization_grant_code", "tenant", "code", unique=True, postgresql_where=text("code IS NOT NULL")),
        Index("authorization_grant_expires", "tenant", "expires"),
    )

    made: datetime = _column("made", DateTime(timezone=True))
    expires: datetime = _column("expires", DateTime(timezone=True))
    code_expires: datetime | None = _column("code_expires", DateTime(timezone=True), null=True)
    code_spent: datetime | None = _column("code_spent", DateTime(timezone=True), null=True)
    revoked: datetime | None = _column("revoked", DateTime(timezone=True), null=True)
    id: uuid.UUID = Field(primary_key=True)
    account: uuid.UUID | None = None
    session: uuid.UUID | None = None
    tenant: int = _tenant()
    client: str = _column("client", Text(collation="C"))
    document: str = _column("document", Text)
    code: bytes | None = _column("code", LargeBinary, null=True)


class RefreshRow(SQLModel, table=True):
    """A refresh token, by its digest; spent when it was replaced by the next one."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "grant_id"], ["authorization_grant.tenant", "authorization_grant.id"], ondelete="CASCADE"
        ),
        Index("refresh_token_grant", "tenant", "grant_id"),
    )

    expires: datetime = _column("expires", DateTime(timezone=True))
    spent: datetime | None = _column("spent", DateTime(timezone=True), null=True)
    grant_id: uuid.UUID
    tenant: int = _tenant()
    digest: bytes = _column("digest", LargeBinary, key=True)


class LaunchRow(SQLModel, table=True):
    """What a record has open, for an application that it opens; taken once."""

    __tablename__ = "launch"
    __table_args__ = (Index("launch_expires", "tenant", "expires"),)

    expires: datetime = _column("expires", DateTime(timezone=True))
    account: uuid.UUID
    tenant: int = _tenant()
    client: str = _column("client", Text(collation="C"))
    document: str = _column("document", Text)
    digest: bytes = _column("digest", LargeBinary, key=True)


class AssertionRow(SQLModel, table=True):
    """An assertion of a client that has come, by the digest of its jti: it may not come again."""

    __tablename__ = "client_assertion"
    __table_args__ = (Index("client_assertion_expires", "tenant", "expires"),)

    expires: datetime = _column("expires", DateTime(timezone=True))
    tenant: int = _tenant()
    client: str = _column("client", Text(collation="C"), key=True)
    digest: bytes = _column("digest", LargeBinary, key=True)


class CogEdition(SQLModel, table=True):
    """An edition of the COG that was imported, the same for all tenants; digest is the SHA-256 of its content."""

    __tablename__ = "cog_edition"

    digest: bytes = _column("digest", LargeBinary, key=True)
    imported: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    name: str = _column("name", Text)
    content: bytes = _column("content", LargeBinary)


class RateRow(SQLModel, table=True):
    """A bucket of requests that somebody may make: full_at, when it will be full again (`rates.py`)."""

    __tablename__ = "rate"

    full_at: datetime = _column("full_at", DateTime(timezone=True))
    tenant: int = _tenant()
    key: str = _column("key", Text(collation="C"), key=True)


class EmergencyRow(SQLModel, table=True):
    """A record that a professional opened in an emergency: row is the Patient's, reader "Practitioner/id"."""

    __tablename__ = "emergency"

    row: int = _integer("row", key=True)
    opened: datetime = _column("opened", DateTime(timezone=True), key=True)
    until: datetime = _column("until", DateTime(timezone=True))
    tenant: int = _tenant()
    reader: str = _column("reader", Text(collation="C"), key=True)
    reason: str = _column("reason", Text)


class WatchRow(SQLModel, table=True):
    """An identity that is verified at INSi by itself.

    Shape   verified is when INSi last confirmed it, version that of the Patient it was read from; message the id of the
            call under way, lot that of the batch; state as in `national/insi/verifying/store.py`.
    """

    __tablename__ = "insi_watch"
    __table_args__ = (
        Index("insi_watch_due", "tenant", "state", "due"),
        Index("insi_watch_nia", "tenant", "patient", postgresql_where=text("is_nia")),
        Index("insi_watch_lot", "tenant", "lot", postgresql_where=text("lot IS NOT NULL")),
    )

    due: datetime = _column("due", DateTime(timezone=True))
    verified: datetime = _column("verified", DateTime(timezone=True))
    claimed: datetime | None = _column("claimed", DateTime(timezone=True), null=True)
    message: uuid.UUID | None = None
    lot: uuid.UUID | None = None
    tenant: int = _tenant()
    version: int = _integer("version", Integer)
    state: int = Field(sa_column=Column("state", SmallInteger, nullable=False, server_default=text("0")))
    is_nia: bool
    patient: str = _column("patient", Text(collation="C"), key=True)


class SweepRow(SQLModel, table=True):
    """Up to where Patients were looked at for that: their instant, then their row."""

    __tablename__ = "insi_sweep"

    until: datetime = _column("until", DateTime(timezone=True))
    row: int = _integer("row")
    tenant: int = _tenant()


class LotRow(SQLModel, table=True):
    """A batch handed in to INSi, or about to be."""

    __tablename__ = "insi_lot"

    id: uuid.UUID = Field(primary_key=True)
    made: datetime = _column("made", DateTime(timezone=True))
    tenant: int = _tenant()
    is_deposited: bool = Field(sa_column_kwargs={"server_default": text("false")})
