"""The tables as SQLModel declares them; `migrations/` makes them, a test holds the two together.

Those of accounts and sessions are in `account_tables.py`.

Every table begins its keys with the tenant and is under forced row-level security. Hot statements are plain SQL beside
this file (`reading.py`, `writing.py`, ...); these classes say what a column means and serve the cold paths.
"""

import uuid
from datetime import datetime

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

from usager_server.repository.declaring import column, integer, tenant_key

HELD = "head >= -96841728 AND head <= -96837633"


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

    tenant: int = tenant_key()
    name: str = column("name", Text)
    cursor_key: bytes = column("cursor_key", LargeBinary)
    local_sign_in: bool = Field(sa_column_kwargs={"server_default": text("false")})


class CurrentRow(SQLModel, table=True):
    """The current version of a resource; document is NULL when it is a deletion.

    Shape   row grows with time and never changes: index rows point at it. self is reference_hash("Type/id"). type is
            the number of the resource type, method that of the HTTP method (`codes.py`). content: where a Binary's
            bytes are.
    """

    __tablename__ = "resource"
    __table_args__ = _document_indexes("resource", unique_row=True)

    row: int = integer("row")
    self_hash: int = integer("self")
    last_updated: datetime = column("last_updated", DateTime(timezone=True))
    tenant: int = tenant_key()
    version: int
    type: int = integer("type", SmallInteger, key=True)
    method: int = integer("method", SmallInteger)
    id: str = column("id", Text(collation="C"), key=True)
    document: str | None = column("document", Text, null=True)
    content: uuid.UUID | None = None


class SupersededRow(SQLModel, table=True):
    """A version that was replaced, at `superseded`: moved here by the update. Partitioned by month, never changed."""

    __tablename__ = "history"
    __table_args__ = (
        *_document_indexes("history", unique_row=False),
        {"postgresql_partition_by": "RANGE (last_updated)"},
    )

    row: int = integer("row")
    self_hash: int = integer("self")
    last_updated: datetime = column("last_updated", DateTime(timezone=True), key=True)
    superseded: datetime = column("superseded", DateTime(timezone=True))
    tenant: int = tenant_key()
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: int = integer("type", SmallInteger, key=True)
    method: int = integer("method", SmallInteger)
    id: str = column("id", Text(collation="C"), key=True)
    document: str | None = column("document", Text, null=True)
    content: uuid.UUID | None = None


class TokenRow(SQLModel, table=True):
    """That a resource holds a token: 96 bits of a parameter, a system and a code (`search/hashing.py`).

    Shape   what only one active record may hold (`search/holding.py`) is a token that is unique in its tenant.
    """

    __tablename__ = "index_token"
    __table_args__ = (
        Index("index_token_row", "tenant", "row"),
        Index("index_token_held", "tenant", "head", "tail", unique=True, postgresql_where=text(HELD)),
    )

    head: int = integer("head", Integer, key=True)
    tail: int = integer("tail", key=True)
    row: int = integer("row", key=True)
    tenant: int = tenant_key()


class ReferenceRow(SQLModel, table=True):
    """That a resource points at another: target is the `self` of that one."""

    __tablename__ = "index_reference"
    __table_args__ = (Index("index_reference_row", "tenant", "row"),)

    parameter: int = integer("parameter", key=True)
    target: int = integer("target", key=True)
    row: int = integer("row", key=True)
    tenant: int = tenant_key()


class StringRow(SQLModel, table=True):
    """A normalised text of a resource; spelling: the hash of it as it is written, for `:exact`."""

    __tablename__ = "index_string"
    __table_args__ = (Index("index_string_row", "tenant", "row"),)

    parameter: int = integer("parameter", key=True)
    row: int = integer("row", key=True)
    tenant: int = tenant_key()
    value: str = column("value", Text(collation="C"), key=True)
    spelling: int = integer("spelling", Integer, key=True)


class DateRow(SQLModel, table=True):
    """A period of a resource: microseconds since 1970 UTC, high exclusive."""

    __tablename__ = "index_date"
    __table_args__ = (Index("index_date_row", "tenant", "row"),)

    parameter: int = integer("parameter", key=True)
    low: int = integer("low", key=True)
    high: int = integer("high", key=True)
    row: int = integer("row", key=True)
    tenant: int = tenant_key()


class NumberRow(SQLModel, table=True):
    """A number or quantity of a resource, with its precision, in canonical units."""

    __tablename__ = "index_number"
    __table_args__ = (Index("index_number_row", "tenant", "row"),)

    parameter: int = integer("parameter", key=True)
    low: float = column("low", Double, key=True)
    high: float = column("high", Double, key=True)
    row: int = integer("row", key=True)
    tenant: int = tenant_key()


