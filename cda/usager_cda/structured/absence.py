"""The entries that say that nothing is known: a coded section must hold one when there is nothing else to list."""

from collections.abc import Callable

from usager_cda.datatypes import Tree
from usager_cda.structured import registry
from usager_cda.structured.writing import Writing
from usager_cda.tree import Node

ABSENT_UNKNOWN = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


def no_information(
    template: str, resource_type: str, element: str, code: str, display: str
) -> Callable[[Writing], Node]:
    """Return a builder of the entry of a kind whose element says "no information", in the codes of the IPS.

    Shape   it says that nothing was told, not that there is nothing: only a person can say the latter, by a resource
            that bears no-known-....
    """
    concept = {"coding": [{"system": ABSENT_UNKNOWN, "code": code, "display": display}]}
    resource: Tree = {"resourceType": resource_type, element: concept}

    def build(writing: Writing) -> Node:
        made = registry.kinds()[template].build
        if made is None:
            raise ValueError(f"{template} is read only")
        return made([resource], writing)

    return build
