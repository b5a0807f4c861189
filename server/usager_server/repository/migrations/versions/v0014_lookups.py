"""What a person lets applications do, and accesses to documents from elsewhere, are found without reading others."""

from usager_server.repository.migrations.indexes import make_index, make_index_of_parts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both beside those who write."""
    make_index("authorization_grant_account", "authorization_grant", "(tenant, account) WHERE account IS NOT NULL")
    # The name under which a detail stands (`traces/origins.py`): quotes of a text within the body are escaped.
    make_index_of_parts("trace_elsewhere", "trace", """(tenant, row) WHERE strpos(body, '"document-from-') > 0""")
