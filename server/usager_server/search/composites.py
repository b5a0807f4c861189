"""Composite parameters: pairs that must hold in one place, such as a blood pressure component and its value.

All components but the last (tokens, references) become part of the name under which the last one is hashed, so that
`8480-6$gt140` is one range of index_number. Two numbers in a row (a coordinate) share one row: low and high.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

from usager_server.search.dates import Range, duration_class
from usager_server.search.hashing import FOLDED, parameter_hash, token_base
from usager_server.search.names import fold_code, pair, preceded
from usager_server.search.parameter import Component
from usager_server.search.paths import Branch
from usager_server.search.quantities import Interval, number_interval, quantity_intervals
from usager_server.search.range_writers import DATE_LEAVES, NUMBER_LEAVES, QUANTITY_LEAVES, range_of
from usager_server.search.references import target_of
from usager_server.search.rows import Rows, Writer
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
    last = 2 if kinds[-2:] == ("number", "number") else 1
    make_ends = _ENDS.get(kinds[-last:])
    backwards = collectors[::-1]
    if make_ends is None or not set(kinds[:-last]) <= {"token", "reference"}:
        return None

    def write(focus: Any, rows: Rows) -> None:
        found: list[Found] = []
        for collect in backwards:  # the value first: most Observations have one of the four kinds
            values = collect(focus, rows.resource)
            if not values:
                return
            found.insert(0, values)
        ends = make_ends(found[-last:], rows)
        for names in product(*(_spellings(values, base_url) for values in found[:-last])):
            others = "".join(names)
            for end in ends:
                end(resource_type, name, others)

    return write


def _spellings(values: Found, base_url: str | None) -> Sequence[str]:
    return list(dict.fromkeys(pair(*token) for leaf, value in values for token in _tokens(leaf, value, base_url)))


def _tokens(leaf: str, value: Any, base_url: str | None) -> Iterable[tuple[str | None, str]]:
    """Yield the ways to ask for a token: with any system, and with its own."""
    if leaf == "Reference":
        # Folded besides: Group.characteristic-value is a token by its definition, whatever the value is.
        keys = target_of(value.get("reference") or "#", base_url)[1]
        return [(None, spelled) for key in keys for spelled in (key, key.casefold())]
    if leaf == "boolean":
        return [(None, "true" if value else "false")]
    if isinstance(value, str):
        return [(None, value.casefold())]
    codings = value.get("coding", ()) if leaf == "CodeableConcept" else [value]
    return [token for coding in codings if coding.get("code") for token in _of_coding(coding)]


def _of_coding(coding: dict[str, Any]) -> Sequence[tuple[str | None, str]]:
    system, code = coding.get("system") or "", coding["code"]
    return (None, code.casefold()), (system, fold_code(system, code))


End = Callable[[str, str, str], None]
"""Writes one row of the last component under a resource type, the name, and what the others make of it."""


def _token_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    found_tokens = {token: None for leaf, value in found[0] for token in _tokens(leaf, value, None)}
    with_system = {code for system, code in found_tokens if system is not None}
    return [_token_end(*token, rows) for token in found_tokens if token[0] is not None or token[1] not in with_system]


def _token_end(system: str | None, code: str, rows: Rows) -> End:
    """The other components go before the code: the parameter of a token is its plain name."""
    held = FOLDED if system is None else rows.system(system)
    return lambda kind, name, others: rows.tokens.append(
        token_base(kind, name) | held | rows.code(preceded(others, code))
    )


def _quantity_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    intervals = {one: None for leaf, value in found[0] for one in quantity_intervals(value, leaf, texts=False)}
    return [_number_end(interval, rows) for interval in intervals]


def _number_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    intervals = [number_interval(value, leaf) for leaf, value in found[0]]
    return [_number_end(interval, rows) for interval in intervals if interval is not None]


def _coordinate_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    return [_number_end(("", float(low), float(high)), rows) for (_, low), (_, high) in product(*found)]


def _number_end(interval: Interval, rows: Rows) -> End:
    suffix, low, high = interval
    return lambda kind, name, others: rows.numbers.append((parameter_hash(kind, name + others + suffix), low, high))


def _date_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    spans = [span for leaf, value in found[0] if (span := range_of(value, leaf)) is not None]
    return [_date_end(span, rows) for span in spans]


def _date_end(span: Range, rows: Rows) -> End:
    suffix = duration_class(*span)
    return lambda kind, name, others: rows.dates.append((parameter_hash(kind, name + others + suffix), *span))


def _string_ends(found: Sequence[Found], rows: Rows) -> Sequence[End]:
    texts = [normalise(value) for _, value in found[0]]
    return [
        lambda kind, name, others: rows.strings.extend((parameter_hash(kind, name + others), text, 0) for text in texts)
    ]


_ENDS: dict[tuple[str, ...], Callable[[Sequence[Found], Rows], Sequence[End]]] = {
    ("token",): _token_ends,
    ("reference",): _token_ends,
    ("quantity",): _quantity_ends,
    ("number",): _number_ends,
    ("number", "number"): _coordinate_ends,
    ("date",): _date_ends,
    ("string",): _string_ends,
}
