"""The exchanges with national services are found among the traces without reading the others, for the dashboards."""

from alembic import op
from sqlalchemy import text

from usager_server.repository.migrations.indexes import make_index

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = "(tenant, row) WHERE kind = 'national-exchange'"
PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace'::regclass ORDER BY 1"


def upgrade() -> None:
    """Make the index of each month beside those who write, then one of them all; it holds the exchanges only."""
    partitions = list(op.get_bind().execute(text(PARTITIONS)).scalars())
    for partition in partitions:
        make_index(f"{partition}_exchange", partition, COLUMNS)
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(f"CREATE INDEX IF NOT EXISTS trace_exchange ON ONLY trace {COLUMNS}")
    for partition in partitions:
        op.execute(f"ALTER INDEX trace_exchange ATTACH PARTITION {partition}_exchange")
    op.execute("RESET ROLE")
