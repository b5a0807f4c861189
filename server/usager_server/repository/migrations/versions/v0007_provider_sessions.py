"""An identity provider that ends a session knows nothing of tenants: which of them hold it?

Runs as the owner, since the server sees one tenant at a time. It tells tenants' numbers to who can name a session.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION tenants_of_provider(issuer text, named_sid text, named_subject text) RETURNS SETOF int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    of_tenant int;
    before text := current_setting('app.tenant', true);
BEGIN
    FOR of_tenant IN SELECT t.tenant FROM public.tenant t LOOP
        PERFORM set_config('app.tenant', of_tenant::text, true);
        IF EXISTS (
            SELECT FROM public.session AS s
            WHERE s.tenant = of_tenant AND s.provider = issuer AND s.ended IS NULL
            AND CASE WHEN named_sid IS NULL THEN s.provider_subject = named_subject ELSE s.provider_sid = named_sid END
        ) THEN
            RETURN NEXT of_tenant;
        END IF;
    END LOOP;
    PERFORM set_config('app.tenant', coalesce(before, ''), true);
END $$
"""


def upgrade() -> None:
    """Make the function, for the server alone."""
    op.execute("SET LOCAL ROLE usager_owner")
    op.execute(FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION tenants_of_provider(text, text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION tenants_of_provider(text, text, text) TO usager_app, usager_worker")
    op.execute("RESET ROLE")
