"""FHIRPath Patch: a Parameters resource whose operations say where by FHIRPath."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from usager_server.definitions import Definitions, Element
from usager_server.errors import Invalid, TooCostly, Unprocessable
from usager_server.fhirpath.evaluator import Evaluator
from usager_server.fhirpath.nodes import Environment, Node
from usager_server.interactions.json_patch import clone
from usager_server.interactions.limits import PATCH_OPERATIONS_LIMIT, PATCH_PATH_STEPS, PATCH_PATHS_SECONDS
from usager_server.interactions.subset import choice_name


def apply_fhirpath_patch(definitions: Definitions, tree: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource after all operations; the tree given is changed.

    Errors  Invalid (400) for a malformed patch, Unprocessable (422) for an operation that does not apply.
    Source  FHIR R4 fhirpatch.html.
    """
    parameters = patch.get("parameter", [])
    if not isinstance(parameters, list) or len(parameters) > PATCH_OPERATIONS_LIMIT:
        raise Invalid(
            f"A FHIRPath Patch is a list of at most {PATCH_OPERATIONS_LIMIT} operations", "Parameters.parameter"
        )
    end = monotonic() + PATCH_PATHS_SECONDS
    for number, parameter in enumerate(parameters):
        _Step(definitions, parameter, f"Parameters.parameter[{number}]", end).apply(tree)
    return tree


