"""The editions of the code officiel géographique that an operator imported: the same for every tenant, none lost."""

from dataclasses import dataclass

from usager_server.repository.connections import Connection
from usager_server.repository.tenants import as_owner

KEEP = """
INSERT INTO cog_edition (name, content, digest) VALUES ($1, $2, sha256($2))
ON CONFLICT (digest) DO UPDATE SET imported = now()
"""
LATEST = "SELECT name, content FROM cog_edition ORDER BY imported DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class KeptEdition:
    """An edition as it is kept. Shape: name is its year; content as `birthplaces/edition.py` writes it."""

    name: str
    content: bytes


async def keep_edition(owner_url: str, edition: KeptEdition) -> None:
    """Keep an edition as the one in use; the same once more is kept once. Errors: Unavailable."""
    async with as_owner(owner_url) as connection:
        await connection.execute(KEEP, edition.name, edition.content)


async def latest_edition(connection: Connection) -> KeptEdition | None:
    """Return the edition in use, None when none was imported."""
    row = await connection.fetchrow(LATEST)
    return None if row is None else KeptEdition(row["name"], row["content"])
