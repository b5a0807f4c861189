"""Extensions: those with an installed definition are checked wherever they stand, context included."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from usager_server.definitions import Definitions

Step = tuple[str, int | None]
Found = tuple[tuple[Step, ...], dict[str, Any]]


def find_extensions(tree: dict[str, Any], known: frozenset[str]) -> list[Found]:
    """Return the extensions of known definitions in a resource, each with the properties that lead to it.

    Shape   contained resources and entries of a Bundle are left out: they are resources of their own.
    """
    return [(tuple(reversed(steps)), extension) for steps, extension in _search(tree, known)]


def _search(node: dict[str, Any], known: frozenset[str]) -> list[tuple[list[Step], dict[str, Any]]]:
    """Return what is found below a node; the steps are gathered on the way up, so that most resources pay for none."""
    found: list[tuple[list[Step], dict[str, Any]]] = []
    for name, value in node.items():
        if type(value) is dict:
            if "resourceType" not in value and (inner := _search(value, known)):
                found += _under((name, None), inner)
        elif type(value) is list and name != "contained":
            extension = name == "extension" or name == "modifierExtension"
            for index, each in enumerate(value):
                if type(each) is dict:
                    if extension and each.get("url") in known:
                        found.append(([(name, index)], each))
                    if inner := _search(each, known):
                        found += _under((name, index), inner)
    return found


def _under(step: Step, found: list[tuple[list[Step], dict[str, Any]]]) -> list[tuple[list[Step], dict[str, Any]]]:
    for steps, _ in found:
        steps.append(step)
    return found


def path_of(steps: Sequence[Step], kind: str, definitions: Definitions) -> str:
    """Return the FHIRPath steps of a place: ".name[0].given[1].extension[0]"."""
    return "".join(
        f".{name}" if index is None else f".{name}[{index}]" for name, index, _ in _typed(steps, kind, definitions)
    )


def contexts_of(steps: Sequence[Step], kind: str, definitions: Definitions) -> set[str]:
    """Return what the place before the last step may be called in the context of an extension.

    Shape   its path in the resource, its type and those it derives from, and its path in the types it is nested in:
            for Patient.contact[0].name, Patient.contact.name, HumanName, Element, BackboneElement.name...
    """
    names = [kind]
    types = [kind]
    for name, _, child in _typed(steps[:-1], kind, definitions):
        names = [f"{each}.{name}" for each in names] + [f"{each}.{name}" for each in definitions.ancestors(types[-1])]
        types.append(child)
    # "Element" stands for any place, resources included.
    return {"Element", *names, *definitions.ancestors(types[-1])}


def _typed(steps: Sequence[Step], kind: str, definitions: Definitions) -> Iterator[tuple[str, int | None, str]]:
    for name, index in steps:
        plain = name.removeprefix("_")
        element, child = definitions.property_map(kind).get(plain, (None, ""))
        yield (element.name if element is not None else plain), index, child
        kind = child


def is_in_context(definition: Mapping[str, Any], contexts: set[str], parent_url: str | None) -> bool:
    """Tell whether an extension may stand there; a context given by FHIRPath is judged by nobody."""
    given = definition.get("context", ())
    return not given or any(_allows(context, contexts, parent_url) for context in given)


def _allows(context: Mapping[str, str], contexts: set[str], parent_url: str | None) -> bool:
    expression = context["expression"]
    if context["type"] == "element":
        return expression in contexts or expression == "*"
    if context["type"] == "extension":
        return parent_url is not None and expression.partition("#")[0] == parent_url
    return True
