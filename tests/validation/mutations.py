"""Resources broken in one place, at random."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from usager_server.jsontext import build_json, parse_json

Place = tuple[Any, Any]
"""A container and a key or an index in it."""


def _replace(value: Any) -> Callable[[Any, Any, Any], None]:
    def change(container: Any, key: Any, old: Any) -> None:
        container[key] = value

    return change


def _rename(container: Any, key: Any, old: Any) -> None:
    if isinstance(container, dict):
        container[f"{key}x"] = container.pop(key)
    else:
        container.append(old)


def _delete(container: Any, key: Any, old: Any) -> None:
    del container[key]


def _wrap(container: Any, key: Any, old: Any) -> None:
    container[key] = [old]


def _unwrap(container: Any, key: Any, old: Any) -> None:
    container[key] = old[0] if isinstance(old, list) else {"value": old}


def _pad(container: Any, key: Any, old: Any) -> None:
    container[key] = f" {old}  x" if isinstance(old, str) else "x"


def _add(container: Any, key: Any, old: Any) -> None:
    if isinstance(container, dict):
        container["foo"] = 1
        container["valueBoolean"] = True
    else:
        container.append(None)


CHANGES: dict[str, Callable[[Any, Any, Any], None]] = {
    "null": _replace(None),
    "text": _replace("bad value"),
    "number": _replace(12),
    "negative": _replace(-3),
    "boolean": _replace(True),
    "empty text": _replace(""),
    "empty list": _replace([]),
    "empty object": _replace({}),
    "odd object": _replace({"foo": "x"}),
    "no such day": _replace("2023-02-30"),
    "renamed": _rename,
    "deleted": _delete,
    "wrapped": _wrap,
    "unwrapped": _unwrap,
    "padded": _pad,
    "added": _add,
}


def mutated(tree: Any, randomness: random.Random) -> tuple[str, Any]:
    """Return what was done, and a copy of the resource with one place changed."""
    copy = parse_json(build_json(tree))
    container, key = randomness.choice(list(_places(copy)))
    label = randomness.choice(list(CHANGES))
    CHANGES[label](container, key, container[key])
    return f"{label} at {key}", copy


def _places(tree: Any) -> Iterator[Place]:
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ())
    for key, value in items:
        if key != "resourceType":
            yield tree, key
            yield from _places(value)
