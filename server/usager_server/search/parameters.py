"""The registry of search parameters: what may be asked of each type, and what a resource leaves in the index."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from usager_server.definitions import Definitions, SearchParameter
from usager_server.errors import Invalid
from usager_server.fhirpath import compile
from usager_server.search.extraction import Evaluate, TypeIndex, compile_type
from usager_server.search.hashing import parameter_hash, token_base
from usager_server.search.holding import write_held
from usager_server.search.index import IndexRows
from usager_server.search.likeness import TYPE as PERSON
from usager_server.search.likeness import write_likeness
from usager_server.search.names import ALIKE, CANONICAL, HELD, REPLACED, TOKEN_SUFFIXES
from usager_server.search.parameter import Parameter
from usager_server.search.replacing import write_replaced
from usager_server.search.rows import Rows

COMMON_BASES = ("Resource", "DomainResource")
NOT_DOMAIN_RESOURCES = frozenset({"Binary", "Bundle", "Parameters"})


def nothing_off(_name: str) -> str | None:
    """Say that no profile that is off would bring this name."""
    return None


class SearchRegistry:
    """Every search parameter known, those of plugins included; each resource type is compiled when first needed.

    Shape   base_url is our own public address: absolute references to it are references within; inactive says of a
            name ("Task?decision") which profile that is off would bring it.
    """

    def __init__(
        self,
        definitions: Definitions,
        extra: Sequence[SearchParameter] = (),
        *,
        base_url: str | None = None,
        inactive: Callable[[str], str | None] = nothing_off,
    ) -> None:
        self.definitions = definitions
        self.inactive = inactive
        self.base_url = base_url.rstrip("/") if base_url else None
        self._published: dict[str, dict[str, SearchParameter]] = {}
        for parameter in chain(definitions.search_parameters, extra):
            if parameter.expression:  # _text, _content and _query have none: they are not supported yet
                for base in parameter.bases:
                    self._published.setdefault(base, {})[parameter.code] = parameter
        self._declared = {one.url: one.type for one in chain(definitions.search_parameters, extra)}
        self._indexes: dict[str, TypeIndex] = {}
        for parameter in extra:
            self._refuse_double(parameter)

    def parameters(self, resource_type: str) -> Mapping[str, Parameter]:
        """Return the parameters of a type by name, those of every resource included."""
        return self._index(resource_type).parameters

    def parameter(self, resource_type: str, name: str) -> Parameter | None:
        """Return one parameter of a type, or None."""
        return self._index(resource_type).parameters.get(name)

    def common_parameter(self, types: Sequence[str], name: str) -> Parameter | None:
        """Return a parameter that every one of these types has, of the same search type; no types means all."""
        if not types:
            return self.parameter("Basic", name) if name in self._published.get("Resource", {}) else None
        found = [self.parameter(kind, name) for kind in types]
        first = found[0]
        return first if first and all(one and one.type == first.type for one in found) else None

    def index_rows(self, resource: dict[str, Any], tenant: int) -> IndexRows:
        """Return what a resource leaves in the index. Errors: Invalid (400) when it has not the shape of its type."""
        rows = Rows(resource, tenant)
        resource_type = resource["resourceType"]
        try:
            self._index(resource_type).write(resource, rows)
        except (AttributeError, TypeError, ValueError) as error:
            raise Invalid(
                f"This {resource_type} cannot be indexed: {error}", resource_type, code="structure"
            ) from error
        if isinstance(url := resource.get("url"), str):
            rows.references.append((parameter_hash(resource_type, CANONICAL), rows.reference(url)))
        return rows.finished()

    def _refuse_double(self, added: SearchParameter) -> None:
        """Refuse a parameter whose tokens would be taken for those of another. Errors: ValueError."""
        bases = set(added.bases)
        for kind in self.definitions.resource_types if bases & set(COMMON_BASES) else bases:
            names = [name for name in (*self.published(kind), ALIKE, HELD, REPLACED) if name != added.code]
            others = {base for name in names for base in _token_bases(kind, name)}
            if others & _token_bases(kind, added.code):
                raise ValueError(f"The search parameter {added.code!r} of {kind} hashes like another: change its code.")

    def _index(self, resource_type: str) -> TypeIndex:
        found = self._indexes.get(resource_type)
        if found is None:
            found = self._indexes[resource_type] = self._compiled(resource_type)
        return found

    def _compiled(self, resource_type: str) -> TypeIndex:
        if resource_type not in self.definitions.resource_types:
            raise Invalid(f"{resource_type!r} is not a resource type", code="value")
        published = list(self.published(resource_type).values())
        index = compile_type(self.definitions, resource_type, published, self._declared, self.base_url, self._evaluator)
        if resource_type == PERSON:
            index.whole += [write_likeness, write_held, write_replaced]
        return index

    def published(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """Return what is published for a type, and for all types, by name; nothing is compiled for it."""
        common = COMMON_BASES[:1] if resource_type in NOT_DOMAIN_RESOURCES else COMMON_BASES
        bases = (*common, resource_type)
        return {name: one for base in bases for name, one in self._published.get(base, {}).items()}

    def _evaluator(self, expression: str, _resource_type: str) -> Evaluate:
        evaluator = compile(expression, self.definitions)
        return lambda resource: [
            (_fhir_type(node.type), node.value) for node in evaluator.evaluate(resource) if node.value is not None
        ]


def _token_bases(resource_type: str, name: str) -> set[int]:
    return {token_base(resource_type, name + suffix) for suffix in TOKEN_SUFFIXES}


def _fhir_type(name: str) -> str:
    """Return the FHIR type of what an expression computed: System.Boolean is a boolean."""
    system = name.removeprefix("System.")
    return name if system == name else system[0].lower() + system[1:]
