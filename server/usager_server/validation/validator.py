"""The validator of the house: R4's structure and the installed profiles, behind the two methods of the protocol."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from usager_server.definitions import Definitions
from usager_server.errors import Issue
from usager_server.validation.conformance import Conformance, read_folder
from usager_server.validation.conformance.extensions import contexts_of, find_extensions, is_in_context, path_of
from usager_server.validation.conformance.selection import by_reference
from usager_server.validation.findings import Finding, Findings, issues, one, short, under
from usager_server.validation.limits import CHECK_SECONDS, FINDINGS_LIMIT
from usager_server.validation.profile import Profiles
from usager_server.validation.structure import Structure
from usager_server.validation.walk import Clock, Walk

FR_CORE = Path(__file__).parents[1] / "profiles" / "fr-core"


class HouseValidator:
    """Checks resources. Built once; compiles what it needs as resources are met.

    Shape   resources are the conformance resources that plugins bring, besides those in the folders; the last of a
            canonical wins.
    """

    def __init__(
        self,
        definitions: Definitions,
        resources: Iterable[Mapping[str, Any]] = (),
        folders: Sequence[Path] = (FR_CORE,),
        *,
        known_files_only: bool = False,
    ) -> None:
        self._definitions = definitions
        installed = [each for folder in folders for each in read_folder(folder)]
        self.conformance = Conformance(definitions, [*installed, *resources])
        self._structure = Structure(definitions, known_files_only=known_files_only)
        self._advice = Structure(definitions, ("warning",))
        self._profiles = Profiles(definitions, self.conformance)

    def structure(
        self, resource: dict[str, Any], expected_type: str | None = None, *, seconds: float = CHECK_SECONDS
    ) -> Sequence[Issue]:
        """Return what breaks R4: errors only, each with its FHIRPath; empty when all is well. Errors: TooCostly."""
        return self._structure.check(resource, expected_type, seconds)

    def advice(self, resource: dict[str, Any], *, seconds: float = CHECK_SECONDS) -> Sequence[Issue]:
        """Return the warnings of R4 for a resource without errors: best practice, never a refusal."""
        return self._advice.check(resource, seconds=seconds)

    def knows(self, canonical: str) -> bool:
        """Tell whether a profile, or the R4 type of that canonical, can be checked here."""
        return self.conformance.target_type(canonical) is not None

    def profiles(
        self, resource: dict[str, Any], profiles: Sequence[str] = (), *, seconds: float = CHECK_SECONDS
    ) -> Sequence[Issue]:
        """Return what breaks the profiles named by meta.profile, and those given besides.

        Shape   errors, warnings for extensible bindings and for profiles that are not installed. Resources in a Bundle,
                and contained ones, are checked against the profiles they name themselves.
        """
        walk = Walk(resource, bundle=by_reference(resource), clock=Clock(seconds))
        findings: Findings = []
        refused = False
        for finding in self._check(resource, profiles, walk):
            findings.append(finding)
            refused = refused or finding.severity == "error"
            if refused and len(findings) > FINDINGS_LIMIT:
                break
        return issues(str(resource.get("resourceType")), findings) if findings else []

    def _check(self, resource: dict[str, Any], profiles: Sequence[str], walk: Walk) -> Iterator[Finding]:
        meta = resource.get("meta")
        claimed = meta.get("profile", ()) if type(meta) is dict else ()
        for canonical in dict.fromkeys([*profiles, *claimed]):
            yield from self._claimed(canonical, resource, walk)
        yield from self._extensions(resource, walk)
        for step, inner in _inner(resource):
            contained = step.startswith(".contained")
            found = self._check(inner, (), walk if contained else Walk(inner, bundle=walk.bundle, clock=walk.clock))
            yield from (finding for each in found for finding in under(step, [each]))

    def _claimed(self, canonical: str, resource: dict[str, Any], walk: Walk) -> Findings:
        check = self._profiles.check(canonical)
        kind = self.conformance.target_type(canonical)
        if kind is not None and not self._definitions.is_a(str(resource.get("resourceType")), kind):
            return one("structure", f"the profile {short_canonical(canonical)} is one of {kind}", step=".meta.profile")
        if check is None:
            if kind is not None:
                return []  # R4's own definition of the type
            text = f"the profile {short_canonical(canonical)} is not installed here: it was not checked"
            return [Finding("not-found", text, severity="warning", steps=[".meta.profile"])]
        outer, walk.resource = walk.resource, resource
        found = check(resource, walk) or []
        walk.resource = outer
        for finding in found:
            finding.text = f"{finding.text} [{canonical.rpartition('/')[2]}]"
        return found

    def _extensions(self, resource: dict[str, Any], walk: Walk) -> Iterator[Finding]:
        kind = str(resource.get("resourceType"))
        for steps, extension in find_extensions(resource, self.conformance.extensions):
            url = extension["url"]
            place = path_of(steps, kind, self._definitions)
            definition = self.conformance.profile(url) or {}
            parent = _at(resource, steps[:-1]).get("url")
            if not is_in_context(definition, contexts_of(steps, kind, self._definitions), parent):
                yield from one("structure", f"the extension {short_canonical(url)} may not stand here", step=place)
            check = self._profiles.check(url)
            yield from under(place, check(extension, walk) or [] if check is not None else [])


def short_canonical(canonical: str) -> str:
    """Return a canonical that fits in a sentence."""
    return canonical if len(canonical) <= 120 else short(canonical.rpartition("/")[2])


def _entries(resource: dict[str, Any]) -> Sequence[dict[str, Any]]:
    entries = resource.get("entry", ()) if resource.get("resourceType") == "Bundle" else ()
    return [entry for entry in entries if type(entry) is dict] if type(entries) is list else ()


def _inner(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    contained = resource.get("contained", ())
    for index, each in enumerate(contained if type(contained) is list else ()):
        if type(each) is dict:
            yield f".contained[{index}]", each
    for index, entry in enumerate(_entries(resource)):
        if type(entry.get("resource")) is dict:
            yield f".entry[{index}].resource", entry["resource"]


def _at(resource: dict[str, Any], steps: Sequence[tuple[str, int | None]]) -> dict[str, Any]:
    node: Any = resource
    for name, index in steps:
        node = node[name] if index is None else node[name][index]
    return node if type(node) is dict else {}
