"""Conditions -> lookups: what each of them means for the index."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.errors import Invalid
from usager_server.search.dates import CLASSES
from usager_server.search.hashing import any_code, any_system, parameter_hash, reference_hash, token_hash
from usager_server.search.lookups import (
    AllOf,
    AnyOf,
    AnyToken,
    Chained,
    Containing,
    Dates,
    Having,
    Ids,
    Limits,
    Lookup,
    Near,
    Numbers,
    OfTypes,
    Pointed,
    References,
    Spelled,
    Strings,
    Tokens,
    Updated,
    Without,
)
from usager_server.search.names import INTERVAL, LATITUDE, LONG, LONGITUDE
from usager_server.search.parameter import Parameter
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, Value
from usager_server.search.ranges import updated_ranges
from usager_server.search.references import target_of
from usager_server.search.spelling import (
    Entry,
    composite_entries,
    contained_terms,
    date_entries,
    exact_entries,
    identifier_entries,
    number_entries,
    quantity_entries,
    text_entries,
    token_entries,
    uri_entries,
)

NEAR_METRES = 50_000.0
"""How far is near when the query does not say."""

METRES = {"": 1000.0, "km": 1000.0, "m": 1.0, "[mi_us]": 1609.347, "[mi_i]": 1609.344, "mi": 1609.344}

Entries = Callable[[Parameter], Iterable[Entry]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """Reads conditions for one tenant at one moment (`now`, in microseconds, for `ap`).

    Shape   limits: what the reader may search; None: everything. What a chain or a _has looks at is within them too,
            else a count would tell what is in resources that the reader may not see.
    """

    registry: SearchRegistry
    tenant: int
    now: int
    limits: Limits | None = None

    def lookup(self, condition: Condition, types: Sequence[str]) -> Lookup:
        """Return what a condition on resources of these types looks for."""
        if condition.reverse is not None:
            return self._pointed(condition, types)
        parameters = self._parameters(condition, types)
        if condition.chain is not None:
            inner = self._within(self.lookup(condition.chain, condition.chain.types), condition.chain.types)
            targets = tuple(self._number(kind) for kind in condition.chain.types)
            return Chained(self._legs(parameters, _nothing_more), targets, inner)
        if condition.parameter == "_id":
            found: Lookup = Ids(tuple((self._number(kind), value.text) for kind in types for value in condition.values))
        elif condition.modifier == "missing":
            return self._missing(condition, parameters, types)
        elif condition.parameter == "_lastUpdated":
            return self._updated(condition, types)
        else:
            found = self._plain(condition, parameters)
        return Without(found) if condition.modifier in {"not", "not-in"} else found

    def compartment(self, compartment: tuple[str, str], types: Sequence[str]) -> Lookup:
        """Return what lies in a compartment. Errors: Invalid (400) when it cannot hold resources of these types."""
        kind, key = compartment
        members = self.registry.definitions.compartments.get(kind, {})
        target = reference_hash(self.tenant, f"{kind}/{key}")
        found = [
            (self._number(name), parameter_hash(name, spelled), target)
            for name in types
            for member in members.get(name, ())
            if (parameter := self.registry.parameter(name, member)) is not None
            for spelled in parameter.answered_by
        ]
        if not found and kind not in types:
            raise Invalid(f"The {kind} compartment does not hold {', '.join(types)}", code="not-supported")
        inside = References(tuple(found))
        return AnyOf((inside, Ids(((self._number(kind), key),)))) if kind in types else inside

    def compartment_types(self, kind: str) -> Sequence[str]:
        """Return the types that the compartment of a type holds."""
        members = self.registry.definitions.compartments.get(kind, {})
        return sorted({kind, *(name for name, parameters in members.items() if parameters)})

    def of_types(self, types: Sequence[str]) -> OfTypes:
        """Return every resource of these types."""
        return OfTypes(tuple((self._number(name),) for name in types))

    def reference_parameters(self, source: str, name: str) -> Sequence[int]:
        """Return the hashes under which a reference parameter of a type is indexed; "*" for all of them."""
        spelled = {one: None for parameter in self.references(source, name) for one in parameter.answered_by}
        return [parameter_hash(source, one) for one in spelled]

    def references(self, source: str, name: str) -> Sequence[Parameter]:
        """Return the reference parameter of a type that has this name, if any; "*" for all of them."""
        known = self.registry.parameters(source).values() if name == "*" else [self.registry.parameter(source, name)]
        return [parameter for parameter in known if parameter and parameter.type == "reference"]

    def reach(self, types: Sequence[str]) -> Lookup | None:
        """Return which resources of these types the reader may search, None when all of them."""
        return None if self.limits is None else self.limits(types, "s")

    def _within(self, inner: Lookup, types: Sequence[str]) -> Lookup:
        """Return what a lookup finds and the reader may search, what is likely to be the rarer of the two first."""
        reach = self.reach(types)
        if reach is None:
            return inner
        is_rare = isinstance(reach, Ids | References) or isinstance(inner, Without)
        return AllOf((reach, inner) if is_rare else (inner, reach))

    def _number(self, resource_type: str) -> int:
        return self.registry.definitions.type_numbers[resource_type]

    def _parameters(self, condition: Condition, types: Sequence[str]) -> list[Parameter]:
        found = [self.registry.parameter(name, condition.parameter) for name in types]
        return [parameter for parameter in found if parameter is not None]

    def _legs(self, parameters: Iterable[Parameter], entries: Entries) -> tuple[Any, ...]:
        """Return the legs of entries: the number of the type, the hash of the spelled name, then the rest."""
        legs = [
            (self._number(one.resource_type), parameter_hash(one.resource_type, name + suffix), *rest)
            for one in parameters
            for suffix, *rest in entries(one)
            for name in one.answered_by
        ]
        return tuple(dict.fromkeys(legs))

    def _tokens(self, parameters: Iterable[Parameter], entries: Entries, *, selective: bool = False) -> Lookup:
        legs, codes, systems = dict[Any, None](), dict[Any, None](), dict[Any, None]()
        for kind, name, system, code in self._named_entries(parameters, entries):
            number = self._number(kind)
            if not code:
                systems[number, *any_code(self.tenant, kind, name, system)] = None
            elif system is None:
                codes[number, *any_system(self.tenant, kind, name, code)] = None
            else:
                legs[number, *token_hash(self.tenant, kind, name, system, code)] = None
        held = Tokens(tuple(legs), tuple(codes), selective)
        if not systems:
            return held
        whole = AnyToken(tuple(systems))
        return AnyOf((held, whole)) if legs or codes else whole

    def _named_entries(self, parameters: Iterable[Parameter], entries: Entries) -> Iterable[Entry]:
        for one in parameters:
            for suffix, *rest in entries(one):
                for name in one.answered_by:
                    yield one.resource_type, name + suffix, *rest

    def _pointed(self, condition: Condition, types: Sequence[str]) -> Lookup:
        assert condition.reverse and condition.chain  # noqa: S101 - what makes it a _has
        source, name = condition.reverse
        inner = self._within(self.lookup(condition.chain, (source,)), (source,))
        numbers = tuple(self._number(kind) for kind in types)
        return Pointed(numbers, self._number(source), tuple(self.reference_parameters(source, name)), inner)

    def _plain(self, condition: Condition, parameters: list[Parameter]) -> Lookup:
        kind = parameters[0].type if parameters else "token"
        match kind, condition.modifier:
            case _, "text":
                return Strings(self._legs(parameters, lambda _: text_entries(condition)))
            case "token", _:
                return self._of_tokens(condition, parameters)
            case "reference", "identifier":
                return self._tokens(parameters, lambda _: identifier_entries(condition), selective=True)
            case "reference", _:
                return References(self._legs(parameters, lambda one: self._target_entries(condition, one)))
            case "string", "exact":
                return Spelled(self._legs(parameters, lambda _: exact_entries(condition, self.tenant)))
            case "string", "contains":
                long = self._legs(parameters, lambda _: [(LONG,)])
                return Containing(self._legs(parameters, _nothing_more), long, contained_terms(condition.values))
            case "string", _:
                return Strings(self._legs(parameters, lambda _: text_entries(condition)))
            case "uri", _:
                return Strings(self._legs(parameters, lambda _: uri_entries(condition)))
            case "composite", _:
                return self._composite(condition, parameters)
            case "special", _:
                return self._near(condition, parameters)
        return self._ranges(condition, parameters, kind)

    def _of_tokens(self, condition: Condition, parameters: list[Parameter]) -> Lookup:
        definitions = self.registry.definitions
        selective = all(one.leaves <= {"Identifier", "ContactPoint"} for one in parameters)
        return self._tokens(parameters, lambda one: token_entries(definitions, one, condition), selective=selective)

    def _target_entries(self, condition: Condition, parameter: Parameter) -> Iterable[Entry]:
        for value in condition.values:
            for target in self._targets(value.text, condition.modifier, parameter):
                yield "", reference_hash(self.tenant, target)

    def _targets(self, text: str, kind: str | None, parameter: Parameter) -> Iterable[str]:
        if "/" in text or ":" in text:
            return target_of(text, self.registry.base_url)[1][-1:]
        kinds = [kind] if kind else sorted(parameter.targets) or sorted(self.registry.definitions.resource_types)
        as_uri = [text] if parameter.leaves & {"canonical", "uri"} else []
        return [*as_uri, *(f"{one}/{text}" for one in kinds)]

    def _ranges(self, condition: Condition, parameters: list[Parameter], kind: str) -> Lookup:
        def entries(value: Value) -> Iterable[Entry]:
            if kind == "date":
                return date_entries(value, self.now)
            return number_entries(value) if kind == "number" else quantity_entries(value)

        legs = self._legs(parameters, lambda _: [entry for value in condition.values for entry in entries(value)])
        return Dates(legs) if kind == "date" else Numbers(legs)

    def _composite(self, condition: Condition, parameters: list[Parameter]) -> Lookup:
        def entries(parameter: Parameter) -> Iterable[Entry]:
            base = self.registry.base_url
            return [e for value in condition.values for e in composite_entries(parameter, value, base, self.now)]

        match parameters[0].components[-1].type:
            case "date":
                return Dates(self._legs(parameters, entries))
            case "string":
                return Strings(self._legs(parameters, entries))
            case "token" | "reference":
                return self._tokens(parameters, entries)
        return Numbers(self._legs(parameters, entries))

    def _missing(self, condition: Condition, parameters: list[Parameter], types: Sequence[str]) -> Lookup:
        present = self._present(condition, parameters, types)
        return present if condition.values[0].text == "false" else Without(present)

    def _present(self, condition: Condition, parameters: list[Parameter], types: Sequence[str]) -> Lookup:
        if condition.parameter == "_lastUpdated" or all(one.required for one in parameters):
            return self.of_types(types)
        match parameters[0].type:
            case "token":
                return self._any_token(parameters)
            case "reference":
                return Having("reference", self._legs(parameters, _nothing_more))
            case "string" | "uri":
                return Having("string", self._legs(parameters, _nothing_more))
            case "date":
                return Having("date", self._legs(parameters, lambda _: [(suffix,) for suffix, _ in CLASSES]))
        return Having("number", self._legs(parameters, lambda _: [("",), (INTERVAL,)]))

    def _any_token(self, parameters: Sequence[Parameter]) -> AnyToken:
        legs = [
            (self._number(one.resource_type), *any_code(self.tenant, one.resource_type, name, one.within))
            for one in parameters
            for name in one.answered_by
        ]
        return AnyToken(tuple(legs))

    def _updated(self, condition: Condition, types: Sequence[str]) -> Lookup:
        ranges = [found for value in condition.values for found in updated_ranges(value, self.now)]
        return Updated(tuple((self._number(name), *found) for name in types for found in ranges))

    def _near(self, condition: Condition, parameters: list[Parameter]) -> Lookup:
        kind, name = parameters[0].resource_type, parameters[0].name
        hashes = (parameter_hash(kind, name + LATITUDE), parameter_hash(kind, name + LONGITUDE))
        circles = tuple(Near((self._number(kind), *hashes), *_circle(value)) for value in condition.values)
        return circles[0] if len(circles) == 1 else AnyOf(circles)


def _nothing_more(_: Parameter) -> Iterable[Entry]:
    return [("",)]


def _circle(value: Value) -> tuple[float, float, float]:
    latitude, longitude, distance, unit, *_ = [part.text for part in value.parts] + ["", ""]
    metres = float(distance) * METRES[unit] if distance else NEAR_METRES
    return float(latitude), float(longitude), metres
