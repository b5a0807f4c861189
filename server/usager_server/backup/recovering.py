"""After the operator brought PostgreSQL itself back to an earlier instant: what a restoration would have done then."""

from collections.abc import Mapping
from dataclasses import dataclass

from usager_server.backup.chains import anchors_at, trace_restoration, verify_chains, void_anchors
from usager_server.backup.manifest import heads_told
from usager_server.backup.place import place
from usager_server.repository import copying, replacing
from usager_server.repository.aftermath import end_what_lived
from usager_server.repository.opening import check
from usager_server.requirements import fulfils
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found and done. Shape: ended: how many sessions, grants... were."""

    ended: Mapping[str, int]
    links: int


@fulfils("SC.SSI/GEN.21.BIS")
async def recovered(settings: Settings) -> Recovered:
    """See that walls stand and chains are whole, end what lived then, and say which traces were lost since.

    Order   what was lost is said among the anchors before traces that had no link yet get one: killed at any moment, it
            may be run again. Run again later, it ends what was begun in between.
    Errors  BackupRefused, BackupFailed, Conflict when somebody is connected, Unavailable.
    """
    with place(settings) as found:
        await replacing.refuse_in_use(found.url)
        await check(found.served_url)
        async with copying.seeing_all(found.url) as connection:
            heads = heads_told(await copying.chain_heads(connection))
        void_anchors(settings, heads)
        links = await verify_chains(found.served_url, heads, anchors_at(settings, settings.data_dir))
        async with copying.seeing_all(found.url) as connection:
            ended = await end_what_lived(connection)
        await trace_restoration(found.served_url, {"recovered": True, **ended})
        return Recovered(ended, links)
