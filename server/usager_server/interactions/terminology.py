"""The code systems and value sets that a request is about: those stored by its tenant, then those of the house.

What words mean belongs to nobody: they are read in the whole store, whatever the scopes of the caller.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from usager_server.errors import Gone, NotFound, Unprocessable
from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.repository import Stored
from usager_server.terminology import Shelf
from usager_server.terminology.library import KINDS

MOST_NAMES = 200
"""Code systems and value sets that one value set may be made of, those of those included."""

NOTHING = (0, None)

Name = tuple[str, str]
"""("CodeSystem" or "ValueSet", canonical)."""

Resource = Mapping[str, Any]


async def shelf_for(session: Session, wanted: Iterable[Name], given: Sequence[Resource] = ()) -> Shelf:
    """Return where to find what is wanted and all that it is made of.

    Shape   given: resources of the request itself, found before all others.
    Time    one round trip when the tenant has none of its own, or none has changed since the last time; else a search
            of each type a level.
    Errors  Unprocessable (422, too-costly) over MOST_NAMES.
    """
    names = frozenset([*wanted, *(name for resource in given for name in _parts(resource))])
    stamp = await session.repository.whole.stamp(KINDS)
    library = session.house.library
    if stamp == NOTHING:
        shelf = library.shelf
    else:
        key = (session.caller.tenant, stamp, names)
        shelf = library.kept(key) or library.keep(key, await _gathered(session, names))
    return shelf.on_top(given) if given else shelf


async def _gathered(session: Session, names: Iterable[Name]) -> Shelf:
    """Return the shelf of the house with the tenant's own resources on it, those that the names lead to."""
    house = session.house.library.shelf
    waiting, seen = set(names), set[Name]()
    stored: dict[tuple[str, str], Stored] = {}
    while new := waiting - seen:
        seen |= new
        if len(seen) > MOST_NAMES:
            text = f"The value set is made of over {MOST_NAMES} code systems and value sets"
            raise Unprocessable(text, "ValueSet.compose", code="too-costly")
        found = await _stored(session, new)
        stored.update(found)
        known = [resource for name in new if (resource := house.resource(*name))]
        waiting = {name for resource in (*_trees(found.values()), *known) for name in _parts(resource)}
    return house.on_top(_ordered(_trees(stored.values()))) if stored else house


async def resource_of(session: Session, resource_type: str, identifier: str) -> Resource:
    """Return the stored resource of an instance-level operation, or the house's own. Errors: NotFound, Gone."""
    name = f"{resource_type}/{identifier}"
    stored = await session.repository.whole.read(resource_type, identifier)
    stored = stored or session.house.served.get((resource_type, identifier))
    if stored is None:
        raise NotFound(f"{name} is unknown")
    if stored.document is None:
        raise Gone(f"{name} was deleted")
    tree: Resource = parse_json(stored.document.encode())
    return tree


async def _stored(session: Session, names: Iterable[Name]) -> Mapping[tuple[str, str], Stored]:
    """Return the stored resources of these canonicals, all their versions, by type and id."""
    by_type: dict[str, set[str]] = {}
    for resource_type, canonical in names:
        by_type.setdefault(resource_type, set()).add(canonical.partition("|")[0])
    found: dict[tuple[str, str], Stored] = {}
    for resource_type, urls in by_type.items():
        parameters = [("url", ",".join(map(_escaped, sorted(urls)))), ("_count", str(MOST_NAMES))]
        page = await session.repository.whole.search(search_query(session, (resource_type,), parameters, strict=True))
        found.update({(each.stored.type, each.stored.id): each.stored for each in page.entries if each.mode == "match"})
    return found


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$").replace("|", "\\|")


def _trees(stored: Iterable[Stored]) -> Iterator[Resource]:
    for each in stored:
        if each.document is not None:
            yield parse_json(each.document.encode())


def _ordered(resources: Iterable[Resource]) -> Sequence[Resource]:
    """Return resources with the one to prefer last: active, of the latest date, of the highest version."""
    return sorted(
        resources,
        key=lambda each: (each.get("status") == "active", each.get("date", ""), _numbers(each.get("version", ""))),
    )


def _numbers(version: str) -> Sequence[tuple[int, str]]:
    parts = version.replace("-", ".").split(".")
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts]


def _parts(resource: Resource) -> Iterator[Name]:
    """Yield what a value set is made of."""
    definition = resource.get("compose", {})
    for component in (*definition.get("include", ()), *definition.get("exclude", ())):
        if "system" in component:
            yield "CodeSystem", component["system"]
        for canonical in component.get("valueSet", ()):
            yield "ValueSet", canonical
