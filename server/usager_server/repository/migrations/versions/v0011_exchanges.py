"""The exchanges with national services are found among the traces without reading the others, for the dashboards."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index. Time: one look at each trace that is there; the index holds the exchanges only."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute("CREATE INDEX trace_exchange ON trace (tenant, row) WHERE kind = 'national-exchange'")
    op.execute("RESET ROLE")
