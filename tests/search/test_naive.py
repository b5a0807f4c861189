"""Random conditions on a few hundred HL7 examples: the store finds what a look at every resource finds."""

import random
from typing import Any
from urllib.parse import quote

from tests.proofs.corpus import examples
from tests.search.conftest import ids, search, store_all
from tests.search.naive import Asked, Clause, matches, values_of
from tests.search.queries_for import parameters
from usager_server.jsontext import parse_json
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.numbers import decimal_of
from usager_server.search.parameters import SearchRegistry

TYPES = (
    "Patient",
    "Observation",
    "Encounter",
    "Condition",
    "Practitioner",
    "MedicationRequest",
    "DiagnosticReport",
    "Procedure",
    "CarePlan",
    "Goal",
    "Location",
    "Specimen",
    "RiskAssessment",
    "Appointment",
    "DocumentReference",
    "ChargeItem",
)
QUERIES = 300
PREFIXES = ("eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")
KINDS = ("token", "string", "date", "reference", "uri", "number", "quantity")


async def test_the_store_agrees_with_a_look_at_every_resource(
    repository: PostgresRepository, search_registry: SearchRegistry
) -> None:
    chosen = [parse_json(one.text.encode()) for one in examples() if one.type in TYPES and len(one.text) < 30_000]
    resources = list({(one["resourceType"], one["id"]): one for one in chosen}.values())
    await store_all(repository, search_registry, resources)
    pick, nothing = random.Random(20), 0  # noqa: S311
    for _ in range(QUERIES):
        kind = pick.choice(TYPES)
        group = [one for one in resources if one["resourceType"] == kind]
        clauses = [clause for _ in range(pick.choice((1, 1, 2))) if (clause := _clause(pick, kind, group))]
        address = f"{kind}?{'&'.join(map(_written, clauses))}&_count=1000"
        expected = sorted(one["id"] for one in group if matches(one, clauses))
        assert sorted(ids(await search(repository, search_registry, address))) == expected, address
        nothing += not expected
    assert nothing < QUERIES / 3


def _clause(pick: random.Random, kind: str, group: list[dict[str, Any]]) -> Clause | None:
    """Return a condition about a value that some resource has, changed a little."""
    name, _, parameter = pick.choice([one for one in parameters(kind) if one[2].type in KINDS])
    if pick.random() < 0.1:
        return Clause(name, parameter.type, "missing", (Asked(pick.choice(("true", "false"))),))
    found = [value for one in group for value in values_of(one, name)]
    asked = (
        [one for one in (_asked(pick, parameter.type, *pick.choice(found)) for _ in range(2)) if one] if found else []
    )
    if not asked:
        return None
    modifiers = {"token": ("", "", "not"), "string": ("", "", "exact", "contains"), "uri": ("", "below")}
    modifier = pick.choice(modifiers.get(parameter.type, ("",)))
    if modifier == "exact" or (parameter.type == "token" and {leaf for leaf, _ in found} == {"code"}):
        asked = [Asked(one.text, system=None, code=one.code) for one in asked]
    return Clause(name, parameter.type, modifier, tuple(asked[: pick.choice((1, 2))]))


def _asked(pick: random.Random, kind: str, leaf: str, value: Any) -> Asked | None:
    match kind:
        case "token":
            return _token(pick, leaf, value)
        case "string":
            return _words(pick, value)
        case "date":
            return _date(pick, leaf, value)
        case "reference":
            text = value if isinstance(value, str) else value.get("reference", "")
            return Asked(text) if "/" in text and not text.startswith("#") else None
        case "uri":
            return Asked(value)
    return _number(pick, leaf, value)


def _token(pick: random.Random, leaf: str, value: Any) -> Asked | None:
    if leaf == "CodeableConcept":
        codings = value.get("coding")
        return _token(pick, "Coding", pick.choice(codings)) if codings else None
    if leaf == "ContactPoint":
        return None
    if isinstance(value, dict):
        code = value.get("code" if leaf == "Coding" else "value")
        system = pick.choice((None, value.get("system", "")))
        return Asked(code, system=system, code=code) if code else None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Asked(text, code=pick.choice((text, text.upper())))


def _words(pick: random.Random, value: Any) -> Asked | None:
    texts = [value] if isinstance(value, str) else [part for part in value.values() if isinstance(part, str)]
    text = pick.choice(texts) if texts else ""
    start = pick.choice((0, 0, len(text) // 3))
    part = pick.choice((text, text[start : start + 3], text.upper()))
    return Asked(part) if any(letter.isalnum() for letter in part) else None


def _date(pick: random.Random, leaf: str, value: Any) -> Asked | None:
    if leaf == "Period":
        value = value.get("start") or value.get("end")
    if not isinstance(value, str):
        return None
    text = pick.choice((value, value[:10], value[:7], value[:4]))
    return Asked(text, prefix=pick.choice(PREFIXES))


def _number(pick: random.Random, leaf: str, value: Any) -> Asked | None:
    holder = value.get("low", value.get("high", {})) if leaf == "Range" else value
    holder = holder if isinstance(holder, dict) else {"value": holder}
    number = decimal_of(holder.get("value"))
    if number is None:
        return None
    text = str(number + pick.choice((0, 0, 1)))
    if len(text) > 40:
        return None
    if holder.get("code") and pick.random() < 0.6:
        return Asked(text, pick.choice(PREFIXES), holder.get("system"), holder["code"])
    return Asked(text, pick.choice(PREFIXES))


def _written(clause: Clause) -> str:
    modifier = f":{clause.modifier}" if clause.modifier else ""
    return f"{clause.parameter}{modifier}={quote(','.join(_value(clause, one) for one in clause.values), safe='')}"


def _value(clause: Clause, asked: Asked) -> str:
    prefix = "" if asked.prefix == "eq" else asked.prefix
    if clause.modifier == "missing" or clause.kind not in {"token", "number", "quantity"}:
        return prefix + _escaped(asked.text)
    if clause.kind == "token":
        code = _escaped(asked.code or "")
        return code if asked.system is None else f"{_escaped(asked.system)}|{code}"
    return prefix + asked.text + (f"|{_escaped(asked.system or '')}|{_escaped(asked.code)}" if asked.code else "")


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\,|$" else letter for letter in text)
