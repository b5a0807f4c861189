"""From a checked resource to what the store keeps: its text around the version number, its row, its index rows."""

from datetime import datetime
from typing import Any, Protocol

from usager_server.errors import Invalid
from usager_server.jsontext import build_json
from usager_server.repository import Draft
from usager_server.repository.ids import row_numbers
from usager_server.repository.limits import STRINGS_LIMIT
from usager_server.search.index import IndexRows

SERVER_META = ("versionId", "lastUpdated")
FIRST = ("resourceType", "id", "meta")


class Registry(Protocol):
    """What is asked of the search parameters here."""

    def index_rows(self, resource: dict[str, Any], tenant: int) -> IndexRows:
        """Return the rows that the resource leaves in the index tables."""
        ...


def draft(
    resource: dict[str, Any],
    resource_id: str,
    *,
    tenant: int,
    now: datetime,
    registry: Registry,
    method: str,
    content: str | None = None,
) -> Draft:
    """Return the resource ready to be stored under this id.

    Shape   resourceType, id and meta first, then the rest in the client's order; of the client's meta all is kept but
            versionId and lastUpdated, which are ours. content is the key of a Binary's bytes.
    Errors  Invalid (400) for more texts to be searched by than one statement can index.
    """
    resource_type = resource["resourceType"]
    index = registry.index_rows(resource, tenant)
    if len(index.strings) > STRINGS_LIMIT:
        text = f"The resource holds over {STRINGS_LIMIT} texts that it can be searched by (names, addresses...)"
        raise Invalid(text, resource_type, code="too-long")
    head, tail = document_around_version(resource, resource_id, now)
    return Draft(
        type=resource_type,
        id=resource_id,
        row=row_numbers.next(),
        head=head,
        tail=tail,
        last_updated=now,
        index=index,
        method=method,
        content=content,
        tenant=tenant,
    )


def document_around_version(resource: dict[str, Any], resource_id: str, now: datetime) -> tuple[str, str]:
    """Return the JSON text before and after the number of the version."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in SERVER_META}
    rest = {name: value for name, value in resource.items() if name not in FIRST}
    head = f'{{"resourceType":"{resource["resourceType"]}","id":"{resource_id}","meta":{{"versionId":"'
    return head, f'","lastUpdated":"{instant(now)}"{_continued(meta)}{_continued(rest)}'


def instant(moment: datetime) -> str:
    """Return a UTC datetime as a FHIR instant, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _continued(members: dict[str, Any]) -> str:
    """Return the members as they follow others in an object, with its closing brace."""
    return "," + build_json(members)[1:].decode() if members else "}"
