"""One search parameter of a query -> Condition: modifiers, chains and `_has`."""

import re
from collections.abc import Sequence

from usager_server.errors import Invalid
from usager_server.search.limits import CHAIN_DEPTH
from usager_server.search.parameter import Parameter
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition
from usager_server.search.terms import check_terms
from usager_server.search.values import parse_values

_SEGMENT = re.compile(r"(?P<name>[A-Za-z_][\w-]*)(:(?P<modifier>[A-Za-z-]+))?", re.ASCII)


class UnknownParameter(Exception):
    """Named something that is no search parameter here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def parse_condition(registry: SearchRegistry, types: Sequence[str], name: str, text: str) -> Condition:
    """Return the condition that `name=text` puts on resources of these types.

    Errors  UnknownParameter; Invalid (400) with the place in the query as its expression ("Patient?birthdate").
    """
    return _Reader(registry, name, text, f"{'|'.join(types)}?{name}").condition(types, name, 0)


class _Reader:
    def __init__(self, registry: SearchRegistry, name: str, text: str, expression: str) -> None:
        self.registry, self.name, self.text, self.expression = registry, name, text, expression

    def condition(self, types: Sequence[str], name: str, depth: int) -> Condition:
        if depth > CHAIN_DEPTH:
            raise Invalid(f"A chain of more than {CHAIN_DEPTH} steps", self.expression, code="too-costly")
        if name.startswith("_has:"):
            return self.reverse(types, name, depth)
        first, dot, rest = name.partition(".")
        segment = _SEGMENT.fullmatch(first)
        if segment is None:
            raise UnknownParameter(self.name)
        parameter = self.parameter(types, segment["name"])
        if dot:
            return self.chained(types, parameter, segment["modifier"], rest, depth)
        return self.last(types, parameter, segment["modifier"])

    def parameter(self, types: Sequence[str], name: str) -> Parameter:
        found = self.registry.common_parameter(types, name)
        if found is None:
            raise UnknownParameter(self.name)
        return found

    def last(self, types: Sequence[str], parameter: Parameter, modifier: str | None) -> Condition:
        self.check_modifier(parameter, modifier)
        values = parse_values(self.text, parameter, modifier, self.expression)
        if not values:
            raise UnknownParameter(self.name)
        for value in values:
            check_terms(self.registry.definitions, modifier, value, self.expression)
        return Condition(tuple(types), parameter.name, values, modifier)

    def check_modifier(self, parameter: Parameter, modifier: str | None) -> None:
        if modifier is None or modifier in parameter.modifiers:
            return
        if parameter.type == "reference" and modifier in self.registry.definitions.resource_types:
            return
        legal = [f":{name}" for name in parameter.modifiers]
        legal += [":[type]"] if parameter.type == "reference" else []
        raise Invalid(
            f":{modifier} cannot follow {parameter.name!r}, a {parameter.type} parameter; "
            f"{', '.join(legal) if legal else 'no modifier'} can",
            self.expression,
            code="not-supported",
        )

    def chained(
        self, types: Sequence[str], parameter: Parameter, modifier: str | None, rest: str, depth: int
    ) -> Condition:
        if parameter.type != "reference":
            raise Invalid(f"{parameter.name!r} is not a reference: nothing to chain to", self.expression)
        targets = self.targets(parameter, modifier, rest)
        inner = self.condition(targets, rest, depth + 1)
        return Condition(tuple(types), parameter.name, modifier=modifier, chain=inner)

    def targets(self, parameter: Parameter, modifier: str | None, rest: str) -> Sequence[str]:
        every = self.registry.definitions.resource_types
        if modifier is not None:
            if modifier not in every:
                raise Invalid(f"{modifier!r} is not a resource type", self.expression, code="value")
            return (modifier,)
        if rest.startswith("_has:"):
            return tuple(parameter.targets) or tuple(sorted(every))
        name = rest.split(".")[0].split(":")[0]
        allowed = sorted(parameter.targets) or sorted(every)
        found = {kind: known.type for kind in allowed if (known := self.registry.parameter(kind, name))}
        if not found:
            raise UnknownParameter(self.name)
        if len(set(found.values())) > 1:
            raise Invalid(
                f"{name!r} differs between {', '.join(found)}: say which, as in {parameter.name}:{next(iter(found))}",
                self.expression,
            )
        return tuple(found)

    def reverse(self, types: Sequence[str], name: str, depth: int) -> Condition:
        pieces = name.split(":", 3)
        if len(pieces) != 4 or not all(pieces):
            raise Invalid("Write _has:[type]:[reference parameter]:[parameter]=[value]", self.expression)
        _, source, reference, inner = pieces
        if source not in self.registry.definitions.resource_types:
            raise Invalid(f"{source!r} is not a resource type", self.expression, code="value")
        link = self.registry.parameter(source, reference)
        if link is None:
            raise UnknownParameter(self.name)
        if link.type != "reference":
            raise Invalid(f"{reference!r} of {source} is not a reference", self.expression)
        chain = self.condition((source,), inner, depth + 1)
        return Condition(tuple(types), "_has", chain=chain, reverse=(source, reference))
