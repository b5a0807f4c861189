"""The text of a query -> SearchQuery: result parameters here, conditions in `conditions.py`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from usager_server.errors import Invalid, Issue, NotFound
from usager_server.search.conditions import UnknownParameter, parse_condition
from usager_server.search.limits import COUNT_DEFAULT, COUNT_MOST, INCLUDES, PARAMETERS, SORT_KEYS
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, Include, SearchQuery, Sort

NO_TEXT = re.compile("[\0\ud800-\udfff]")
IGNORED = frozenset({"_format", "_pretty"})
"""What the door has dealt with already."""

SUMMARIES = ("true", "text", "data", "count", "false")
TOTALS = ("none", "estimate", "accurate")

Pairs = Sequence[tuple[str, str]]


def parse_query(
    registry: SearchRegistry,
    types: Sequence[str],
    pairs: Pairs,
    *,
    strict: bool = False,
    compartment: tuple[str, str] | None = None,
    reader: str = "",
) -> SearchQuery:
    """Return what a query means.

    Shape   types: the type searched, or none for a search of the whole system (then `_type` may name them).
            reader names the caller, for the signature of page links.
    Errors  Invalid (400) on a bad value, an illegal modifier, anything over the limits, and, when strict, on unknown
            parameters, all of them listed. Otherwise those are left out and named in SearchQuery.unknown. NotFound
            (404) on one that a profile which is off would bring.
    """
    if len(pairs) > PARAMETERS:
        text = f"{len(pairs)} parameters; at most {PARAMETERS} are allowed in one search"
        raise Invalid(text, f"{'|'.join(types)}?{pairs[PARAMETERS][0]}", code="too-costly")
    reading = _Reading(registry, _types(registry, types, pairs))
    for name, text in pairs:
        reading.read(name, text)
    for name in reading.unknown:
        _refuse_inactive(reading, name)
    if strict and reading.unknown:
        raise Invalid(issues=[_unknown_issue(reading, name) for name in reading.unknown])
    return reading.query(compartment, reader)


def _types(registry: SearchRegistry, types: Sequence[str], pairs: Pairs) -> Sequence[str]:
    named = [text for name, text in pairs if name == "_type"]
    if types or not named:
        return tuple(types)
    found = tuple(dict.fromkeys(part for text in named for part in text.split(",") if part))
    for name in found:
        if name not in registry.definitions.resource_types:
            raise Invalid(f"{name!r} is not a resource type", "_type", code="value")
    return found


def _refuse_inactive(reading: "_Reading", name: str) -> None:
    """Refuse what a profile that is off would bring: left out, it would widen the search without a word."""
    bare = name.removeprefix("_sort=").lstrip("-").partition(":")[0]
    for kind in reading.types:
        if told := reading.registry.inactive(f"{kind}?{bare}"):
            text = f"{bare!r} is not a search parameter of {kind} on this server: {told}"
            raise NotFound(text, f"{kind}?{name}", code="not-supported")


def _unknown_issue(reading: "_Reading", name: str) -> Issue:
    where = ", ".join(reading.types) or "every type"
    return Issue(
        "error", "not-supported", f"{name!r} is not a search parameter of {where}", f"{'|'.join(reading.types)}?{name}"
    )


@dataclass(slots=True)
class _Reading:
    """What has been read so far of a query."""

    registry: SearchRegistry
    types: Sequence[str]
    conditions: list[Condition] = field(default_factory=list)
    sort: list[Sort] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    understood: list[tuple[str, str]] = field(default_factory=list)
    count: int = COUNT_DEFAULT
    total: str = "none"
    summary: str | None = None
    cursor: str | None = None
    typed: bool = False

    def read(self, name: str, text: str) -> None:
        if name in IGNORED:
            return
        _check_text(name + text)
        bare, _, modifier = name.partition(":")
        try:
            if bare in RESULT_PARAMETERS:
                RESULT_PARAMETERS[bare](self, text, modifier)
            elif not text:
                raise UnknownParameter(name)
            else:
                self.conditions.append(parse_condition(self.registry, self.types, name, text))
        except UnknownParameter as error:
            self.unknown.append(error.name)
        else:
            if bare != "_cursor":
                self.understood.append((name, text))

    def query(self, compartment: tuple[str, str] | None, reader: str) -> SearchQuery:
        if len(self.includes) > INCLUDES:
            text = f"{len(self.includes)} includes; at most {INCLUDES} are allowed"
            raise Invalid(text, "_include", code="too-costly")
        return SearchQuery(
            types=self.types,
            conditions=tuple(self.conditions),
            sort=tuple(self.sort),
            includes=tuple(self.includes),
            count=0 if self.summary == "count" else self.count,
            total="accurate" if self.summary == "count" or self.count == 0 else self.total,
            summary=self.summary,
            elements=tuple(self.elements),
            compartment=compartment,
            cursor=self.cursor,
            unknown=tuple(self.unknown),
            self_link=urlencode(self.understood),
            reader=reader,
        )


def _check_text(text: str) -> None:
    if NO_TEXT.search(text):
        raise Invalid("The query holds bytes that are not UTF-8 text", code="value")


def _count(reading: _Reading, text: str, _modifier: str) -> None:
    if not re.fullmatch(r"\d{1,100}", text, re.ASCII):
        raise Invalid(f"{text!r} is not a number of entries: write _count=0 or more", "_count", code="value")
    reading.count = min(int(text), COUNT_MOST)


def _one_of(name: str, attribute: str, allowed: Sequence[str]) -> Callable[[_Reading, str, str], None]:
    def read(reading: _Reading, text: str, _modifier: str) -> None:
        if text not in allowed:
            raise Invalid(f"{text!r} is not one of {', '.join(allowed)}", name, code="value")
        setattr(reading, attribute, text)

    return read


def _elements(reading: _Reading, text: str, _modifier: str) -> None:
    names = [part.strip().rpartition(".")[2] if "." in part else part.strip() for part in text.split(",")]
    reading.elements += [name for name in names if name]


def _sort(reading: _Reading, text: str, _modifier: str) -> None:
    keys = [part.strip() for part in text.split(",") if part.strip()]
    for key in keys:
        reading.sort.append(_sort_key(reading, key))
    if len(reading.sort) > SORT_KEYS:
        raise Invalid(f"{len(reading.sort)} sort keys; at most {SORT_KEYS} are allowed", "_sort", code="too-costly")


def _sort_key(reading: _Reading, key: str) -> Sort:
    name = key.removeprefix("-")
    parameter = reading.registry.common_parameter(reading.types, name)
    if parameter is None:
        raise UnknownParameter(f"_sort={key}")
    if parameter.type in {"composite", "special"}:
        raise Invalid(f"{name!r} is a {parameter.type} parameter: it has no order", "_sort", code="not-supported")
    return Sort(name, descending=key.startswith("-"))


def _include(reverse: bool) -> Callable[[_Reading, str, str], None]:
    name = "_revinclude" if reverse else "_include"

    def read(reading: _Reading, text: str, modifier: str) -> None:
        if modifier not in {"", "iterate", "recurse"}:
            raise Invalid(f"{modifier!r}: {name} takes :iterate only", f"{name}:{modifier}", code="value")
        source, _, rest = text.partition(":")
        parameter, _, target = rest.partition(":")
        if source == "*":
            if reverse:
                raise Invalid("_revinclude=* needs a type: write _revinclude=[type]:*", name, code="not-supported")
            reading.includes.append(Include("*", "*", None, reverse, bool(modifier)))
            return
        _check_include(reading, name, text, source, parameter, target)
        reading.includes.append(Include(source, parameter, target or None, reverse, bool(modifier)))

    return read


def _check_include(reading: _Reading, name: str, text: str, source: str, parameter: str, target: str) -> None:
    types = reading.registry.definitions.resource_types
    if source not in types or (target and target not in types) or not parameter:
        raise Invalid(f"{text!r}: write {name}=[type]:[parameter] or [type]:[parameter]:[target type]", name)
    if parameter == "*":
        return
    found = reading.registry.parameter(source, parameter)
    if found is None or found.type != "reference":
        raise UnknownParameter(f"{name}={text}")


def _contained(reading: _Reading, text: str, _modifier: str) -> None:
    if text != "false":
        raise Invalid("Searching inside contained resources is not supported", "_contained", code="not-supported")


def _cursor(reading: _Reading, text: str, _modifier: str) -> None:
    reading.cursor = text


def _type(reading: _Reading, text: str, _modifier: str) -> None:
    if not text:
        raise UnknownParameter("_type")
    if set(text.split(",")) - set(reading.types):
        raise Invalid(f"The search is one of {', '.join(reading.types)} already", "_type", code="value")


RESULT_PARAMETERS: dict[str, Callable[[_Reading, str, str], None]] = {
    "_count": _count,
    "_sort": _sort,
    "_include": _include(reverse=False),
    "_revinclude": _include(reverse=True),
    "_summary": _one_of("_summary", "summary", SUMMARIES),
    "_total": _one_of("_total", "total", TOTALS),
    "_elements": _elements,
    "_contained": _contained,
    "_containedType": _contained,
    "_type": _type,
    "_cursor": _cursor,
}
