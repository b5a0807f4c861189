"""Traces: a row for each act, and for each further patient; the links of each tenant's chain. Nothing is changed."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    # row grows with time (repository/ids.py) and carries it: the months are bounded by row numbers. Columns hold what
    # is searched by; body all the rest, as JSON (traces/record.py): one text costs a third of what eight columns do.
    """
    CREATE TABLE trace (
        row bigint NOT NULL,
        tenant int NOT NULL,
        version int,
        outcome smallint NOT NULL,
        kind text COLLATE "C" NOT NULL,
        subject text COLLATE "C" NOT NULL,
        type text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        patient text COLLATE "C" NOT NULL,
        body text NOT NULL,
        PRIMARY KEY (tenant, row)
    ) PARTITION BY RANGE (row)
    """,
    "CREATE INDEX trace_subject ON trace (tenant, subject, row)",
    "CREATE INDEX trace_met ON trace (tenant, patient, row) WHERE patient <> ''",
    "CREATE INDEX trace_entity ON trace (tenant, type, id, row) WHERE id <> ''",
    # The Patients of a trace but its first, which stands in the trace.
    """
    CREATE TABLE trace_patient (
        row bigint NOT NULL,
        tenant int NOT NULL,
        patient text COLLATE "C" NOT NULL,
        PRIMARY KEY (tenant, patient, row)
    ) PARTITION BY RANGE (row)
    """,
    "CREATE TABLE trace_default PARTITION OF trace DEFAULT",
    "CREATE TABLE trace_patient_default PARTITION OF trace_patient DEFAULT",
    # hash = sha256(hash of seq - 1 ‖ the row as text): see traces/chain.py.
    """
    CREATE TABLE trace_link (
        seq bigint NOT NULL CHECK (seq > 0),
        row bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        tenant int NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32),
        PRIMARY KEY (tenant, seq),
        UNIQUE (tenant, row)
    )
    """,
)
TENANT_TABLES = ("trace", "trace_default", "trace_patient", "trace_patient_default", "trace_link")

# What the privileges do not give is refused a second time here, to the owner too.
NEVER_CHANGED = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'traces are never changed: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""

# As for the history. What lies in the default partition stays there: traces are not moved either.
PARTITIONS = """
CREATE FUNCTION create_trace_partitions(first date, months int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    base text;
    low date;
    name text;
    made int := 0;
BEGIN
    FOREACH base IN ARRAY ARRAY['trace', 'trace_patient'] LOOP
        FOR i IN 0 .. least(months, 240) - 1 LOOP
            low := (date_trunc('month', first::timestamp) + make_interval(months => i))::date;
            name := base || '_' || to_char(low, 'YYYY_MM');
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            PERFORM pg_advisory_xact_lock(7310402);
            CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%s) TO (%s)', name, base,
                    public.first_row_of(low), public.first_row_of((low + interval '1 month')::date));
                EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
                EXECUTE format(
                    'CREATE POLICY tenant ON public.%I'
                    ' USING (tenant = (SELECT nullif(current_setting(''app.tenant'', true), '''')::int))',
                    name);
                EXECUTE format(
                    'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON public.%I EXECUTE FUNCTION refuse_change()', name);
                made := made + 1;
            EXCEPTION WHEN check_violation THEN NULL;  -- the default partition holds some of this month already
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""

# Milliseconds since 2020, ten bits of the process and twelve of a counter.
FIRST_ROW = """
CREATE FUNCTION first_row_of(day date) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT ((day - date '2020-01-01')::bigint * 86400000) << 22 $$
"""

# Which tenants there are, for what works on all of them one after the other; numbers only.
TENANT_NUMBERS = """
CREATE FUNCTION tenant_numbers() RETURNS SETOF int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS
$$ SELECT tenant FROM public.tenant ORDER BY tenant $$
"""

FUNCTIONS = "create_trace_partitions(date, int), tenant_numbers()"
GRANTS = (
    "GRANT SELECT, INSERT ON trace, trace_patient, trace_link TO usager_app, usager_worker",
    f"REVOKE ALL ON FUNCTION {FUNCTIONS} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {FUNCTIONS} TO usager_app, usager_worker",
)


def upgrade() -> None:
    """Make the tables, walled between tenants and closed to change."""
    op.execute("SET LOCAL ROLE usager_owner")
    for statement in (FIRST_ROW, NEVER_CHANGED, *TABLES):
        op.execute(statement)
    for table in TENANT_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {table} USING (tenant = {CURRENT_TENANT}) WITH CHECK (tenant = {CURRENT_TENANT})"
        )
        op.execute(f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()")
    for table in ("trace", "trace_patient", "trace_link"):
        op.execute(
            f"CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for statement in (PARTITIONS, TENANT_NUMBERS, *GRANTS):
        op.execute(statement)
    op.execute("SELECT create_trace_partitions(now()::date, 3)")
    op.execute("RESET ROLE")
