"""Invariants of Bundle."""

from usager_server.validation.invariants.patterns import Node, distinct, has, some
from usager_server.validation.walk import Predicate, Walk


def _only_when(name: str, *types: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        return not has(node, name) or node.get("type") in types

    return holds


def _entries(name: str, *types: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        expected = node.get("type") in types
        return all((name in entry) is expected for entry in node.get("entry", ()))

    return holds


def _first(bundle_type: str, resource_type: str) -> Predicate:
    def holds(node: Node, walk: Walk) -> bool:
        if node.get("type") != bundle_type:
            return True
        first: Node = next(iter(node.get("entry", ())), {})
        return bool(first.get("resource", {}).get("resourceType") == resource_type)

    return holds


def _searched(node: Node, walk: Walk) -> bool:
    return node.get("type") == "searchset" or not any("search" in entry for entry in node.get("entry", ()))


def _version(entry: Node) -> str:
    return str(entry.get("resource", {}).get("meta", {}).get("versionId", ""))


def _distinct_urls(node: Node, walk: Walk) -> bool:
    if node.get("type") == "history":
        return True
    return distinct(entry["fullUrl"] + "|" + _version(entry) for entry in node.get("entry", ()) if "fullUrl" in entry)


def _identified(node: Node, walk: Walk) -> bool:
    identifier = node.get("identifier", {})
    return node.get("type") != "document" or (has(identifier, "system") and has(identifier, "value"))


def _dated(node: Node, walk: Walk) -> bool:
    return node.get("type") != "document" or "timestamp" in node


def _versionless(node: Node, walk: Walk) -> bool:
    return "/_history/" not in node.get("fullUrl", "")


BUNDLES: dict[str, Predicate] = {
    "bdl-1": _only_when("total", "searchset", "history"),
    "bdl-2": _searched,
    "bdl-3": _entries("request", "batch", "transaction", "history"),
    "bdl-4": _entries("response", "batch-response", "transaction-response", "history"),
    "bdl-5": some("resource", "request", "response"),
    "bdl-7": _distinct_urls,
    "bdl-8": _versionless,
    "bdl-9": _identified,
    "bdl-10": _dated,
    "bdl-11": _first("document", "Composition"),
    "bdl-12": _first("message", "MessageHeader"),
}
