"""JSON Patch, RFC 6902, on trees that keep their decimals."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import jiter

from usager_server.errors import Invalid, Unprocessable
from usager_server.interactions.limits import PATCH_COPIES_LIMIT, PATCH_OPERATIONS_LIMIT

INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
MEMBERS = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "from"),
    "copy": ("path", "from"),
    "test": ("path", "value"),
}


def apply_json_patch(tree: Any, operations: Any) -> Any:
    """Return the tree after all operations; the tree given may be changed on the way.

    Errors  Invalid (400) for a malformed patch, Unprocessable (422) for an operation that does not apply.
    """
    if not isinstance(operations, list):
        raise Invalid("A JSON Patch is an array of operations", code="structure")
    if len(operations) > PATCH_OPERATIONS_LIMIT:
        raise Invalid(f"A JSON Patch may have at most {PATCH_OPERATIONS_LIMIT} operations", code="too-long")
    copied = 0
    for number, operation in enumerate(operations):
        step = _Step(number, operation)
        if step.name == "copy":
            copied += size(step.find(tree, step.source))
            if copied > PATCH_COPIES_LIMIT:
                raise Unprocessable(
                    f"{step.place}: the patch copies over {PATCH_COPIES_LIMIT} values", code="too-costly"
                )
        tree = step.apply(tree)
    return tree


class _Step:
    """One operation of a patch, and its place for the diagnostics."""

    def __init__(self, number: int, operation: Any) -> None:
        self.place = f"operation {number}"
        name = operation.get("op") if isinstance(operation, Mapping) else None
        if not isinstance(name, str) or name not in MEMBERS:
            raise Invalid(f"{self.place}: op is one of {', '.join(MEMBERS)}, not {name!r}", code="value")
        for member in MEMBERS[name]:
            if member not in operation:
                raise Invalid(f"{self.place}: {name} needs {member!r}", code="required")
        self.name = name
        self.value = operation.get("value")
        self.path = self.pointer(operation["path"])
        self.source = self.pointer(operation["from"]) if "from" in MEMBERS[name] else []

    def pointer(self, text: Any) -> list[str]:
        """Return the steps of a JSON Pointer. Source: RFC 6901."""
        if not isinstance(text, str) or (text and not text.startswith("/")) or re.search(r"~(?![01])", text):
            raise Invalid(f"{self.place}: {text!r} is not a JSON Pointer", code="value")
        return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]

    def apply(self, tree: Any) -> Any:
        """Return the tree after this operation."""
        match self.name:
            case "add":
                return self.add(tree, self.path, clone(self.value))
            case "remove":
                return self.remove(tree, self.path)[0]
            case "replace":
                return self.replace(tree)
            case "move":
                if self.path[: len(self.source)] == self.source and len(self.path) > len(self.source):
                    raise Unprocessable(f"{self.place}: a value cannot move into itself", code="processing")
                tree, value = self.remove(tree, self.source)
                return self.add(tree, self.path, value)
            case "copy":
                return self.add(tree, self.path, clone(self.find(tree, self.source)))
        if not same(self.find(tree, self.path), self.value):
            raise Unprocessable(f"{self.place}: the value at {self.shown(self.path)} is another", code="processing")
        return tree

    def find(self, tree: Any, path: list[str]) -> Any:
        """Return the value at a pointer."""
        for depth, step in enumerate(path):
            if isinstance(tree, dict) and step in tree:
                tree = tree[step]
            elif isinstance(tree, list) and INDEX.fullmatch(step) and int(step) < len(tree):
                tree = tree[int(step)]
            else:
                raise self.nothing_at(path[: depth + 1])
        return tree

    def add(self, tree: Any, path: list[str], value: Any) -> Any:
        """Put a value into an object, or before an index of an array; "-" is the end."""
        if not path:
            return value
        holder, last = self.find(tree, path[:-1]), path[-1]
        if isinstance(holder, dict):
            holder[last] = value
        elif isinstance(holder, list) and last == "-":
            holder.append(value)
        elif isinstance(holder, list) and INDEX.fullmatch(last) and int(last) <= len(holder):
            holder.insert(int(last), value)
        else:
            raise self.nothing_at(path)
        return tree

    def remove(self, tree: Any, path: list[str]) -> tuple[Any, Any]:
        """Take a value away; return the tree and the value."""
        value = self.find(tree, path)
        if not path:
            return None, value
        holder = self.find(tree, path[:-1])
        if isinstance(holder, dict):
            del holder[path[-1]]
        else:
            del holder[int(path[-1])]
        return tree, value

    def replace(self, tree: Any) -> Any:
        """Put a value in the place of another, which must be there."""
        self.find(tree, self.path)
        if not self.path:
            return clone(self.value)
        holder, last = self.find(tree, self.path[:-1]), self.path[-1]
        holder[last if isinstance(holder, dict) else int(last)] = clone(self.value)
        return tree

    def nothing_at(self, path: list[str]) -> Unprocessable:
        return Unprocessable(f"{self.place}: there is nothing at {self.shown(path)}", code="processing")

    @staticmethod
    def shown(path: list[str]) -> str:
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path) or "the root"


def clone(tree: Any) -> Any:
    """Return a copy that shares nothing that can change."""
    if isinstance(tree, dict):
        return {name: clone(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [clone(value) for value in tree]
    return tree


def size(tree: Any) -> int:
    """Return how many values a tree holds, itself included."""
    if isinstance(tree, dict):
        return 1 + sum(size(value) for value in tree.values())
    return 1 + sum(size(value) for value in tree) if isinstance(tree, list) else 1


def same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are equal, numbers by what they are worth (RFC 6902 4.6)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if _is_number(one) and _is_number(other):
        return _worth(one) == _worth(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | jiter.LosslessFloat)


def _worth(value: Any) -> Decimal:
    return Decimal(bytes(value).decode() if isinstance(value, jiter.LosslessFloat) else str(value))
