"""What may be done in whose name: clients, the grants they were given, refresh tokens, launches, assertions seen."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE client (
        made timestamptz NOT NULL,
        revoked timestamptz,
        tenant int NOT NULL,
        id text COLLATE "C" NOT NULL,
        document text NOT NULL,
        PRIMARY KEY (tenant, id)
    )
    """,
    # The family of every token that came of one decision: ended, they all are. document: what was asked and decided.
    # code is the digest of the authorization code; spent: when it was exchanged. A row lives until expires.
    """
    CREATE TABLE authorization_grant (
        made timestamptz NOT NULL,
        expires timestamptz NOT NULL,
        code_expires timestamptz,
        code_spent timestamptz,
        revoked timestamptz,
        id uuid NOT NULL,
        account uuid,
        session uuid,
        tenant int NOT NULL,
        client text COLLATE "C" NOT NULL,
        document text NOT NULL,
        code bytea,
        PRIMARY KEY (tenant, id),
        FOREIGN KEY (tenant, client) REFERENCES client (tenant, id)
    )
    """,
    "CREATE INDEX authorization_grant_client ON authorization_grant (tenant, client)",
    "CREATE UNIQUE INDEX authorization_grant_code ON authorization_grant (tenant, code) WHERE code IS NOT NULL",
    "CREATE INDEX authorization_grant_expires ON authorization_grant (tenant, expires)",
    # digest: SHA-256 of the token. Spent ones stay as long as their grant, to know a thief's second use.
    """
    CREATE TABLE refresh_token (
        expires timestamptz NOT NULL,
        spent timestamptz,
        grant_id uuid NOT NULL,
        tenant int NOT NULL,
        digest bytea NOT NULL,
        PRIMARY KEY (tenant, digest),
        FOREIGN KEY (tenant, grant_id) REFERENCES authorization_grant (tenant, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX refresh_token_grant ON refresh_token (tenant, grant_id)",
    # The context that an electronic record hands to an application it opens.
    """
    CREATE TABLE launch (
        expires timestamptz NOT NULL,
        account uuid NOT NULL,
        tenant int NOT NULL,
        client text COLLATE "C" NOT NULL,
        document text NOT NULL,
        digest bytea NOT NULL,
        PRIMARY KEY (tenant, digest)
    )
    """,
    "CREATE INDEX launch_expires ON launch (tenant, expires)",
    # digest: SHA-256 of the jti of a client's assertion, which may come once.
    """
    CREATE TABLE client_assertion (
        expires timestamptz NOT NULL,
        tenant int NOT NULL,
        client text COLLATE "C" NOT NULL,
        digest bytea NOT NULL,
        PRIMARY KEY (tenant, client, digest)
    )
    """,
    "CREATE INDEX client_assertion_expires ON client_assertion (tenant, expires)",
)

TENANT_TABLES = ("client", "authorization_grant", "refresh_token", "launch", "client_assertion")

GRANTS = (
    "GRANT SELECT, INSERT, UPDATE ON client TO usager_app, usager_worker",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON authorization_grant, refresh_token TO usager_app, usager_worker",
    "GRANT SELECT, INSERT, DELETE ON launch, client_assertion TO usager_app, usager_worker",
)


def upgrade() -> None:
    """Make the tables, each behind the wall of its tenant."""
    op.execute("SET LOCAL ROLE usager_owner")
    for statement in TABLES:
        op.execute(statement)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} USING (tenant = {CURRENT_TENANT}) WITH CHECK (tenant = {CURRENT_TENANT})"
        )
    for statement in GRANTS:
        op.execute(statement)
    op.execute("RESET ROLE")
