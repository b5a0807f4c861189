"""Reads the whole chain of the traces, and says what is wrong with it."""

from dataclasses import dataclass

from usager_server.environment import SettingsError
from usager_server.proxy.chain import Checker
from usager_server.proxy.database import Database
from usager_server.proxy.settings import ProxySettings
from usager_server.proxy.traces import links


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. Shape: faults a line each."""

    count: int
    faults: list[str]


async def verified(settings: ProxySettings, heads: dict[int, bytes]) -> Verified:
    """Return what is wrong with the traces. Errors: Unavailable."""
    database, checker, found = Database(settings.database_url, settings.pool_size), Checker(heads), []
    try:
        async with database.connection() as connection:
            async for link in links(connection):
                found += list(checker.faults(link))
    finally:
        await database.close()
    return Verified(checker.count, [*found, *checker.missing()])


def parse_head(text: str) -> tuple[int, bytes]:
    """Return the number and the digest of a head. Errors: SettingsError."""
    number, _, digest = text.partition(":")
    try:
        return int(number), bytes.fromhex(digest)
    except ValueError as error:
        raise SettingsError("--head is NUMBER:DIGEST, the digest in hexadecimal") from error
