"""For a resource, queries that must find it: one for each search parameter that it has a value for.

Values are found by the FHIRPath engine, which the search room does not use for paths, and written by rules of their own
from FHIR R4 search.html: what is checked and what checks share only the definitions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote

from usager_server.definitions import Definitions, SearchParameter, load
from usager_server.errors import FHIRError
from usager_server.fhirpath import Environment, Evaluator, Node, compile
from usager_server.jsontext import parse_json

RESOLVE = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
NOT_DOMAIN = ("Binary", "Bundle", "Parameters")
QUANTITIES = ("Quantity", "Age", "Duration", "Count", "Distance", "SimpleQuantity")
FAMILY_NAMES = ("family", "given", "text", "prefix", "suffix")
ADDRESS = ("city", "line", "postalCode", "country", "state", "district", "text")


class Example(Protocol):
    """What `tests/proofs/corpus.py` knows of an example."""

    @property
    def name(self) -> str:
        """The name of its file."""
        ...

    @property
    def text(self) -> str:
        """Its JSON."""
        ...


def queries_by_example(examples: Iterable[Example]) -> dict[str, list[str]]:
    """Return the queries that must find each example, by its name, ready to stand behind `[type]?`."""
    return {one.name: [query for query, _ in queries_for(parse_json(one.text.encode()))] for one in examples}


def queries_for(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (query, name of the parameter), the query encoded for an address."""
    for name, expression, parameter in parameters(resource["resourceType"]):
        found = _written(resource, parameter, expression)
        if found is not None:
            modifier, value = found
            yield f"{name}{modifier}={quote(value, safe='')}", name


@lru_cache(maxsize=1)
def _definitions() -> Definitions:
    return load()


@lru_cache(maxsize=256)
def parameters(resource_type: str) -> list[tuple[str, str, SearchParameter]]:
    """Return the parameters of a type, each with what its expression says of this type."""
    bases = {resource_type, "Resource"} | (set() if resource_type in NOT_DOMAIN else {"DomainResource"})
    mine = [one for one in _definitions().search_parameters if bases & set(one.bases) and one.expression]
    return [(one.code, _own_part(one.expression, resource_type), one) for one in mine if one.code not in _ON_THE_ROW]


_ON_THE_ROW = ("_id", "_lastUpdated")


def _own_part(expression: str, resource_type: str) -> str:
    own = [
        part.strip() for part in expression.split(" | ") if re.match(rf"\(?({resource_type}|Resource)\b", part.strip())
    ]
    return " | ".join(own) or expression


@lru_cache(maxsize=4096)
def _evaluator(expression: str) -> Evaluator:
    return compile(RESOLVE.sub("", expression), _definitions())


def nodes(focus: Any, expression: str, resource: dict[str, Any]) -> list[Node]:
    try:
        nodes = _evaluator(expression).evaluate(focus, Environment(resource=Node(resource, resource["resourceType"])))
    except FHIRError:
        return []
    return [node for node in nodes if node.value is not None]


Written = tuple[str, str] | None
"""The modifier with its colon, and the value; None when nothing can be asked for."""


def _written(resource: dict[str, Any], parameter: SearchParameter, expression: str) -> Written:
    wanted = RESOLVE.search(expression)
    for node in nodes(resource, expression, resource):
        if wanted and not points_at(node.value, wanted[1]):
            continue
        found = _of_node(node, parameter, resource)
        if found is not None:
            return found
    return None


def points_at(value: Any, kind: str) -> bool:
    return bool(re.search(rf"(^|/){kind}/[^/]+(/_history/[^/]+)?$", str(value.get("reference", ""))))


def _of_node(node: Node, parameter: SearchParameter, resource: dict[str, Any]) -> Written:
    if parameter.type == "composite":
        return _composite(node, parameter, resource)
    if parameter.type == "special":
        return "", f"{_digits(node.value['latitude'])}|{_digits(node.value['longitude'])}|1|km"
    return _value(parameter.type, node.type.removeprefix("System."), node.value)


def _value(kind: str, leaf: str, value: Any) -> Written:
    match kind:
        case "token":
            return _token(leaf, value)
        case "reference":
            return _reference(value)
        case "string":
            return _string(value)
        case "uri":
            return "", _escaped(value)
        case "date":
            return _date(leaf, value)
    return _number(leaf, value)


