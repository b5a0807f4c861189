"""Bundles written as text: stored resources are spliced in as they are, without being parsed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a Bundle: its relation, the path after the base, the query."""

    relation: str
    path: str
    query: Sequence[tuple[str, str]] | str = ()

    def url(self, base_url: str) -> str:
        """Return the whole address."""
        query = self.query if isinstance(self.query, str) else urlencode(self.query)
        address = f"{base_url}/{self.path}" if self.path else base_url
        return f"{address}?{query}" if query else address


def json_text(text: str) -> str:
    """Return a string as JSON writes it, quotes included."""
    return orjson.dumps(text).decode()


def bundle_text(
    kind: str, base_url: str, links: Iterable[Link], entries: Sequence[str], total: int | None = None
) -> str:
    """Return the JSON text of a Bundle whose entries are texts already."""
    parts = [f'{{"resourceType":"Bundle","type":"{kind}"']
    if total is not None:
        parts.append(f'"total":{total}')
    written = ",".join(f'{{"relation":"{link.relation}","url":{json_text(link.url(base_url))}}}' for link in links)
    if written:
        parts.append(f'"link":[{written}]')
    if entries:
        parts.append(f'"entry":[{",".join(entries)}]')
    return ",".join(parts) + "}"
