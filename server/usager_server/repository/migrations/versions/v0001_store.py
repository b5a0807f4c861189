"""The store: roles, tenants, resources, history, index tables, claims, contents.

Plain SQL, since most of it (roles, forced row-level security, partitions, storage options) has no word in SQLAlchemy.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = ("usager_owner NOLOGIN", "usager_app LOGIN", "usager_worker LOGIN")

TABLES = (
    # The key signs cursors: derived from nothing, seen by its tenant only.
    """
    CREATE TABLE tenant (
        tenant int PRIMARY KEY CHECK (tenant > 0),
        name text NOT NULL,
        cursor_key bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    )
    """,
    # Columns by falling width, so that no byte is lost to alignment.
    """
    CREATE TABLE resource (
        row bigint NOT NULL,
        self bigint NOT NULL,
        last_updated timestamptz NOT NULL,
        tenant int NOT NULL,
        version int NOT NULL,
        type smallint NOT NULL,
        method smallint NOT NULL,
        id text COLLATE "C" NOT NULL,
        document text,
        content uuid,
        PRIMARY KEY (tenant, type, id)
    )
    """,
    "CREATE UNIQUE INDEX resource_row ON resource (tenant, type, row)",
    "CREATE INDEX resource_self ON resource (tenant, self)",
    "CREATE INDEX resource_type_updated ON resource (tenant, type, last_updated, row, version)",
    "CREATE INDEX resource_updated ON resource (tenant, last_updated, row, version)",
    # How many are deleted, so that those of a type are counted without being read.
    "CREATE INDEX resource_deleted ON resource (tenant, type) WHERE document IS NULL",
    "CREATE INDEX resource_content ON resource (tenant, content) WHERE content IS NOT NULL",
    """
    CREATE TABLE history (
        row bigint NOT NULL,
        self bigint NOT NULL,
        last_updated timestamptz NOT NULL,
        superseded timestamptz NOT NULL,
        tenant int NOT NULL,
        version int NOT NULL,
        type smallint NOT NULL,
        method smallint NOT NULL,
        id text COLLATE "C" NOT NULL,
        document text,
        content uuid,
        PRIMARY KEY (tenant, type, id, version, last_updated)
    ) PARTITION BY RANGE (last_updated)
    """,
    "CREATE INDEX history_type_updated ON history (tenant, type, last_updated, row, version)",
    "CREATE INDEX history_updated ON history (tenant, last_updated, row, version)",
    "CREATE INDEX history_content ON history (tenant, content) WHERE content IS NOT NULL",
    "CREATE TABLE history_default PARTITION OF history DEFAULT",
    """
    CREATE TABLE index_token (
        tail bigint NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL,
        head int NOT NULL
    )
    """,
    """
    CREATE TABLE index_reference (
        parameter bigint NOT NULL,
        target bigint NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL
    )
    """,
    """
    CREATE TABLE index_string (
        parameter bigint NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL,
        spelling int NOT NULL,
        value text COLLATE "C" NOT NULL,
        PRIMARY KEY (tenant, parameter, value, row, spelling)
    )
    """,
    """
    CREATE TABLE index_date (
        parameter bigint NOT NULL,
        low bigint NOT NULL,
        high bigint NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL,
        PRIMARY KEY (tenant, parameter, low, high, row)
    )
    """,
    """
    CREATE TABLE index_number (
        parameter bigint NOT NULL,
        low float8 NOT NULL,
        high float8 NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL,
        PRIMARY KEY (tenant, parameter, low, high, row)
    )
    """,
    "CREATE INDEX index_token_row ON index_token (tenant, row)",
    "CREATE INDEX index_reference_row ON index_reference (tenant, row)",
    "CREATE INDEX index_string_row ON index_string (tenant, row)",
    "CREATE INDEX index_date_row ON index_date (tenant, row)",
    "CREATE INDEX index_number_row ON index_number (tenant, row)",
    # After the indexes by row: of two that seem alike, as on an empty table, the planner takes the one made last.
    "ALTER TABLE index_token ADD PRIMARY KEY (tenant, head, tail, row)",
    "ALTER TABLE index_reference ADD PRIMARY KEY (tenant, parameter, target, row)",
    # Not unique on purpose: a unique key would make writers of one name wait for each other; a double is harmless.
    """
    CREATE TABLE gram (
        gram bigint NOT NULL,
        tenant int NOT NULL,
        value text COLLATE "C" NOT NULL
    )
    """,
    "CREATE INDEX gram_value ON gram (tenant, gram, value)",
    "CREATE TABLE claim (key bigint NOT NULL, tenant int NOT NULL, PRIMARY KEY (tenant, key))",
    """
    CREATE TABLE content (
        key uuid NOT NULL,
        tenant int NOT NULL,
        part int NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (tenant, key, part)
    )
    """,
    "ALTER TABLE content ALTER data SET STORAGE EXTERNAL",
)

TENANT_TABLES = (
    "tenant",
    "resource",
    "history",
    "history_default",
    "index_token",
    "index_reference",
    "index_string",
    "index_date",
    "index_number",
    "gram",
    "claim",
    "content",
)

# Documents that fit a page stay as they are: to expand the twenty of a search page costs more than to find them.
PLAIN_DOCUMENTS = "ALTER TABLE resource SET (toast_tuple_target = 8160)"

# lz4 costs a tenth of PostgreSQL's own compression; some builds come without it.
COMPRESSION = """
DO $$ BEGIN
    ALTER TABLE resource ALTER document SET COMPRESSION lz4;
    ALTER TABLE history ALTER document SET COMPRESSION lz4;
    ALTER TABLE history_default ALTER document SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$
