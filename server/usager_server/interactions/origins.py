"""What a version of a document keeps of the one before: that it came from elsewhere, as long as it is here."""

from typing import Any

from usager_server.errors import Unprocessable
from usager_server.interactions.identities import is_identity_written
from usager_server.jsontext import parse_json
from usager_server.repository import Stored
from usager_server.traces.origins import FACES, SYSTEM, origin_of, tag


def is_compared(resource_type: str) -> bool:
    """Say whether what is written of this type is compared with the version before."""
    return is_identity_written(resource_type) or resource_type in FACES


def kept_origin(resource: dict[str, Any], current: Stored | None) -> dict[str, Any]:
    """Return a document as it is stored, with the origin of the version that it follows.

    Errors  Unprocessable (422) when it states another one.
    """
    if resource["resourceType"] not in FACES or current is None or SYSTEM not in (current.document or ""):
        return resource
    origin = origin_of(parse_json((current.document or "").encode()))
    if origin is None:
        return resource
    meta = resource.get("meta", {})
    tags = meta.get("tag", [])
    if not any(each.get("system") == SYSTEM for each in tags):
        return {**resource, "meta": {**meta, "tag": [*tags, tag(origin)]}}
    if origin_of(resource) is not origin:
        text = f"The document came from {origin}, which is kept as long as it is here: leave this tag as it is"
        raise Unprocessable(text, f"{resource['resourceType']}.meta.tag", code="business-rule")
    return resource
