"""The tables of the proxy: sessions, the tokens of the APIs, sign-ins under way, traces that only grow."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # digest: sha256 of the id in the cookie. ended: the session is over, and its tokens wait to be revoked.
    """
    CREATE TABLE proxy.session (
        opened timestamptz NOT NULL,
        last_used timestamptz NOT NULL,
        ends timestamptz NOT NULL,
        ended timestamptz,
        leased_until timestamptz,
        refresh_by timestamptz,
        digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
        client_id text NOT NULL,
        national_id text NOT NULL,
        session_state text NOT NULL,
        shown_id text NOT NULL,
        tokens bytea NOT NULL
    )
    """,
    "CREATE INDEX session_ends ON proxy.session (ends)",
    """
    CREATE TABLE proxy.api_token (
        expires timestamptz NOT NULL,
        digest bytea NOT NULL REFERENCES proxy.session ON DELETE CASCADE,
        backend text NOT NULL,
        certificate bytea NOT NULL,
        token bytea NOT NULL,
        PRIMARY KEY (digest, backend)
    )
    """,
    # subject: digest of the national id, since a sign-in that comes to nothing need not keep who was asked.
    """
    CREATE TABLE proxy.sign_in (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        asked timestamptz NOT NULL,
        pending_until timestamptz,
        subject bytea NOT NULL,
        client_id text NOT NULL
    )
    """,
    "CREATE INDEX sign_in_subject ON proxy.sign_in (subject, asked)",
    """
    CREATE TABLE proxy.trace (
        number bigint PRIMARY KEY CHECK (number > 0),
        at timestamptz NOT NULL,
        body text NOT NULL,
        digest bytea NOT NULL
    )
    """,
    "CREATE INDEX trace_at ON proxy.trace (at)",
)

# One writer at a time, until its transaction ends: numbers have no gap, and the order is that of the chain.
FUNCTIONS = (
    """
    CREATE FUNCTION proxy.record(happened timestamptz, told text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    DECLARE
        before bytea; reached bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(7310401);
        SELECT number, digest INTO reached, before FROM proxy.trace ORDER BY number DESC LIMIT 1;
        reached := coalesce(reached, 0) + 1;
        before := coalesce(before, decode(repeat('00', 32), 'hex'));
        INSERT INTO proxy.trace (number, at, body, digest) VALUES (
            reached, happened, told, sha256(before || convert_to(reached || E'\\n' || told, 'UTF8'))
        );
        RETURN reached;
    END $$
    """,
    """
    CREATE FUNCTION proxy.only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'traces are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    "CREATE TRIGGER trace_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON proxy.trace "
    "FOR EACH STATEMENT EXECUTE FUNCTION proxy.only_grows()",
)

# Roles belong to the cluster: another database of it may have made this one already, this very moment.
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'usager_proxy') THEN CREATE ROLE usager_proxy LOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
GRANTS = (
    "REVOKE ALL ON SCHEMA proxy FROM PUBLIC",
    "GRANT USAGE ON SCHEMA proxy TO usager_proxy",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON proxy.session, proxy.api_token, proxy.sign_in TO usager_proxy",
    "GRANT SELECT, INSERT ON proxy.trace TO usager_proxy",
    "GRANT SELECT ON proxy.alembic_version TO usager_proxy",
)


def upgrade() -> None:
    """Make them."""
    for statement in (ROLE, *TABLES, *FUNCTIONS, *GRANTS):
        op.execute(statement)
