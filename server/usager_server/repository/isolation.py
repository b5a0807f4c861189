"""Is the wall between tenants up? Asked of the catalogue at start and in the tests."""

from typing import Any

import asyncpg

from usager_server.errors import Unavailable

# Tables without tenant: the version of the schema, the public lists of places of birth, and by which search parameters
# resources are indexed. Nothing of anybody's.
SHARED_TABLES = ("alembic_version", "cog_edition", "index_edition")

UNWALLED = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f', 'v') AND c.relname <> ALL ($1)
AND NOT (
    c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polroles = '{0}')
)
ORDER BY 1
"""

# A second permissive policy would open what the first one closes.
EXTRA_POLICIES = """
SELECT c.relname FROM pg_class AS c JOIN pg_policy AS p ON p.polrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND p.polpermissive
AND (p.polroles = '{0}' OR EXISTS (SELECT FROM unnest(p.polroles) AS r WHERE pg_has_role(current_user, r, 'MEMBER')))
GROUP BY 1 HAVING count(*) > 1 ORDER BY 1
"""

# Whoever copies the cluster, reads its files, runs programs as its user, or gives roles away is held by no policy.
ABOVE_THE_WALL = """
SELECT r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication
    OR pg_has_role('pg_execute_server_program', 'MEMBER') OR pg_has_role('pg_read_server_files', 'MEMBER')
    OR pg_has_role('pg_write_server_files', 'MEMBER')
    OR EXISTS (
        SELECT FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND pg_has_role(current_user, c.relowner, 'MEMBER')
    )
FROM pg_roles AS r WHERE r.rolname = current_user
"""


async def refuse_open_wall(connection: "asyncpg.Connection[Any]") -> None:
    """Refuse to serve with a role that row-level security does not hold, or with a table it does not cover.

    Errors  Unavailable, with what to mend.
    """
    if await connection.fetchval(ABOVE_THE_WALL):
        raise Unavailable(
            "The database role of USAGER_DATABASE_URL is a superuser, bypasses row-level security, owns the tables, or "
            "may create roles, replicate, or read files or run programs of the database's machine: "
            "connect as usager_app, or as a role that is a member of usager_app only."
        )
    if tables := await unwalled_tables(connection):
        raise Unavailable(f"Row-level security is not forced on {', '.join(tables)}: run `usager migrate`.")


async def unwalled_tables(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Return the tables that lack forced row-level security or its policy, or have a policy too many."""
    lacking = await connection.fetch(UNWALLED, SHARED_TABLES)
    doubled = await connection.fetch(EXTRA_POLICIES)
    return [str(name) for (name,) in [*lacking, *doubled]]