class Gram(SQLModel, table=True):
    """Three characters of a distinct string value, for `:contains` (`grams.py`); index_string rechecks the value."""

    __table_args__ = (Index("gram_value", "tenant", "gram", "value"),)
    __mapper_args__ = {"primary_key": ["tenant", "gram", "value"]}

    gram: int = integer("gram")
    tenant: int
    value: str = column("value", Text(collation="C"))


class Claim(SQLModel, table=True):
    """An identity that a transaction holds while it decides whether to create; empty between transactions."""

    key: int = integer("key", key=True)
    tenant: int = tenant_key()


class Content(SQLModel, table=True):
    """A part, of at most 1 MiB, of the bytes of a Binary."""

    key: uuid.UUID = Field(primary_key=True)
    tenant: int = tenant_key()
    part: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    data: bytes = column("data", LargeBinary)


class TraceRow(SQLModel, table=True):
    """An act that was recorded (`traces/record.py`), never changed; by month. patient is the first met, or empty."""

    __tablename__ = "trace"
    __table_args__ = (
        Index("trace_subject", "tenant", "subject", "row"),
        Index("trace_met", "tenant", "patient", "row", postgresql_where=text("patient <> ''")),
        Index("trace_entity", "tenant", "type", "id", "row", postgresql_where=text("id <> ''")),
        Index("trace_exchange", "tenant", "row", postgresql_where=text("kind = 'national-exchange'")),
        Index("trace_elsewhere", "tenant", "row", postgresql_where=text("strpos(body, '\"document-from-') > 0")),
        {"postgresql_partition_by": "RANGE (row)"},
    )

    row: int = integer("row", key=True)
    tenant: int = tenant_key()
    version: int | None = None
    outcome: int = integer("outcome", SmallInteger)
    kind: str = column("kind", Text(collation="C"))
    subject: str = column("subject", Text(collation="C"))
    type: str = column("type", Text(collation="C"))
    id: str = column("id", Text(collation="C"))
    patient: str = column("patient", Text(collation="C"))
    body: str = column("body", Text)


class TracePatient(SQLModel, table=True):
    """That an act concerned this Patient too, beside the first, who stands in the trace."""

    __tablename__ = "trace_patient"
    __table_args__ = ({"postgresql_partition_by": "RANGE (row)"},)

    row: int = integer("row", key=True)
    tenant: int = tenant_key()
    patient: str = column("patient", Text(collation="C"), key=True)


class TraceLink(SQLModel, table=True):
    """A link of a tenant's chain of traces: hash covers the link before and the trace (`traces/chain.py`)."""

    __tablename__ = "trace_link"
    __table_args__ = (UniqueConstraint("tenant", "row"),)

    seq: int = integer("seq", key=True)
    row: int = integer("row")
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    tenant: int = tenant_key()
    hash: bytes = column("hash", LargeBinary)


class ClientRow(SQLModel, table=True):
    """An application or a service that may ask for tokens; document: its registration (`clients.py`)."""

    __tablename__ = "client"

    made: datetime = column("made", DateTime(timezone=True))
    revoked: datetime | None = column("revoked", DateTime(timezone=True), null=True)
    tenant: int = tenant_key()
    id: str = column("id", Text(collation="C"), key=True)
    document: str = column("document", Text)


class GrantRow(SQLModel, table=True):
    """What a client was granted: the family of all its tokens, which end with it. code: the digest of the code."""

    __tablename__ = "authorization_grant"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "client"], ["client.tenant", "client.id"]),
        Index("authorization_grant_account", "tenant", "account", postgresql_where=text("account IS NOT NULL")),
        Index("authorization_grant_client", "tenant", "client"),
        Index("authorization_grant_code", "tenant", "code", unique=True, postgresql_where=text("code IS NOT NULL")),
        Index("authorization_grant_expires", "tenant", "expires"),
    )

    made: datetime = column("made", DateTime(timezone=True))
    expires: datetime = column("expires", DateTime(timezone=True))
    code_expires: datetime | None = column("code_expires", DateTime(timezone=True), null=True)
    code_spent: datetime | None = column("code_spent", DateTime(timezone=True), null=True)
    revoked: datetime | None = column("revoked", DateTime(timezone=True), null=True)
    id: uuid.UUID = Field(primary_key=True)
    account: uuid.UUID | None = None
    session: uuid.UUID | None = None
    tenant: int = tenant_key()
    client: str = column("client", Text(collation="C"))
    document: str = column("document", Text)
    code: bytes | None = column("code", LargeBinary, null=True)


