"""Items -> requests that may be sent twice: after a kill, nobody knows whether the last one arrived.

A resource goes by PUT under its own id, or under one made from what it says (`naming.py`). The entries of a transaction
or batch that would create are made to do the same. A CDA document carries its own id, which the import recognises.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.jsontext import build_json
from usager_server.loading.naming import made_id
from usager_server.loading.sources import Item

FHIR_JSON = "application/fhir+json"
BATCH_ITEMS = 100
BATCH_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shipment:
    """One request.

    Shape   items all come from one file; path is what stands after the base URL.
    """

    items: Sequence[Item]
    path: str
    content_type: str
    body: bytes

    @property
    def size_bytes(self) -> int:
        """Return how much of the file it stands for."""
        return sum(item.size_bytes for item in self.items)


def shipments(items: Iterable[Item]) -> Iterator[Shipment]:
    """Yield requests: resources together, up to a hundred, Bundles and documents one by one."""
    held: list[Item] = []
    for item in items:
        if item.kind != "resource":
            yield ALONE[item.kind](item)
            continue
        if held and (len(held) == BATCH_ITEMS or sum(each.size_bytes for each in held) + item.size_bytes > BATCH_BYTES):
            yield together(held)
            held = []
        held.append(item)
    if held:
        yield together(held)


def together(items: Sequence[Item], kind: str = "transaction") -> Shipment:
    """Return resources as one Bundle; as a batch, each is accepted or refused alone."""
    entries = [_entry(item.content, item.content["id"]) for item in items]
    return Shipment(tuple(items), "", FHIR_JSON, _bundle(kind, entries))


def _ordered(item: Item) -> Shipment:
    entries = item.content.get("entry")
    if isinstance(entries, list):
        entries = [_safe_twice(entry, made_id(item.name, number)) for number, entry in enumerate(entries)]
        return Shipment((item,), "", FHIR_JSON, build_json({**item.content, "entry": entries}))
    return Shipment((item,), "", FHIR_JSON, build_json(item.content))


def _document(item: Item) -> Shipment:
    return Shipment((item,), "DocumentReference/$import-cda", "application/xml", item.content)


def _unreadable(item: Item) -> Shipment:
    """Return what is never sent: it only carries the reason to the summary."""
    return Shipment((item,), "", "", b"")


ALONE: Mapping[str, Callable[[Item], Shipment]] = {
    "bundle": _ordered,
    "cda": _document,
    "unreadable": _unreadable,
}


def _safe_twice(entry: Any, resource_id: str) -> Any:
    """Return a creating entry as an update under an id of ours; any other as it is (it may be sent twice already)."""
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
        return entry
    request, resource = entry.get("request") or {}, entry["resource"]
    if (
        request.get("method") != "POST"
        or "ifNoneExist" in request
        or request.get("url") != resource.get("resourceType")
    ):
        return entry
    return {**entry, **_entry(resource, resource_id)}


def _entry(resource: dict[str, Any], resource_id: str) -> dict[str, Any]:
    address = f"{resource['resourceType']}/{resource_id}"
    return {"resource": {**resource, "id": resource_id}, "request": {"method": "PUT", "url": address}}


def _bundle(kind: str, entries: list[dict[str, Any]]) -> bytes:
    return build_json({"resourceType": "Bundle", "type": kind, "entry": entries})
