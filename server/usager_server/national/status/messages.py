"""The wire: the summary that a status page publishes, as dataclasses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_COMPONENTS = 500
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Component:
    """One service. Shape: status as published (operational, degraded_performance, partial_outage, major_outage,
    under_maintenance, or one that we do not know yet); updated None when the page does not say."""

    name: str
    status: str
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole page. Shape: indicator as published: none, minor, major, critical, maintenance."""

    indicator: str
    components: tuple[Component, ...]


def parse_summary(content: bytes) -> Summary:
    """Return the summary of a page.

    Errors  ValueError, which says what is missing or too large.
    Source  Statuspage API v2, GET /api/v2/summary.json.
    """
    page = json.loads(content)
    status, components = _object(page, "status"), _object_list(page, "components")
    if len(components) > MOST_COMPONENTS:
        raise ValueError(f"components has more than {MOST_COMPONENTS} entries")
    kept = tuple(_component(it) for it in components if it.get("group") is not True)
    return Summary(_text(status, "indicator"), kept)


def _component(given: Mapping[str, Any]) -> Component:
    updated = given.get("updated_at")
    return Component(
        _text(given, "name"),
        _text(given, "status"),
        _instant(updated) if updated is not None else None,
    )


def _object(given: Any, name: str) -> Mapping[str, Any]:
    value = given.get(name) if isinstance(given, Mapping) else None
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is missing, or not an object")
    return value


def _object_list(given: Any, name: str) -> list[Mapping[str, Any]]:
    value = given.get(name) if isinstance(given, Mapping) else None
    if not isinstance(value, list) or not all(isinstance(it, Mapping) for it in value):
        raise ValueError(f"{name} is missing, or not a list of objects")
    return value


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
        raise ValueError(f"{name} is missing, or not a text of at most {LONGEST_NAME} characters")
    return value.strip()


def _instant(value: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError("updated_at is not a date and time with its zone")
    return instant
