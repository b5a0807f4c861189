"""The chains of traces in what was restored, and the anchors that are ahead of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from usager_server.backup.errors import BackupFailed
from usager_server.backup.manifest import Head
from usager_server.repository.behind import tenant_numbers
from usager_server.repository.connections import Connections
from usager_server.repository.running import Runner
from usager_server.repository.trace_links import DAY_SECONDS, add_links
from usager_server.repository.trace_verifying import verified
from usager_server.repository.tracing import record
from usager_server.settings import Settings
from usager_server.traces.anchors import Anchor, BadAnchors, add_anchors, read_anchors, signing_key
from usager_server.traces.chain import first_hash
from usager_server.traces.event import Event
from usager_server.traces.operator import operator

STATEMENT_SECONDS = 60


def anchors_at(settings: Settings, files: Path) -> Sequence[Anchor]:
    """Return the anchors that are here or, where there are none, those of the backup. Errors: BackupFailed."""
    path = _first(settings.audit_anchors, files / "audit-anchors.txt")
    key = _first(settings.audit_key, files / "audit-key.pem")
    if path is None:
        return []
    if key is None:
        raise BackupFailed(f"{path} cannot be verified: the key that signed it is neither here nor in the backup")
    try:
        return read_anchors(path, signing_key(key))
    except BadAnchors as error:
        raise BackupFailed(str(error)) from error


async def verify_chains(url: str, heads: Mapping[int, Head], anchors: Sequence[Anchor]) -> int:
    """Verify the chain of each tenant and return the number of links.

    Shape   anchors beyond a head were made after the copy: they tell what is lost, not what is wrong. Traces that had
            no link yet get one.
    Errors  BackupFailed, with what is wrong.
    """
    anchors = [it for it in anchors if it.seq <= _seq(heads, it.tenant)]
    connections = Connections(url, size=1, statement_timeout_seconds=STATEMENT_SECONDS)
    links, wrong = 0, []
    try:
        for tenant in await tenant_numbers(connections):
            runner = Runner(connections, tenant)
            while await add_links(runner, DAY_SECONDS):
                pass
            verdict = await verified(runner, anchors)
            links += verdict.links
            wrong += [f"tenant {tenant}: {finding}" for finding in verdict.findings]
    finally:
        await connections.close()
    if wrong:
        raise BackupFailed("\n".join(["the traces are not whole", *wrong]))
    return links


def void_anchors(settings: Settings, heads: Mapping[int, Head]) -> None:
    """Say, signed, among the anchors that are here, from which links on a restoration made others void."""
    if not settings.audit_anchors.exists():
        return
    key = signing_key(settings.audit_key)
    ahead = {it.tenant for it in read_anchors(settings.audit_anchors, key) if it.seq > _seq(heads, it.tenant)}
    now = datetime.now(UTC)
    lines = [Anchor(tenant, _seq(heads, tenant), _hash(heads, tenant), now, restored=True) for tenant in sorted(ahead)]
    add_anchors(settings.audit_anchors, key, lines)


async def trace_restoration(url: str, detail: Mapping[str, Any]) -> None:
    """Trace it in what was restored, for each tenant."""
    connections = Connections(url, size=1)
    try:
        for tenant in await tenant_numbers(connections):
            await record(Runner(connections, tenant), [Event("restore", operator("restore"), detail=detail)])
    finally:
        await connections.close()


def _seq(heads: Mapping[int, Head], tenant: int) -> int:
    return heads[tenant].seq if tenant in heads else 0


def _hash(heads: Mapping[int, Head], tenant: int) -> bytes:
    return bytes.fromhex(heads[tenant].hash) if tenant in heads else first_hash(tenant)


def _first(*paths: Path) -> Path | None:
    return next((path for path in paths if path.exists()), None)
