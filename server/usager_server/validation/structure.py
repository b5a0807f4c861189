"""Structure: what R4 itself says of a resource, by checkers compiled from the definitions as resources are met."""

from collections.abc import Sequence
from typing import Any

from usager_server.definitions import Definitions, Element, Type
from usager_server.errors import Issue
from usager_server.validation import bindings, primitives
from usager_server.validation.elements import PairCheck, list_check, pair_check, paired
from usager_server.validation.files import attached
from usager_server.validation.findings import Findings, issues, json_kind, one, short
from usager_server.validation.invariants import Rules
from usager_server.validation.limits import CHECK_SECONDS
from usager_server.validation.narrative import check_div
from usager_server.validation.objects import Choice, Shape, broken, object_check
from usager_server.validation.references import reference_check
from usager_server.validation.walk import Check, Clock, Walk

# Every circle of datatypes goes through one of these.
NESTING = frozenset({"Extension", "Reference"})
# What bears bytes and says of which media type they are.
BEARING_FILES = frozenset({"Attachment", "Binary"})


class Structure:
    """Checks resources against R4.

    Time    about 50 microseconds for a Patient of 3.7 kB; a type costs some milliseconds when first met.
    """

    def __init__(
        self, definitions: Definitions, severities: Sequence[str] = ("error",), *, known_files_only: bool = False
    ) -> None:
        self._definitions = definitions
        self._rules = Rules(definitions, frozenset(severities))
        self._looks_at_files = "error" in severities
        self._known_files_only = known_files_only
        self._types: dict[str, Check] = {}
        self._pairs: dict[tuple[str, str], PairCheck] = {}

    def check(self, resource: Any, expected_type: str | None = None, seconds: float = CHECK_SECONDS) -> list[Issue]:
        """Return what breaks R4, as issues with a FHIRPath each; an empty list when all is well.

        Errors  TooCostly when it takes more than so many seconds.
        """
        if type(resource) is not dict:
            return [Issue("error", "structure", f"The resource is {json_kind(resource)}; a JSON object is expected")]
        found = self._check_resource(resource, Walk(resource, clock=Clock(seconds)))
        name = resource.get("resourceType")
        root = name if type(name) is str and name in self._definitions.resource_types else (expected_type or "Resource")
        if found is None and expected_type is not None and name != expected_type:
            found = one("structure", f"the resource is of type {short(str(name))}; {expected_type} is expected")
        return issues(root, found) if found else []

    def _check_resource(self, resource: dict[str, Any], walk: Walk) -> Findings | None:
        name = resource.get("resourceType")
        if type(name) is not str:
            return one("required", "resourceType is missing, or is not a string")
        check = self._types.get(name)
        if check is None:
            if name not in self._definitions.resource_types:
                return one("structure", f"{short(name)!r} is not a resource type of R4")
            check = self.type_check(name)
        return check(resource, walk)

    def _check_contained(self, resource: Any, walk: Walk) -> Findings | None:
        if type(resource) is not dict:
            return one("structure", f"is {json_kind(resource)}; a resource is expected")
        outer, walk.resource = walk.resource, resource
        found = self._check_resource(resource, walk)
        walk.resource = outer
        return found

    def _check_nested(self, resource: Any, walk: Walk) -> Findings | None:
        if type(resource) is not dict:
            return one("structure", f"is {json_kind(resource)}; a resource is expected")
        return self._check_resource(resource, Walk(resource, walk.depth, clock=walk.clock))

    def type_check(self, name: str) -> Check:
        """Return the checker of a type, made when first asked for."""
        check = self._types.get(name)
        if check is None:
            check = self._types[name] = self._compile(self._definitions.types[name])
        return check

    def _compile(self, known: Type) -> Check:
        if known.kind == "primitive":
            return check_div if known.name == "xhtml" else primitives.CHECKS[known.name]
        checks: dict[str, Check] = {"resourceType": primitives.check_code} if known.kind == "resource" else {}
        check = object_check(self._shape(known), checks, self._rules.of(known.name, known.name, known.invariants))
        if self._looks_at_files and known.name in BEARING_FILES:
            return _with_file(check, known_only=self._known_files_only)
        return check

    def _shape(self, known: Type) -> Shape:
        properties = self._definitions.property_map(known.name)
        choices = [element for element in known.elements if element.choice]
        return Shape(
            name=known.name,
            nests=known.kind in ("resource", "backbone") or known.name in NESTING,
            required=tuple(element.name for element in known.elements if element.min and not element.choice),
            choices=tuple(self._choice(known.name, element) for element in choices),
            steps={name: "." + element.name for name, (element, _) in properties.items() if element.choice},
            learn=lambda name: self._property(known.name, name),
            pair=lambda name: self._pair(known.name, name),
        )

    def _choice(self, type_name: str, choice: Element) -> Choice:
        properties = self._definitions.property_map(type_name)
        names = [name for name, (element, _) in properties.items() if element is choice]
        return Choice(choice.name, frozenset([*names, *("_" + name for name in names)]), choice.min > 0)

    def _property(self, type_name: str, name: str) -> Check | None:
        properties = self._definitions.property_map(type_name)
        if name in properties:
            element, kind = properties[name]
            item = self._item(type_name, element, kind)
            return item if element.max == 1 else list_check(item, element.min, element.max)
        sibling = name[1:] if name.startswith("_") else ""
        return paired if sibling in properties and self._may_have_extensions(*properties[sibling]) else None

    def _may_have_extensions(self, element: Element, kind: str) -> bool:
        # Ids, and the url of an extension, are attributes in XML: they have no room for more.
        if element.attribute or element.name == "id" or kind == "xhtml":
            return False
        return self._definitions.types[kind].kind == "primitive"

    def _pair(self, type_name: str, name: str) -> PairCheck:
        check = self._pairs.get((type_name, name))
        if check is None:
            element, kind = self._definitions.property_map(type_name)[name]
            item = self._item(type_name, element, kind)
            check = pair_check(name, item, self.type_check("Element"), element.max != 1)
            self._pairs[type_name, name] = check
        return check

    def _item(self, type_name: str, element: Element, kind: str) -> Check:
        if kind == "Resource":
            return self._check_contained if element.name == "contained" else self._check_nested
        item = self.type_check(kind)
        if kind == "Reference":
            item = reference_check(item, element.targets, self._definitions)
        if element.binding:
            item = self._bound(item, element.binding.partition("|")[0], kind)
        rules = self._rules.of(f"{type_name}.{element.name}", kind, element.invariants)
        return self._ruled(item, rules) if rules else item

    def _bound(self, item: Check, canonical: str, kind: str) -> Check:
        codes = self._definitions.value_sets.get(canonical)
        if codes is None:
            return item
        if kind in ("code", "uri", "string"):
            return bindings.code_check(canonical, codes, item)
        if kind == "Coding":
            return bindings.coding_check(canonical, codes, item)
        return bindings.concept_check(canonical, codes, item) if kind == "CodeableConcept" else item

    def _ruled(self, item: Check, rules: Sequence[Any]) -> Check:
        def check(value: Any, walk: Walk) -> Findings | None:
            found = item(value, walk)
            if found is None:
                found = [broken(invariant) for holds, invariant in rules if not holds(value, walk)] or None
            return found

        return check


def _with_file(item: Check, *, known_only: bool) -> Check:
    def check(value: Any, walk: Walk) -> Findings | None:
        found = item(value, walk)
        return attached(value, known_only=known_only) if found is None and "data" in value else found

    return check
