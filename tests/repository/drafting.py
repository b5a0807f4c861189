"""Drafts made without the search parameters of the definitions: the index rows are told by the test."""

from datetime import UTC, datetime
from typing import Any

from usager_server.repository import Draft
from usager_server.repository.drafts import draft
from usager_server.repository.ids import new_uuid
from usager_server.search.index import IndexRows


class ToldRows:
    """A registry that answers the rows it was told."""

    def __init__(self, rows: IndexRows) -> None:
        self._rows = rows

    def index_rows(self, resource: dict[str, Any], tenant: int) -> IndexRows:
        """Return the rows, whatever the resource."""
        return self._rows


def now() -> datetime:
    """Return this instant to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def patient(
    resource_id: str | None = None,
    *,
    family: str = "Martin",
    rows: IndexRows | None = None,
    tenant: int = 1,
    method: str = "PUT",
    instant: datetime | None = None,
    content: str | None = None,
    **more: Any,
) -> Draft:
    """Return the draft of a Patient with this family name."""
    resource = {"resourceType": "Patient", "name": [{"family": family}], **more}
    return draft(
        resource,
        resource_id or str(new_uuid()),
        tenant=tenant,
        now=instant or now(),
        registry=ToldRows(rows or IndexRows()),
        method=method,
        content=content,
    )