"""

# Runs as the owner so that the server, which owns nothing, can make next month's partition. Rows that came too early
# lie in the default partition and are moved, tenant by tenant: the owner too is held by row-level security.
PARTITIONS = """
CREATE FUNCTION create_history_partitions(first date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    low date;
    name text;
    made int := 0;
    of_tenant int;
    before text := current_setting('app.tenant', true);
BEGIN
    FOR i IN 0 .. least(months, 240) - 1 LOOP
        low := (date_trunc('month', first::timestamp) + make_interval(months => i))::date;
        name := 'history_' || to_char(low, 'YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(7310401);
        CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.history INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY tenant ON public.%I'
            ' USING (tenant = (SELECT nullif(current_setting(''app.tenant'', true), '''')::int))',
            name);
        FOR of_tenant IN SELECT t.tenant FROM public.tenant t LOOP
            PERFORM set_config('app.tenant', of_tenant::text, true);
            EXECUTE format(
                'WITH moved AS (DELETE FROM public.history_default'
                ' WHERE last_updated >= %L AND last_updated < %L RETURNING *)'
                ' INSERT INTO public.%I SELECT * FROM moved',
                low::timestamp AT TIME ZONE 'UTC', (low + interval '1 month') AT TIME ZONE 'UTC', name);
        END LOOP;
        PERFORM set_config('app.tenant', coalesce(before, ''), true);
        EXECUTE format(
            'ALTER TABLE public.history ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            name, low::timestamp AT TIME ZONE 'UTC', (low + interval '1 month') AT TIME ZONE 'UTC');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$
"""

# What the planner believes of a table that has never been counted is nearly nothing, and it keeps plans made on that
# belief. Autovacuum counts after a minute; the server asks for it as soon as it has written its first hundreds of rows.
STATISTICS = """
CREATE FUNCTION refresh_statistics() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    ANALYZE (SKIP_LOCKED) public.resource, public.history, public.index_token, public.index_reference,
        public.index_string, public.index_date, public.index_number, public.gram;
END $$
"""

GRANTS = (
    "GRANT SELECT ON tenant TO usager_app, usager_worker",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON resource, index_token, index_reference, index_string, index_date,"
    " index_number, gram TO usager_app, usager_worker",
    "GRANT SELECT, INSERT ON history TO usager_app, usager_worker",
    "GRANT SELECT, INSERT, DELETE ON claim, content TO usager_app, usager_worker",
    "GRANT SELECT ON alembic_version TO usager_app, usager_worker",
    "REVOKE ALL ON FUNCTION create_history_partitions(date, int), refresh_statistics() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION create_history_partitions(date, int), refresh_statistics() TO usager_app, usager_worker",
)

# Numbers the processes, so that two of them never make the same row number (`repository/ids.py`).
PROCESSES = (
    "CREATE SEQUENCE process MINVALUE 0 MAXVALUE 1023 CYCLE",
    "GRANT USAGE ON SEQUENCE process TO usager_app, usager_worker",
)


def upgrade() -> None:
    """Make everything, owned by usager_owner, open to usager_app and usager_worker within one tenant at a time."""
    for role in ROLES:
        op.execute(role_made(*role.split()))
    op.execute("GRANT usager_owner TO CURRENT_USER")
    op.execute("GRANT USAGE, CREATE ON SCHEMA public TO usager_owner")
    op.execute("ALTER TABLE alembic_version OWNER TO usager_owner")
    op.execute("SET LOCAL ROLE usager_owner")
    for statement in TABLES:
        op.execute(statement)
    for table in TENANT_TABLES:
        _isolate(table)
    op.execute("CREATE POLICY owner_sees_tenants ON tenant TO usager_owner USING (true)")
    op.execute(PLAIN_DOCUMENTS)
    op.execute(COMPRESSION)
    op.execute(PARTITIONS)
    op.execute(STATISTICS)
    for statement in PROCESSES + GRANTS:
        op.execute(statement)
    op.execute("SELECT create_history_partitions(now()::date, 3)")
    op.execute("INSERT INTO tenant (tenant, name) VALUES (1, 'default')")
    op.execute("RESET ROLE")


def role_made(name: str, login: str) -> str:
    """Return the statement that makes a role where it is missing."""
    # Roles belong to the cluster: another database of it may have made them already, this very moment.
    return f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
            CREATE ROLE {name} {login} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
    """


# In a sub-select the planner cannot work it out beforehand. Without, it does, when no tenant is set yet: NULL, so that
# it believes every table empty for us, and one index as good as another.
CURRENT_TENANT = "(SELECT nullif(current_setting('app.tenant', true), '')::int)"


def _isolate(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant ON {table} USING (tenant = {CURRENT_TENANT}) WITH CHECK (tenant = {CURRENT_TENANT})"
    )
