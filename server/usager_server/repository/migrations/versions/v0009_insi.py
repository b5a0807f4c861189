"""What `usager worker` verifies at INSi by itself: who, when, what is under way, and how far it has looked."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    # state: 0 waits, 1 is being asked about, 2 got no answer, 3 is in a lot, 4 is to be searched.
    "insi_watch": """
    CREATE TABLE insi_watch (
        due timestamptz NOT NULL,
        verified timestamptz NOT NULL,
        claimed timestamptz,
        message uuid,
        lot uuid,
        tenant int NOT NULL,
        version int NOT NULL,
        state smallint NOT NULL DEFAULT 0,
        is_nia boolean NOT NULL,
        patient text COLLATE "C" NOT NULL,
        PRIMARY KEY (tenant, patient)
    )
    """,
    "insi_sweep": """
    CREATE TABLE insi_sweep (
        until timestamptz NOT NULL,
        row bigint NOT NULL,
        tenant int NOT NULL,
        PRIMARY KEY (tenant)
    )
    """,
    "insi_lot": """
    CREATE TABLE insi_lot (
        id uuid NOT NULL,
        made timestamptz NOT NULL,
        tenant int NOT NULL,
        is_deposited boolean NOT NULL DEFAULT false,
        PRIMARY KEY (tenant, id)
    )
    """,
}
INDEXES = (
    "CREATE INDEX insi_watch_due ON insi_watch (tenant, state, due)",
    "CREATE INDEX insi_watch_nia ON insi_watch (tenant, patient) WHERE is_nia",
    "CREATE INDEX insi_watch_lot ON insi_watch (tenant, lot) WHERE lot IS NOT NULL",
)


def upgrade() -> None:
    """Make the tables, walled between tenants."""
    op.execute("SET LOCAL ROLE usager_owner")
    wall = f"tenant = {CURRENT_TENANT}"
    for name, statement in TABLES.items():
        op.execute(statement)
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {name} USING ({wall}) WITH CHECK ({wall})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO usager_app, usager_worker")
    for statement in INDEXES:
        op.execute(statement)
    op.execute("RESET ROLE")
