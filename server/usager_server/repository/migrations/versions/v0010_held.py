"""A matricule INS is borne by one active record of a tenant: the tokens of what may be held once only are unique."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The heads of the tokens of Patient `:held` (`search/hashing.py`); no other token lies between them.
INDEX = """
CREATE UNIQUE INDEX index_token_held ON index_token (tenant, head, tail)
WHERE head >= -96841728 AND head <= -96837633
"""


def upgrade() -> None:
    """Make the index. Time: one look at each token that is there; the index itself stays as small as what it holds."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(INDEX)
    op.execute("RESET ROLE")