class _Step:
    """One operation, its place in the patch, and when the paths must have been found."""

    def __init__(self, definitions: Definitions, parameter: Any, place: str, end: float) -> None:
        self.definitions = definitions
        self.place = place
        self.end = end
        if not isinstance(parameter, Mapping) or parameter.get("name") != "operation":
            raise Invalid("Each parameter of a FHIRPath Patch is named 'operation'", f"{place}.name", code="value")
        parts = parameter.get("part", [])
        if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
            raise Invalid("An operation has parts", f"{place}.part", code="structure")
        self.parts: dict[str, Mapping[str, Any]] = {str(part.get("name")): part for part in parts}

    def apply(self, tree: dict[str, Any]) -> None:
        """Change the tree."""
        kind = self.text("type")
        path = self.text("path")
        match kind:
            case "add":
                self.add(self.one(tree, path), self.text("name"))
            case "insert":
                self.insert(tree, path)
            case "delete":
                self.delete(tree, path)
            case "replace":
                self.replace(self.one(tree, path))
            case "move":
                self.move(tree, path)
            case _:
                raise self.malformed(f"type is add, insert, delete, replace or move, not {kind!r}")

    def text(self, name: str) -> str:
        """Return a part that is a text."""
        part = self.parts.get(name, {})
        for key, value in part.items():
            if key.startswith("value") and isinstance(value, str):
                return value
        raise self.malformed(f"{name!r} is missing")

    def number(self, name: str) -> int:
        """Return a part that is an index."""
        value = self.parts.get(name, {}).get("valueInteger")
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.malformed(f"{name!r} is missing, or is not a valueInteger")
        return value

    def nodes(self, tree: dict[str, Any], path: str) -> Sequence[Node]:
        """Return the elements of the resource that a path names."""
        left = self.end - monotonic()
        if left <= 0:
            raise TooCostly(f"The paths of this patch take over {PATCH_PATHS_SECONDS:g} s: send several", self.place)
        try:
            found = Evaluator(path, self.definitions).evaluate(tree, Environment(budget=PATCH_PATH_STEPS, seconds=left))
        except Invalid as error:
            raise Invalid(str(error), self.place, code="value") from error
        for node in found:
            if node.parent is None and node.value is not tree:
                raise self.refused(f"{path} computes a value: it names no element")
        return found

    def one(self, tree: dict[str, Any], path: str) -> Node:
        """Return the single element that a path names."""
        found = self.nodes(tree, path)
        if len(found) != 1:
            raise self.refused(f"{path} names {len(found)} elements; it must name one")
        return found[0]

    def add(self, node: Node, name: str) -> None:
        """Give the element a new child, at the end when there may be several."""
        element = self.element_of(node.type, name)
        repeats = element.max is None if element is not None else False
        holder = self.holder_of(node)
        key, value, extra = self.named_value(node.type, name, element)
        if not repeats:
            if key in holder or any(other in holder for other in self.siblings(element)):
                raise self.refused(f"{name} is there already and cannot repeat; replace it")
            _put(holder, key, value, extra)
            return
        values = holder.setdefault(key, []) if value is not None or extra is None else holder.get(key)
        _append(holder, key, values, value, extra)

    def insert(self, tree: dict[str, Any], path: str) -> None:
        """Put a value into a list, before an index."""
        holder, key, values = self.list_at(tree, path)
        index = self.number("index")
        if not 0 <= index <= len(values):
            raise self.refused(f"{path} has {len(values)} elements: there is no place {index}")
        _, value, extra = self.value_of(key)
        values.insert(index, value)
        _extras_follow(holder, key, lambda extras: extras.insert(index, extra), extra is not None, len(values) - 1)

    def delete(self, tree: dict[str, Any], path: str) -> None:
        """Take an element away; none there is no error."""
        found = self.nodes(tree, path)
        if len(found) > 1:
            raise self.refused(f"{path} names {len(found)} elements; it must name one")
        if found:
            self.remove(found[0])

    def replace(self, node: Node) -> None:
        """Put another value in the place of an element."""
        if node.parent is None or node.key is None:
            raise self.refused("A resource cannot be replaced by a patch")
        holder = self.holder_of(node.parent)
        element = self.element_of(node.parent.type, self.bare_name(node))
        key, value, extra = self.named_value(node.parent.type, self.bare_name(node), element)
        if node.index is not None:
            _set_in_list(holder, node.key, node.index, value, extra)
            return
        holder.pop(f"_{node.key}", None)
        if key != node.key:
            _renamed(holder, node.key, key)
        _put(holder, key, value, extra)

    def move(self, tree: dict[str, Any], path: str) -> None:
        """Move an element inside its list."""
        holder, key, values = self.list_at(tree, path)
        source, destination = self.number("source"), self.number("destination")
        if not (0 <= source < len(values) and 0 <= destination < len(values)):
            raise self.refused(f"{path} has {len(values)} elements: {source} cannot move to {destination}")
        values.insert(destination, values.pop(source))
        _extras_follow(holder, key, lambda extras: extras.insert(destination, extras.pop(source)), False, len(values))

    def remove(self, node: Node) -> None:
        """Take an element out of its parent; a list or an object left empty goes with it."""
        parent, key = node.parent, node.key
        if parent is None or key is None:
            raise self.refused("A patch cannot delete the resource itself")
        holder = self.holder_of(parent)
        for name in (key, f"_{key}"):
            values = holder.get(name)
            if node.index is None:
                holder.pop(name, None)
            elif isinstance(values, list) and node.index < len(values):
                del values[node.index]
                if not any(value is not None for value in values):
                    del holder[name]
        if not holder and parent.parent is not None:
            self.remove(parent)

    def list_at(self, tree: dict[str, Any], path: str) -> tuple[dict[str, Any], str, list[Any]]:
        """Return the list that a path names, with the object and the key that hold it."""
        found = self.nodes(tree, path)
        if not found:
            raise self.refused(f"{path} names no element")
        first = found[0]
        if first.parent is None or first.key is None or first.index is None:
            raise self.refused(f"{path} is not a list")
        holder = self.holder_of(first.parent)
        values = holder.get(first.key)
        if not isinstance(values, list) or any(n.parent is not first.parent or n.key != first.key for n in found):
            raise self.refused(f"{path} is not one list")
        return holder, first.key, values

    def holder_of(self, node: Node) -> dict[str, Any]:
        """Return the JSON object of an element, for a primitive the one beside it that holds its extensions."""
        if isinstance(node.value, dict):
            return node.value
        if isinstance(node.extra, dict):
            return node.extra
        if node.parent is None or node.key is None:
            raise self.refused("This element can hold nothing")
        beside: dict[str, Any] = {}
        holder = self.holder_of(node.parent)
        if node.index is None:
            holder[f"_{node.key}"] = beside
        else:
            _extra_list(holder, node.key)[node.index] = beside
        node.extra = beside
        return beside

    def element_of(self, type_name: str, name: str) -> Element | None:
        """Return the definition of a child, by its name with or without the [x] of a choice."""
        known = self.definitions.types.get(type_name)
        bare = name.removesuffix("[x]")
        for element in known.elements if known is not None else ():
            if element.name == bare or (element.choice and bare in self.siblings(element)):
                return element
        if known is not None and known.kind != "primitive":
            raise self.refused(f"{type_name} has no element {name!r}")
        return self.element_of("Element", name) if known is not None and type_name != "Element" else None

    @staticmethod
    def siblings(element: Element | None) -> Sequence[str]:
        """Return the names that a choice has in JSON, one for each type."""
        if element is None or not element.choice:
            return ()
        return [choice_name(element.name, code) for code in element.types]

    def bare_name(self, node: Node) -> str:
        """Return the name of an element as FHIRPath knows it: value, for what JSON calls valueQuantity."""
        return str(node.key)

    def named_value(self, type_name: str, name: str, element: Element | None) -> tuple[str, Any, Any]:
        """Return the JSON key for the value of this operation, the value, and its extensions when it is a primitive."""
        code, value, extra = self.value_of(name, element)
        if element is not None and element.choice:
            if code not in element.types:
                raise self.refused(f"{type_name}.{element.name} cannot be a {code}")
            return choice_name(element.name, code), value, extra
        return (element.name if element is not None else name), value, extra

    def value_of(self, name: str, element: Element | None = None) -> tuple[str, Any, Any]:
        """Return the type, the value and its extensions: from a value[x], a resource, or parts (backbone element)."""
        part = self.parts.get("value")
        if part is None:
            raise self.malformed("'value' is missing")
        if "resource" in part:
            return "Resource", clone(part["resource"]), None
        if isinstance(part.get("part"), list):
            return "BackboneElement", self.backbone(part["part"], self.nested_type(element)), None
        keys = [key for key in part if key.removeprefix("_").startswith("value")]
        if not keys:
            raise self.malformed("'value' has no value")
        key = keys[0].removeprefix("_")
        code = key.removeprefix("value")
        code = code if code in self.definitions.types else code[:1].lower() + code[1:]
        return code, clone(part.get(key)), clone(part.get(f"_{key}"))

    @staticmethod
    def nested_type(element: Element | None) -> str:
        """Return the type of the backbone element that parts describe."""
        return element.types[0] if element is not None and len(element.types) == 1 else ""

    def backbone(self, parts: Sequence[Any], type_name: str) -> dict[str, Any]:
        """Return the object that parts describe: each is a child, its name that of the element."""
        made: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, Mapping) or not isinstance(part.get("name"), str):
                raise self.malformed("each part of a value has a name")
            step = _Step.__new__(_Step)
            step.definitions, step.place, step.parts = self.definitions, self.place, {"value": part}
            step.add(Node(made, type_name), part["name"])
        return made

    def malformed(self, text: str) -> Invalid:
        return Invalid(f"FHIRPath Patch: {text}", self.place, code="value")

    def refused(self, text: str) -> Unprocessable:
        return Unprocessable(f"FHIRPath Patch: {text}", self.place, code="processing")


