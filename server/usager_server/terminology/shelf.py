"""Where code systems and value sets are found: resources that were given, then what R4 publishes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from usager_server.canonicals import canonical as ours
from usager_server.errors import NotFound, Unprocessable
from usager_server.terminology.code_system import CodeSystem, code_system_of
from usager_server.terminology.composing import DEEPEST, compose
from usager_server.terminology.expansion import Expansion
from usager_server.terminology.published import Listed, Published

PARTIAL = ours("StructureDefinition", "partial-list")
"""Extension of a ValueSet that holds a part of the list it bears the canonical of: what is absent is not refused."""

MADE_OF = ("compose", "expansion", "text", "contained", "extension")

Resource = Mapping[str, Any]


class Shelf:
    """Finds by canonical, and keeps what it has made.

    Order   of two resources with one canonical, the last given wins; one given wins over one of `below`.
    """

    def __init__(self, resources: Iterable[Resource], published: Published, below: "Shelf | None" = None) -> None:
        self._resources: dict[tuple[str, str], list[Resource]] = {}
        self._supplements: dict[str, list[Resource]] = {}
        self._published = published
        self._below = below
        self._systems: dict[tuple[str, str | None], CodeSystem | None] = {}
        self._listed: dict[str, Listed] = {}
        for resource in resources:
            self._put(resource)

    def on_top(self, resources: Iterable[Resource]) -> "Shelf":
        """Return a shelf on which these come first; this one is left as it is."""
        return Shelf(resources, self._published, self)

    def resource(self, kind: str, canonical: str) -> Resource | None:
        """Return the resource of a canonical, the last version when it names none; None when R4 alone may have it."""
        url, _, version = canonical.partition("|")
        for each in reversed(self._resources.get((kind, url), ())):
            if not version or each.get("version") == version:
                return each
        return self._below.resource(kind, canonical) if self._below else None

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Return a code system, or None when it is not known here."""
        key = (url, version)
        if key not in self._systems:
            self._systems[key] = self._make_code_system(url, version)
        return self._systems[key]

    def value_set(self, canonical: str) -> Listed:
        """Return a value set with its members.

        Errors  NotFound (404) when it is not known here; Unprocessable (422) when it cannot be listed, saying why.
        """
        if canonical not in self._listed:
            self._listed[canonical] = self._make_value_set(canonical, ())
        return self._listed[canonical]

    def expanded(self, canonical: str, path: Sequence[str] = ()) -> Expansion:
        """Return the members of a value set that others led to. Errors: as value_set."""
        if canonical in path:
            raise Unprocessable(f"The value set {canonical[:200]} includes itself", "ValueSet.compose.include.valueSet")
        if len(path) >= DEEPEST:
            text = f"The value set includes others, over {DEEPEST} deep"
            raise Unprocessable(text, "ValueSet.compose.include.valueSet", code="too-costly")
        if canonical not in self._listed:
            self._listed[canonical] = self._make_value_set(canonical, path)
        return self._listed[canonical].expansion

    def listed(self, resource: Resource, path: Sequence[str] = ()) -> Listed:
        """Return a ValueSet resource with its members. Errors: Unprocessable (422)."""
        is_partial = any(each.get("url") == PARTIAL for each in resource.get("extension", ()))
        about = {name: value for name, value in resource.items() if name not in MADE_OF}
        return Listed(about, compose(resource, self, path, is_partial=is_partial))

    def _put(self, resource: Resource) -> None:
        if "url" not in resource:
            return
        if resource.get("content") == "supplement":
            self._supplements.setdefault(resource["supplements"].partition("|")[0], []).append(resource)
        else:
            self._resources.setdefault((resource["resourceType"], resource["url"]), []).append(resource)

    def _make_code_system(self, url: str, version: str | None) -> CodeSystem | None:
        resource = self._own("CodeSystem", url, version)
        found: CodeSystem | None
        if resource is not None:
            found = code_system_of(resource)
        elif self._below is not None:
            found = self._below.code_system(url, version)
        else:
            found = self._published.code_system(url)
            found = found if found and version in (None, found.version) else None
        supplements = self._supplements.get(url, ())
        return found.supplemented(supplements) if found and supplements else found

    def _own(self, kind: str, url: str, version: str | None) -> Resource | None:
        known = self._resources.get((kind, url), ())
        return next((each for each in reversed(known) if version in (None, each.get("version"))), None)

    def _make_value_set(self, canonical: str, path: Sequence[str]) -> Listed:
        resource = self.resource("ValueSet", canonical)
        if resource is not None:
            return self.listed(resource, (*path, canonical))
        url, _, version = canonical.partition("|")
        listed = self._published.value_set(url)
        if listed is not None and version in ("", listed.about["version"]):
            return listed
        reason = self._published.why_not(url)
        if reason is not None:
            raise Unprocessable(f"The value set {canonical[:200]} cannot be listed: {reason}", "url", code="too-costly")
        raise NotFound(f"The value set {canonical[:200]!r} is not known here", "url")
