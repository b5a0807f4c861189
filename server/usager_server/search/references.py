"""References as text -> what they point at, and the rows of reference parameters."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from usager_server.remembering import REMEMBERED_CHARACTERS
from usager_server.search.hashing import parameter_hash, token_base
from usager_server.search.names import IDENTIFIER, PRESENT_TARGET
from usager_server.search.rows import Rows, Writer
from usager_server.search.writers import TEXT_LEAVES, write_value

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(/_history/[A-Za-z0-9.-]{1,64})?(#.*)?", re.ASCII)
_ABSOLUTE = re.compile(r"(.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(/_history/[A-Za-z0-9.-]{1,64})?", re.ASCII)


def target_of(reference: str, base_url: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the type a reference points at, when it says so, and the texts under which its target is hashed.

    Shape   "Patient/1/_history/2" -> ("Patient", ("Patient/1", "Patient/1/_history/2")); our own absolute address
            likewise; another server's as it is; "#p1" points at nothing outside.
    """
    read = _remembered if len(reference) <= REMEMBERED_CHARACTERS else _read
    return read(reference, base_url)


def _read(reference: str, base_url: str | None) -> tuple[str | None, tuple[str, ...]]:
    if reference.startswith("#"):
        return None, ()
    relative = reference
    if base_url and reference.startswith(base_url):
        relative = reference[len(base_url) :].lstrip("/")
    found = _LOCAL.fullmatch(relative)
    if found:
        key = f"{found[1]}/{found[2]}"
        return found[1], (key, key + found[3]) if found[3] else (key,)
    return _foreign(reference)


_remembered = lru_cache(maxsize=16384)(_read)


def _foreign(reference: str) -> tuple[str | None, tuple[str, ...]]:
    url, bar, _ = reference.partition("|")
    if bar:
        return None, (url, reference)
    found = _ABSOLUTE.fullmatch(reference)
    if found is None:
        return None, (reference,)
    return found[2], (reference[: found.start(4)], reference) if found[4] else (reference,)


def type_of(value: dict[str, Any], resource: dict[str, Any], base_url: str | None) -> str | None:
    """Return the type that a Reference points at, as `resolve() is X` needs it; nothing is read from the store."""
    reference = value.get("reference")
    if not isinstance(reference, str):
        return value.get("type")
    if reference.startswith("#"):
        return _contained_type(reference[1:], resource)
    return target_of(reference, base_url)[0] or value.get("type")


def _contained_type(fragment: str, resource: dict[str, Any]) -> str | None:
    if not fragment:
        return resource.get("resourceType")
    found = (inner.get("resourceType") for inner in resource.get("contained", ()) if inner.get("id") == fragment)
    return next(found, None)


def reference_writer(resource_type: str, name: str, leaf: str, base_url: str | None) -> Writer | None:
    """Return what writes a Reference, a canonical or uri, or a resource that lies inside (Bundle.entry.resource)."""
    parameter = parameter_hash(resource_type, name)
    point = _pointer(parameter, base_url)
    if leaf == "Reference":
        return _reference(point, token_base(resource_type, name + IDENTIFIER))
    if leaf == "Resource":
        return _inside(point)
    return point if leaf in TEXT_LEAVES else None


def _pointer(parameter: int, base_url: str | None) -> Callable[[str, Rows], None]:
    def write(reference: str, rows: Rows) -> None:
        for key in target_of(reference, base_url)[1] or (PRESENT_TARGET,):
            rows.references.append((parameter, rows.reference(key)))

    return write


def _reference(point: Callable[[str, Rows], None], identifier: int) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        point(value.get("reference") or "#", rows)
        held = value.get("identifier")
        if held and (number := held.get("value")):
            write_value(identifier, held.get("system"), number, rows)

    return write


def _inside(point: Callable[[str, Rows], None]) -> Writer:
    def write(value: dict[str, Any], rows: Rows) -> None:
        kind, key = value.get("resourceType"), value.get("id")
        point(f"{kind}/{key}" if kind and key else "#", rows)

    return write
