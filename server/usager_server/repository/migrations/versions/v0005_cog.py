"""The editions of the code officiel géographique that were imported."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE cog_edition (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    imported timestamptz NOT NULL DEFAULT now(),
    name text NOT NULL,
    content bytea NOT NULL
)
"""


def upgrade() -> None:
    """Make the table, which every tenant may read and the owner alone may write."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(TABLE)
    op.execute("GRANT SELECT ON cog_edition TO usager_app, usager_worker")
    op.execute("RESET ROLE")