class RefreshRow(SQLModel, table=True):
    """A refresh token, by its digest; spent when it was replaced by the next one."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "grant_id"], ["authorization_grant.tenant", "authorization_grant.id"], ondelete="CASCADE"
        ),
        Index("refresh_token_grant", "tenant", "grant_id"),
    )

    expires: datetime = column("expires", DateTime(timezone=True))
    spent: datetime | None = column("spent", DateTime(timezone=True), null=True)
    grant_id: uuid.UUID
    tenant: int = tenant_key()
    digest: bytes = column("digest", LargeBinary, key=True)


class LaunchRow(SQLModel, table=True):
    """What a record has open, for an application that it opens; taken once."""

    __tablename__ = "launch"
    __table_args__ = (Index("launch_expires", "tenant", "expires"),)

    expires: datetime = column("expires", DateTime(timezone=True))
    account: uuid.UUID
    tenant: int = tenant_key()
    client: str = column("client", Text(collation="C"))
    document: str = column("document", Text)
    digest: bytes = column("digest", LargeBinary, key=True)


class AssertionRow(SQLModel, table=True):
    """An assertion of a client that has come, by the digest of its jti: it may not come again."""

    __tablename__ = "client_assertion"
    __table_args__ = (Index("client_assertion_expires", "tenant", "expires"),)

    expires: datetime = column("expires", DateTime(timezone=True))
    tenant: int = tenant_key()
    client: str = column("client", Text(collation="C"), key=True)
    digest: bytes = column("digest", LargeBinary, key=True)


class CogEdition(SQLModel, table=True):
    """An edition of the COG that was imported, the same for all tenants; digest is the SHA-256 of its content."""

    __tablename__ = "cog_edition"

    digest: bytes = column("digest", LargeBinary, key=True)
    imported: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    name: str = column("name", Text)
    content: bytes = column("content", LargeBinary)


class RateRow(SQLModel, table=True):
    """A bucket of requests that somebody may make: full_at, when it will be full again (`rates.py`)."""

    __tablename__ = "rate"

    full_at: datetime = column("full_at", DateTime(timezone=True))
    tenant: int = tenant_key()
    key: str = column("key", Text(collation="C"), key=True)


class EmergencyRow(SQLModel, table=True):
    """A record that a professional opened in an emergency: row is the Patient's, reader "Practitioner/id"."""

    __tablename__ = "emergency"

    row: int = integer("row", key=True)
    opened: datetime = column("opened", DateTime(timezone=True), key=True)
    until: datetime = column("until", DateTime(timezone=True))
    tenant: int = tenant_key()
    reader: str = column("reader", Text(collation="C"), key=True)
    reason: str = column("reason", Text)


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

    due: datetime = column("due", DateTime(timezone=True))
    verified: datetime = column("verified", DateTime(timezone=True))
    claimed: datetime | None = column("claimed", DateTime(timezone=True), null=True)
    message: uuid.UUID | None = None
    lot: uuid.UUID | None = None
    tenant: int = tenant_key()
    version: int = integer("version", Integer)
    state: int = Field(sa_column=Column("state", SmallInteger, nullable=False, server_default=text("0")))
    is_nia: bool
    patient: str = column("patient", Text(collation="C"), key=True)


class SweepRow(SQLModel, table=True):
    """Up to where Patients were looked at for that: their instant, then their row."""

    __tablename__ = "insi_sweep"

    until: datetime = column("until", DateTime(timezone=True))
    row: int = integer("row")
    tenant: int = tenant_key()


class LotRow(SQLModel, table=True):
    """A batch handed in to INSi, or about to be.

    Shape   of one that INSi refused: how often in a row, when last, with which code, and when it is tried again.
    """

    __tablename__ = "insi_lot"

    id: uuid.UUID = Field(primary_key=True)
    made: datetime = column("made", DateTime(timezone=True))
    tenant: int = tenant_key()
    is_deposited: bool = Field(sa_column_kwargs={"server_default": text("false")})
    refusals: int = Field(sa_column=Column("refusals", SmallInteger, nullable=False, server_default=text("0")))
    refused: datetime | None = column("refused", DateTime(timezone=True), null=True)
    again: datetime | None = column("again", DateTime(timezone=True), null=True)
    code: str | None = column("code", Text(collation="C"), null=True)


class EditionRow(SQLModel, table=True):
    """What resources of a type are indexed by (`search/editions.py`).

    Shape   wanted: by the servers that run; complete: all that is stored, whenever; since: when the first changed.
    """

    __tablename__ = "index_edition"

    type: int = integer("type", SmallInteger, key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    wanted: str = column("wanted", Text)
    complete: str = column("complete", Text)


class ReindexingRow(SQLModel, table=True):
    """How far resources of a type are indexed anew: since is that of the edition, reached the last row done."""

    __tablename__ = "reindexing"

    reached: int = integer("reached")
    until: int = integer("until")
    total: int = integer("total")
    done: int = Field(sa_column=Column("done", BigInteger, nullable=False, server_default=text("0")))
    since: datetime = column("since", DateTime(timezone=True))
    began: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    moved: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()")))
    ended: datetime | None = column("ended", DateTime(timezone=True), null=True)
    tenant: int = tenant_key()
    doubles: int = Field(sa_column=Column("doubles", Integer, nullable=False, server_default=text("0")))
    type: int = integer("type", SmallInteger, key=True)
