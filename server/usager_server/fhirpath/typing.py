"""Which type an item is of: `is`, `as`, ofType() and type()."""

from collections.abc import Callable
from typing import Any

from usager_server.definitions import Definitions
from usager_server.fhirpath.ast import TypeName
from usager_server.fhirpath.nodes import Node, TypeInfo
from usager_server.fhirpath.values import system_type

SYSTEM = frozenset({"Any", "Boolean", "Integer", "Long", "Decimal", "String", "Date", "DateTime", "Time", "Quantity"})


def is_known(name: TypeName, definitions: Definitions) -> bool:
    """Tell whether a type name can be one at all; what stands under System is not judged."""
    return name.namespace == "System" or name.name in definitions.types or name.name in SYSTEM


def matcher(name: TypeName, definitions: Definitions, *, exactly: bool) -> Callable[[Any], bool]:
    """Return the test of an item against a type.

    Shape   exactly: a primitive is not taken for the one it derives from, so that as(string) leaves a code out (the
            reference implementations do so, and dom-3 counts on it).
    """
    fhir = name.namespace != "System"
    system = name.namespace != "FHIR"
    wanted = name.name
    known = definitions.types.get(wanted)
    exactly = exactly and known is not None and known.kind == "primitive"
    verdicts: dict[str, bool] = {}

    def matches(item: Any) -> bool:
        if item.__class__ is not Node:
            return system and not isinstance(item, TypeInfo) and wanted in (system_type(item), "Any")
        if not fhir:
            return False
        verdict = verdicts.get(item.type)
        if verdict is None:
            verdict = item.type == wanted if exactly else definitions.is_a(item.type, wanted)
            if item.type in definitions.types:  # and not what a client calls a type
                verdicts[item.type] = verdict
        return verdict

    return matches


def type_info(item: Any, definitions: Definitions) -> TypeInfo:
    """Return the namespace and name of an item's type."""
    if not isinstance(item, Node):
        return TypeInfo("System", system_type(item))
    known = definitions.types.get(item.type)
    return TypeInfo("FHIR", known.base or item.type if known and known.kind == "backbone" else item.type)
