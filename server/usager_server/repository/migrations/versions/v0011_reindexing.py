"""What the resources that are stored are indexed by, and how far they are indexed anew after that changed."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Of all tenants: it tells of search parameters, and nothing of anybody's.
EDITION = """
CREATE TABLE index_edition (
    since timestamptz NOT NULL DEFAULT now(),
    type smallint NOT NULL,
    wanted text NOT NULL,
    complete text NOT NULL,
    PRIMARY KEY (type)
)
"""
# Of what was stored before this step nobody knows what it is indexed by: type 0 stands for all of it.
BEFORE = """
INSERT INTO index_edition (type, wanted, complete) SELECT 0, '', '' WHERE pg_relation_size('resource') > 0
"""
REINDEXING = """
CREATE TABLE reindexing (
    reached bigint NOT NULL,
    until bigint NOT NULL,
    total bigint NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL,
    began timestamptz NOT NULL DEFAULT now(),
    moved timestamptz NOT NULL DEFAULT now(),
    ended timestamptz,
    tenant int NOT NULL,
    doubles int NOT NULL DEFAULT 0,
    type smallint NOT NULL,
    PRIMARY KEY (tenant, type)
)
"""


def upgrade() -> None:
    """Make the tables; the second is walled between tenants."""
    op.execute("SET LOCAL ROLE usager_owner")
    for statement in (EDITION, BEFORE, REINDEXING):
        op.execute(statement)
    wall = f"tenant = {CURRENT_TENANT}"
    op.execute("ALTER TABLE reindexing ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON reindexing USING ({wall}) WITH CHECK ({wall})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON index_edition, reindexing TO usager_app, usager_worker")
    op.execute("RESET ROLE")
