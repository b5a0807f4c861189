"""Who signs in: accounts, passwords, second factors, contacts, links, sessions and single-use tickets."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    # An account is never deleted: traces point at it. locked without locked_until: until somebody unlocks it.
    # structures: the Organizations in which the person works, NULL for all. psc: see accounts/linking.py.
    """
    CREATE TABLE account (
        id uuid NOT NULL,
        created timestamptz NOT NULL,
        until timestamptz,
        delayed_until timestamptz,
        locked_until timestamptz,
        rpps_checked timestamptz,
        tenant int NOT NULL,
        failures int NOT NULL DEFAULT 0,
        locked boolean NOT NULL DEFAULT false,
        username text COLLATE "C" NOT NULL,
        kind text NOT NULL CHECK (kind IN ('business', 'privileged', 'emergency')),
        state text NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'disabled')),
        psc text NOT NULL DEFAULT 'unlinked' CHECK (psc IN ('unlinked', 'declared', 'linked')),
        family text NOT NULL,
        given text NOT NULL,
        rpps text COLLATE "C",
        profession text,
        specialty text,
        mssante text,
        practitioner text,
        roles text[] NOT NULL DEFAULT '{}',
        structures text[],
        PRIMARY KEY (tenant, id),
        UNIQUE (tenant, username)
    )
    """,
    "CREATE INDEX account_rpps ON account (tenant, rpps) WHERE rpps IS NOT NULL",
    # The password of an account is the newest; those before are its history.
    """
    CREATE TABLE account_password (
        made timestamptz NOT NULL,
        account uuid NOT NULL,
        tenant int NOT NULL,
        hash text NOT NULL,
        PRIMARY KEY (tenant, account, made),
        FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
    )
    """,
    # secret is sealed (sealing.py); last_used: the TOTP step, or the WebAuthn counter, that must be exceeded.
    """
    CREATE TABLE account_factor (
        made timestamptz NOT NULL,
        last_used bigint NOT NULL DEFAULT -1,
        account uuid NOT NULL,
        id uuid NOT NULL,
        tenant int NOT NULL,
        confirmed boolean NOT NULL DEFAULT false,
        kind text NOT NULL CHECK (kind IN ('totp', 'webauthn')),
        name text NOT NULL,
        secret bytea NOT NULL,
        credential bytea,
        PRIMARY KEY (tenant, account, id),
        FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
    )
    """,
    # value is in force and verified; pending waits for the code whose digest is here.
    """
    CREATE TABLE account_contact (
        verified timestamptz,
        expires timestamptz,
        sent timestamptz[] NOT NULL DEFAULT '{}',
        account uuid NOT NULL,
        tenant int NOT NULL,
        tries int NOT NULL DEFAULT 0,
        kind text NOT NULL CHECK (kind IN ('email', 'telephone')),
        value text,
        pending text,
        code bytea,
        PRIMARY KEY (tenant, account, kind),
        FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
    )
    """,
    """
    CREATE TABLE account_link (
        made timestamptz NOT NULL,
        account uuid NOT NULL,
        tenant int NOT NULL,
        issuer text COLLATE "C" NOT NULL,
        national_id text COLLATE "C" NOT NULL,
        subject text COLLATE "C" NOT NULL,
        PRIMARY KEY (tenant, issuer, national_id),
        UNIQUE (tenant, account, issuer),
        FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
    )
    """,
    # digest: SHA-256 of the 256 random bits in the cookie. provider_*: the session at the identity provider;
    # provider_tokens: its refresh token and id_token, sealed, never an access token.
    """
    CREATE TABLE session (
        created timestamptz NOT NULL,
        authenticated timestamptz NOT NULL,
        last_seen timestamptz NOT NULL,
        expires timestamptz NOT NULL,
        ended timestamptz,
        sid uuid NOT NULL,
        account uuid NOT NULL,
        tenant int NOT NULL,
        idle_seconds int NOT NULL CHECK (idle_seconds BETWEEN 1 AND 7200),
        means text NOT NULL,
        acr text,
        ended_because text,
        exercise text,
        address text,
        agent text,
        digest bytea NOT NULL,
        provider text,
        provider_sid text,
        provider_subject text,
        provider_tokens bytea,
        PRIMARY KEY (tenant, sid),
        UNIQUE (tenant, digest),
        FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
    )
    """,
    "CREATE INDEX session_account ON session (tenant, account) WHERE ended IS NULL",
    "CREATE INDEX session_provider_sid ON session (tenant, provider, provider_sid) WHERE ended IS NULL",
    "CREATE INDEX session_provider_subject ON session (tenant, provider, provider_subject) WHERE ended IS NULL",
    # What may be used once and not for long: digest is the SHA-256 of what its bearer shows.
    """
    CREATE TABLE ticket (
        expires timestamptz NOT NULL,
        account uuid,
        tenant int NOT NULL,
        kind text COLLATE "C" NOT NULL,
        digest bytea NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (tenant, kind, digest)
    )
    """,
    "CREATE INDEX ticket_expires ON ticket (tenant, expires)",
)

TENANT_TABLES = (
    "account",
    "account_password",
    "account_factor",
    "account_contact",
    "account_link",
    "session",
    "ticket",
)

GRANTS = (
    "GRANT SELECT, INSERT, UPDATE ON account, session TO usager_app, usager_worker",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON account_password, account_factor, account_contact, account_link, ticket"
    " TO usager_app, usager_worker",
    "GRANT DELETE ON session TO usager_worker",
)


def upgrade() -> None:
    """Make the tables, and let each tenant say whether its professionals may sign in without Pro Santé Connect."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute("ALTER TABLE tenant ADD local_sign_in boolean NOT NULL DEFAULT false")
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
