"""A batch that INSi refused is handed in again after a pause: how often, why and when it was, and when it is tried."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = 'ADD COLUMN refused timestamptz, ADD COLUMN again timestamptz, ADD COLUMN code text COLLATE "C"'


def upgrade() -> None:
    """Add the columns: those of a batch that was never refused are empty."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(f"ALTER TABLE insi_lot ADD COLUMN refusals smallint NOT NULL DEFAULT 0, {COLUMNS}")
    op.execute("RESET ROLE")
