"""The exchanges with national services are found among the traces without reading the others, for the dashboards."""

from usager_server.repository.migrations.indexes import make_index_of_parts

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index of each month beside those who write, then one of them all; it holds the exchanges only."""
    make_index_of_parts("trace_exchange", "trace", "(tenant, row) WHERE kind = 'national-exchange'")
