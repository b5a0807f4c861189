"""Composite parameters: pairs that must hold in one place, such as a blood pressure component and its value.

All components but the last (tokens, references) become part of the name under which the last one is hashed, so that
`8480-6$gt140` is one range of index_number. Two numbers in a row (a coordinate) share one row: low and high.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

from usager_server.search.dates import duration_class
from usager_server.search.names import fold_code, pair
from usager_server.search.parameter import Component
from usager_server.search.paths import Branch
from usager_server.search.quantities import number_interval, quantity_intervals
from usager_server.search.range_writers import DATE_LEAVES, NUMBER_LEAVES, QUANTITY_LEAVES, range_of
from usager_server.search.references import target_of
from usager_server.search.rows import Rows, Writer, parameter_hash, token_prefix
from usager_server.search.walking import getter
from usager_server.search.words import normalise
from usager_server.search.writers import TEXT_LEAVES

Found = Sequence[tuple[str, Any]]
"""The values of a component, each with its FHIR type."""

Collector = Callable[[Any, dict[str, Any]], Found]

COMPONENT_LEAVES: dict[str, frozenset[str]] = {
    "token": frozenset({"Coding", "CodeableConcept", "boolean", "code"}),
    "reference": frozenset({"Reference"}),
    "quantity": QUANTITY_LEAVES,
    "date": DATE_LEAVES | {"Period"},
    "number": NUMBER_LEAVES,
    "string": TEXT_LEAVES - {"code"},
}


def component_type(declared: str, leaves: frozenset[str]) -> str:
    """Return the search type of a component: the declared one when its values can be that, else what they are."""
    # DocumentReference.relationship declares its two components the wrong way round.
    if leaves & COMPONENT_LEAVES.get(declared, frozenset()):
        return declared
    return next((kind for kind, known in COMPONENT_LEAVES.items() if leaves & known), declared)


def collector(branches: Sequence[Branch], base_url: str | None) -> Collector:
    """Return what lists the values of a component, for one focus of its composite."""
    getters = [(branch.type, getter(branch, base_url)) for branch in branches]

    def collect(focus: Any, resource: dict[str, Any]) -> Found:
        return [(kind, value) for kind, get in getters for value in get(focus, resource)]

    return collect


def composite_writer(
    resource_type: str,
    name: str,
    components: Sequence[Component],
    collectors: Sequence[Collector],
    base_url: str | None,
) -> Writer | None:
    """Return what writes the rows of one focus, or None when the components are not ones that a row can hold."""
    kinds = tuple(component.type for component in components)
    write_last = _LAST.get(kinds[-2:] if kinds[-2:] == ("number", "number") else kinds[-1:])
    heads = kinds[: -2 if kinds[-2:] == ("number", "number") else -1]
    if write_last is None or not set(heads) <= {"token", "reference"}:
        return None

    def write(focus: Any, rows: Rows) -> None:
        found = [collect(focus, rows.resource) for collect in collectors]
        if not all(found):
            return
        spellings = [_spellings(values, base_url) for values in found[: len(heads)]]
        for names in product(*spellings):
            write_last(resource_type, name + "".join(names), found[len(heads) :], rows)

    return write


def _spellings(values: Found, base_url: str | None) -> Sequence[str]:
    return list(dict.fromkeys(pair(*token) for leaf, value in values for token in _tokens(leaf, value, base_url)))


def _tokens(leaf: str, value: Any, base_url: str | None) -> Iterable[tuple[str | None, str]]:
    """Yield the ways to ask for a token: with any system, and with its own."""
    if leaf == "Reference":
        return [(None, key) for key in target_of(value.get("reference") or "#", base_url)[1]]
    if leaf == "boolean":
        return [(None, "true" if value else "false")]
    if isinstance(value, str):
        return [(None, value.casefold())]
    codings = value.get("coding", ()) if leaf == "CodeableConcept" else [value]
    return [token for coding in codings if coding.get("code") for token in _of_coding(coding)]


def _of_coding(coding: dict[str, Any]) -> Sequence[tuple[str | None, str]]:
    system, code = coding.get("system") or "", coding["code"]
    return (None, code.casefold()), (system, fold_code(system, code))


Last = Callable[[str, str, Sequence[Found], Rows], None]


def _token(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    prefix = token_prefix(resource_type, name)
    for leaf, value in found[0]:
        rows.tokens += [rows.hashes.token(prefix, system, code) for system, code in _tokens(leaf, value, None)]


def _reference(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    _token(resource_type, name, found, rows)


def _quantity(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    for leaf, value in found[0]:
        for suffix, low, high in quantity_intervals(value, leaf):
            rows.numbers.append((parameter_hash(resource_type, name + suffix), low, high))


def _number(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    for leaf, value in found[0]:
        if (interval := number_interval(value, leaf)) is not None:
            rows.numbers.append((parameter_hash(resource_type, name + interval[0]), *interval[1:]))


def _two_numbers(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    parameter = parameter_hash(resource_type, name)
    for (_, first), (_, second) in product(*found):
        rows.numbers.append((parameter, float(first), float(second)))


def _date(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    for leaf, value in found[0]:
        if (span := range_of(value, leaf)) is not None:
            rows.dates.append((parameter_hash(resource_type, name + duration_class(*span)), *span))


def _string(resource_type: str, name: str, found: Sequence[Found], rows: Rows) -> None:
    parameter = parameter_hash(resource_type, name)
    rows.strings += [(parameter, normalise(value)) for _, value in found[0]]


_LAST: dict[tuple[str, ...], Last] = {
    ("token",): _token,
    ("reference",): _reference,
    ("quantity",): _quantity,
    ("number",): _number,
    ("number", "number"): _two_numbers,
    ("date",): _date,
    ("string",): _string,
}
