"""Reads the data files: what every request needs at once, the terminology when someone asks for it."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from usager_server.definitions.model import Definitions, Element, Invariant, SearchParameter, Type

Codes = Mapping[str, frozenset[str]]


@cache
def load() -> Definitions:
    """Return the R4 definitions. Time: under 50 ms, once a process; each type is made when first asked for."""
    structures, search = _read("types.json"), _read("search.json")
    invariants = [Invariant(*row) for row in structures["invariants"]]
    types = _Types(structures["types"], invariants)
    terminology = _Terminology()
    return Definitions(
        version=structures["version"],
        types=types,
        resource_types=types.resources(),
        search_parameters=tuple(SearchParameter(*map(_immutable, row)) for row in search["search_parameters"]),
        compartments=search["compartments"],
        value_sets=_ValueSets(_read("required.json")["value_sets"], terminology),
        code_systems=_CodeSystems(terminology),
        type_numbers=_read("type_numbers.json")["numbers"],
        invariants=invariants,
    )


@cache
def load_names() -> Mapping[str, Any]:
    """Return how code systems and value sets are called, and their codes: what terminology answers with.

    Shape   code_systems: url -> [name, version, is_case_sensitive, the display of each code in order, code -> marks:
            "i" inactive, "a" abstract]; value_sets: url -> [name, title, version]; not_listed: url -> why.
    Time    40 ms; call it when someone asks.
    """
    names: Mapping[str, Any] = _read("names.json.gz")
    return names


def _read(name: str) -> Any:
    data = (files("usager_server.definitions") / "data" / name).read_bytes()
    return orjson.loads(gzip.decompress(data) if name.endswith(".gz") else data)


def _immutable(value: Any) -> Any:
    return tuple(map(_immutable, value)) if isinstance(value, list) else value


class _Types(Mapping[str, Type]):
    """All types by name; each made when first asked for: a server meets a few dozen of the hundreds."""

    def __init__(self, rows: Mapping[str, list[Any]], invariants: Sequence[Invariant]) -> None:
        self._rows = rows
        self._invariants = invariants
        self._made: dict[str, Type] = {}

    def __getitem__(self, name: str) -> Type:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = _type(name, self._rows[name], self._invariants)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def resources(self) -> frozenset[str]:
        """Return the names of the resource types that are not abstract."""
        return frozenset(
            name for name, (kind, _, abstract, *_) in self._rows.items() if kind == "resource" and not abstract
        )


def _type(name: str, row: list[Any], invariants: Sequence[Invariant]) -> Type:
    kind, base, abstract, pattern, numbers, elements = row
    return Type(
        name=name,
        kind=kind,
        base=base,
        abstract=bool(abstract),
        elements=tuple(_element(element, invariants) for element in elements),
        invariants=tuple(invariants[number] for number in numbers),
        pattern=pattern,
    )


def _element(row: list[Any], invariants: Sequence[Invariant]) -> Element:
    name, types, minimum, maximum, flags, binding, targets, numbers = row
    return Element(
        name=name,
        types=tuple(types),
        min=minimum,
        max=maximum,
        choice="c" in flags,
        summary="s" in flags,
        modifier="m" in flags,
        attribute="a" in flags,
        binding=binding,
        targets=tuple(targets),
        invariants=tuple(invariants[number] for number in numbers),
    )


class _Terminology:
    """Reads the large file once, when first asked."""

    def __init__(self) -> None:
        self._content: Any = None

    def __getitem__(self, name: str) -> Any:
        if self._content is None:
            self._content = _read("terminology.json.gz")
        return self._content[name]


class _ValueSets(Mapping[str, Codes]):
    """All value sets that can be listed; each made when first asked for."""

    def __init__(self, required: Mapping[str, Mapping[str, list[str]]], terminology: _Terminology) -> None:
        self._required = required
        self._terminology = terminology
        self._made: dict[str, Codes] = {}

    def __getitem__(self, canonical: str) -> Codes:
        found = self._made.get(canonical)
        if found is None:
            listed = self._required.get(canonical) or self._terminology["value_sets"][canonical]
            found = self._made[canonical] = {system: self._codes(system, codes) for system, codes in listed.items()}
        return found

    def _codes(self, system: str, codes: list[str] | str) -> frozenset[str]:
        return frozenset(self._terminology["code_systems"][system] if codes == "*" else codes)

    def __iter__(self) -> Iterator[str]:
        yield from self._required
        yield from self._terminology["value_sets"]

    def __len__(self) -> int:
        return len(self._required) + len(self._terminology["value_sets"])


class _CodeSystems(Mapping[str, Mapping[str, str | None]]):
    """The code systems published with FHIR: of each code, the parent it is nested under."""

    def __init__(self, terminology: _Terminology) -> None:
        self._terminology = terminology
        self._made: dict[str, Mapping[str, str | None]] = {}

    def __getitem__(self, url: str) -> Mapping[str, str | None]:
        found = self._made.get(url)
        if found is None:
            parents: Mapping[str, list[str]] = self._terminology["code_systems"][url]
            found = self._made[url] = {code: next(iter(above), None) for code, above in parents.items()}
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._terminology["code_systems"])

    def __len__(self) -> int:
        return len(self._terminology["code_systems"])
