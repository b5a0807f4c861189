"""Records that a professional opened in an emergency (bris de glace): by whom, why, until when. Rows are kept."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE emergency (
    row bigint NOT NULL,
    opened timestamptz NOT NULL,
    until timestamptz NOT NULL,
    tenant int NOT NULL,
    reader text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant, reader, row, opened)
)
"""


def upgrade() -> None:
    """Make the table, walled between tenants."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(TABLE)
    op.execute("ALTER TABLE emergency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    wall = f"tenant = {CURRENT_TENANT}"
    op.execute(f"CREATE POLICY tenant ON emergency USING ({wall}) WITH CHECK ({wall})")
    op.execute("GRANT SELECT, INSERT ON emergency TO usager_app, usager_worker")
    op.execute("GRANT UPDATE (until) ON emergency TO usager_app, usager_worker")
    op.execute("RESET ROLE")
