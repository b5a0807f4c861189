"""FHIR operations, one file each: its OperationDefinition above its handler. Plugins add theirs the same way."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usager_server.interactions.session import Reply, Session


def never_raw(_media_type: str) -> bool:
    """Say no: the resource is wanted."""
    return False


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """What a caller gave to an operation.

    Shape   parameters: a Parameters resource, whatever way the values came (body, or query string for GET); body and
            content_type: the raw body when it is neither Parameters nor query (a CDA document); a bare resource in JSON
            is put in a Parameters as "resource". resource_type and resource_id None at the upper levels. prefers_raw
            says, of a media type the operation can answer in, whether the caller wants that rather than a resource.
    """

    resource_type: str | None = None
    resource_id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    prefers_raw: Callable[[str], bool] = field(default=never_raw)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Shape   definition is its OperationDefinition (code, system / type / instance, resource, affectsState, parameter);
            accepts lists the raw content types it reads besides FHIR ("application/xml" for CDA).
    """

    definition: Mapping[str, Any]
    handler: "Callable[[Session, OperationRequest], Awaitable[Reply]]"
    accepts: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Return the name after the $."""
        return str(self.definition["code"])
