"""Nothing more is written about a record that another one replaces: what refuses it, in the statement that writes."""

from alembic import op

from usager_server.repository.migrations.versions.v0001_store import CURRENT_TENANT

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# A token has fewer bits than a reference: the record decides.
FUNCTION = f"""
CREATE FUNCTION refuse_replaced(target bigint) RETURNS int LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    source text;
BEGIN
    SELECT 'Patient/' || r.id INTO source FROM public.resource AS r
    WHERE r.tenant = {CURRENT_TENANT} AND r.self = target AND r.document LIKE '{{"resourceType":"Patient"%';
    IF source IS NOT NULL THEN
        RAISE EXCEPTION 'replaced' USING ERRCODE = 'US001', DETAIL = source;
    END IF;
    RETURN 0;
END $$
"""  # noqa: S608 - our own text


def upgrade() -> None:
    """Make the function, for those who write."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION refuse_replaced(bigint) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION refuse_replaced(bigint) TO usager_app, usager_worker")
    op.execute("RESET ROLE")
