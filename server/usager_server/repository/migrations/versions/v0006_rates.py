"""The buckets of requests that all processes draw from. They are worth nothing after a crash: no log is written."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = """
CREATE UNLOGGED TABLE rate (
    full_at timestamptz NOT NULL,
    tenant int NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, key)
) WITH (fillfactor = 50)
"""


def upgrade() -> None:
    """Make the table, walled between tenants."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(TABLE)
    op.execute("ALTER TABLE rate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON rate USING (tenant = {CURRENT_TENANT}) WITH CHECK (tenant = {CURRENT_TENANT})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON rate TO usager_app, usager_worker")
    op.execute("RESET ROLE")