def _put(holder: dict[str, Any], key: str, value: Any, extra: Any) -> None:
    if value is not None:
        holder[key] = value
    if extra is not None:
        holder[f"_{key}"] = extra


def _renamed(holder: dict[str, Any], old: str, new: str) -> None:
    """Give a key another name, in the same place among the others."""
    items = [(new if key == old else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)


def _extra_list(holder: dict[str, Any], key: str) -> list[Any]:
    values = holder.get(key) or []
    extras: list[Any] = holder.setdefault(f"_{key}", [])
    extras.extend([None] * (len(values) - len(extras)))
    return extras


def _append(holder: dict[str, Any], key: str, values: list[Any] | None, value: Any, extra: Any) -> None:
    place = len(values) if values is not None else 0
    if values is None:
        values = holder.setdefault(key, [])
    values.append(value)
    _extras_follow(holder, key, lambda extras: extras.insert(place, extra), extra is not None, place)


def _extras_follow(holder: dict[str, Any], key: str, change: Any, wanted: bool, length: int) -> None:
    """Do to the list of extensions what was done to the list of values, when there is one or there must be."""
    extras = holder.get(f"_{key}")
    if extras is None and not wanted:
        return
    if extras is None:
        extras = holder[f"_{key}"] = []
    extras.extend([None] * (length - len(extras)))
    change(extras)


def _set_in_list(holder: dict[str, Any], key: str, index: int, value: Any, extra: Any) -> None:
    holder[key][index] = value
    if extra is not None or f"_{key}" in holder:
        _extra_list(holder, key)[index] = extra
