"""A matricule INS is borne by one active record of a tenant: the tokens of what may be held once only are unique."""

from usager_server.repository.migrations.indexes import make_index

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The heads of the tokens of Patient `:held` (`search/hashing.py`); no other token lies between them.
COLUMNS = "(tenant, head, tail) WHERE head >= -96841728 AND head <= -96837633"


def upgrade() -> None:
    """Make the index, which stays as small as what it holds."""
    make_index("index_token_held", "index_token", COLUMNS, unique=True)
