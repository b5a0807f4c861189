"""Names for what has no id: the same every time, from what it says and how often it was said before in its file.

So a file that was mended and is loaded again brings in what was mended, and nothing twice.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from usager_server.jsontext import build_json

Resource = dict[str, Any]


class Names:
    """The names given in one file. A resource that says the same as one before gets a name of its own."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def of(self, text: bytes) -> str:
        """Return the name of a text at this place of the file."""
        digest = sha256(text.strip()).digest()
        self._seen[digest] += 1
        return f"{digest.hex()}/{self._seen[digest]}"

    def named(self, resource: Resource) -> Resource:
        """Return a resource with an id: its own, else one made of its name."""
        return resource if own_id(resource) else {**resource, "id": made_id(self.of(build_json(resource)))}


def own_id(resource: Mapping[str, Any]) -> str | None:
    """Return the id a resource came with, or None."""
    found = resource.get("id")
    return found if isinstance(found, str) and found else None


def made_id(name: str, number: int = 0) -> str:
    """Return the id of the nth thing of that name."""
    return str(uuid5(NAMESPACE_URL, f"{name}/{number}"))


def linked(resources: list[tuple[str | None, Resource]]) -> list[Resource]:
    """Return the resources of a Bundle, given with their fullUrls, their links to each other by type and id."""
    addresses = {url: f"{resource.get('resourceType')}/{resource['id']}" for url, resource in resources if url}
    return [_relinked(resource, addresses) for _, resource in resources]


def _relinked(tree: Any, addresses: Mapping[str, str]) -> Any:
    if isinstance(tree, list):
        return [_relinked(each, addresses) for each in tree]
    if not isinstance(tree, dict):
        return tree
    made = {name: _relinked(value, addresses) for name, value in tree.items()}
    reference = made.get("reference")
    if isinstance(reference, str) and reference in addresses:
        made["reference"] = addresses[reference]
    return made