def _composite(node: Node, parameter: SearchParameter, resource: dict[str, Any]) -> Written:
    pieces = []
    for _, expression in parameter.components:
        found = None
        for inner in nodes(node, expression.replace("DateTime", "dateTime"), resource):
            found = _value(_component_kind(inner.type), inner.type, inner.value)
            if found and not found[0]:
                break
        if found is None or found[0]:
            return None
        pieces.append(found[1])
    return "", "$".join(pieces)


def _component_kind(leaf: str) -> str:
    kinds = {"Reference": "reference", "string": "string", "dateTime": "date", "Period": "date", "integer": "number"}
    return kinds.get(leaf, "quantity" if leaf in (*QUANTITIES, "Range", "SampledData") else "token")


def _token(leaf: str, value: Any) -> Written:
    if leaf == "CodeableConcept":
        codings = [coding for coding in value.get("coding", ()) if coding.get("code")]
        if codings:
            return _token("Coding", codings[0])
        return (":text", _escaped(value["text"][:200])) if value.get("text") else None
    if leaf == "Coding":
        return _pair(value.get("system"), value["code"]) if value.get("code") else None
    if leaf == "Identifier":
        return _pair(value.get("system"), value["value"]) if value.get("value") else None
    if leaf == "ContactPoint":
        return ("", _escaped(value["value"])) if value.get("value") else None
    return "", _escaped(str(value).lower() if isinstance(value, bool) else value)


def _pair(system: str | None, code: str) -> Written:
    return "", f"{_escaped(system or '')}|{_escaped(code)}"


def _reference(value: Any) -> Written:
    if isinstance(value, str):
        return None if value.startswith("#") else ("", _escaped(value))
    if "resourceType" in value:
        return ("", f"{value['resourceType']}/{value['id']}") if "id" in value else None
    text = value.get("reference", "")
    if text and not text.startswith("#"):
        return "", _escaped(text)
    identifier = value.get("identifier", {})
    if not identifier.get("value"):
        return None
    pair = _pair(identifier.get("system"), identifier["value"])
    return (":identifier", pair[1]) if pair else None


def _string(value: Any) -> Written:
    if isinstance(value, Mapping):
        parts = (value.get(name) for name in (*FAMILY_NAMES, *ADDRESS))
        first = next((part if isinstance(part, str) else part[0] for part in parts if part), None)
        return None if first is None else _string(first)
    beginning = value[:200]
    return ("", _escaped(beginning)) if any(letter.isalnum() for letter in beginning) else None


def _date(leaf: str, value: Any) -> Written:
    if leaf == "Timing":
        event = next(iter(value.get("event", ())), None)
        bounds = value.get("repeat", {}).get("boundsPeriod")
        return ("", f"ge{event}") if event else _date("Period", bounds) if bounds else None
    if leaf == "Period":
        start, end = value.get("start"), value.get("end")
        return ("", f"ge{start}") if start else ("", f"le{end}") if end else None
    return ("", str(value)) if leaf in {"date", "dateTime", "instant"} else None


def _number(leaf: str, value: Any) -> Written:
    if leaf == "Range":
        low, high = value.get("low"), value.get("high")
        return _unit("ge", low) if low else _unit("le", high) if high else None
    if leaf == "Money":
        return "", f"{_digits(value['value'])}|urn:iso:std:iso:4217|{value['currency']}"
    if leaf in QUANTITIES:
        prefix = {"<": "le", "<=": "le", ">": "ge", ">=": "ge"}.get(value.get("comparator", ""), "")
        return _unit(prefix, value)
    return None if isinstance(value, Mapping) else ("", _digits(value))


def _unit(prefix: str, value: Mapping[str, Any]) -> Written:
    if "value" not in value:
        return None
    number = f"{prefix}{_digits(value['value'])}"
    if value.get("code"):
        return "", f"{number}|{_escaped(value.get('system', ''))}|{_escaped(value['code'])}"
    return "", f"{number}||{_escaped(value['unit'])}" if value.get("unit") else number


def _digits(number: Any) -> str:
    return str(number) if isinstance(number, int) else bytes(number).decode()


def _escaped(text: str) -> str:
    return re.sub(r"([\\,|$])", r"\\\1", text)
