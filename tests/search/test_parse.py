"""Queries as text -> what they mean, or why not."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from usager_server.errors import Invalid
from usager_server.search.parameters import SearchRegistry
from usager_server.search.parse import parse_query
from usager_server.search.query import Include, SearchQuery, Sort, Value
from usager_server.search.values import split, unescape


@pytest.fixture
def parse(search_registry: SearchRegistry) -> Any:
    def parse(text: str, **options: Any) -> SearchQuery:
        kind, _, query = text.partition("?")
        return parse_query(search_registry, [kind] if kind else [], parse_qsl(query, keep_blank_values=True), **options)

    return parse


@pytest.mark.parametrize(
    ("text", "pieces"),
    [("a,b", ["a", "b"]), (r"a\,b,c", [r"a\,b", "c"]), (r"a\\,b", [r"a\\", "b"]), ("", [""]), ("a,", ["a", ""])],
)
def test_values_are_split_where_nothing_escapes(text: str, pieces: list[str]) -> None:
    assert split(text, ",") == pieces


def test_escapes_are_undone() -> None:
    assert unescape(r"a\,b\|c\$d\\e") == r"a,b|c$d\e"


def test_a_token_has_a_system_and_a_code(parse: Any) -> None:
    (condition,) = parse(r"Patient?identifier=urn:x|1\|2,3,|4,urn:y|").conditions
    assert condition.values == (
        Value("urn:x|1|2", system="urn:x", code="1|2"),
        Value("3", code="3"),
        Value("|4", system="", code="4"),
        Value("urn:y|", system="urn:y", code=""),
    )


def test_a_prefix_belongs_to_dates_numbers_and_quantities_only(parse: Any) -> None:
    assert parse("Patient?birthdate=ge2000-01").conditions[0].values == (Value("2000-01", prefix="ge"),)
    assert parse("Patient?family=gerard").conditions[0].values == (Value("gerard"),)


def test_a_quantity_has_a_number_a_system_and_a_unit(parse: Any) -> None:
    (condition,) = parse("Observation?value-quantity=lt5.40|http://unitsofmeasure.org|mg").conditions
    assert condition.values == (Value("5.40", prefix="lt", system="http://unitsofmeasure.org", code="mg"),)


def test_a_composite_has_parts(parse: Any) -> None:
    (condition,) = parse("Observation?code-value-quantity=http://loinc.org|8480-6$gt140").conditions
    assert condition.values[0].parts[1] == Value("140", prefix="gt")


def test_a_chain_is_a_condition_on_the_target(parse: Any) -> None:
    (condition,) = parse("Observation?subject:Patient.organization.name:exact=CHU").conditions
    assert (condition.parameter, condition.modifier, condition.chain.types) == ("subject", "Patient", ("Patient",))
    assert condition.chain.chain.modifier == "exact"


def test_an_untyped_chain_goes_to_every_target_that_has_the_parameter(parse: Any) -> None:
    (condition,) = parse("Observation?subject.name=x").conditions
    assert "Patient" in condition.chain.types
    assert "Group" not in condition.chain.types


def test_a_has_is_a_condition_on_those_who_refer(parse: Any) -> None:
    (condition,) = parse("Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/1").conditions
    assert condition.reverse == ("Observation", "patient")
    assert condition.chain.reverse == ("AuditEvent", "entity")


def test_result_parameters_are_read(parse: Any) -> None:
    query = parse(
        "Patient?_sort=-birthdate,family&_count=7&_total=accurate&_elements=name,Patient.gender&_summary=data"
        "&_include=Patient:organization&_revinclude:iterate=Observation:subject:Patient"
    )
    assert query.sort == (Sort("birthdate", descending=True), Sort("family"))
    assert (query.count, query.total, query.summary, query.elements) == (7, "accurate", "data", ("name", "gender"))
    assert query.includes == (
        Include("Patient", "organization"),
        Include("Observation", "subject", "Patient", reverse=True, iterate=True),
    )


def test_a_count_of_zero_asks_for_the_total_alone(parse: Any) -> None:
    query = parse("Patient?_count=0")
    assert (query.count, query.total) == (0, "accurate")
    assert parse("Patient?_summary=count").count == 0


def test_a_large_count_is_cut(parse: Any) -> None:
    assert parse("Patient?_count=100000").count == 1000
    assert parse(f"Patient?_count={'9' * 99}").count == 1000


def test_types_of_a_system_search_are_named(parse: Any) -> None:
    assert parse("?_type=Patient,Encounter&_id=1").types == ("Patient", "Encounter")


def test_a_type_without_a_name_is_unknown(parse: Any) -> None:
    assert parse("?_type=").unknown == ("_type",)


def test_too_many_parameters_are_refused_at_the_first_too_many(parse: Any) -> None:
    chained = "&".join(["subject:Patient.organization.partof.name=a"] * 100)
    with pytest.raises(Invalid) as refusal:
        parse(f"Observation?{chained}")
    assert refusal.value.issues[0].code == "too-costly"
    assert refusal.value.issues[0].expression == "Observation?subject:Patient.organization.partof.name"


def test_unknown_parameters_are_named_and_left_out_of_the_link(parse: Any) -> None:
    query = parse("Patient?foo=1&family=x&_sort=bar&_include=Patient:nothing&given=")
    assert query.unknown == ("foo", "_sort=bar", "_include=Patient:nothing", "given")
    assert query.self_link == "family=x"


def test_strict_handling_lists_every_unknown_parameter(parse: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        parse("Patient?foo=1&_text=x&family=y", strict=True)
    assert [issue.expression for issue in refusal.value.issues] == ["Patient?foo", "Patient?_text"]


@pytest.mark.parametrize(
    "text",
    [
        "Patient?birthdate=yesterday",
        "Patient?birthdate:exact=2000",
        "Patient?family:in=x",
        "Patient?gender:missing=maybe",
        "Patient?_count=-1",
        "Patient?_count=many",
        "Patient?_total=some",
        "Patient?_summary=short",
        "Patient?_contained=true",
        "Patient?family=%00",
        "Patient?family=%2D",
        "Patient?identifier:of-type=a|b",
        "Patient?gender:in=http://nowhere.example/ValueSet/x",
        "Patient?gender:below=male",
        "Patient?name.family=x",
        "Patient?_include=Nothing:x",
        "Patient?_include:often=Patient:link",
        "Patient?_revinclude=Observation",
        "Patient?_revinclude=*",
        "Patient?_has:Observation:patient=x",
        "Patient?_has:Observation:code:status=final",
        "Patient?_sort=family,given,birthdate,gender,_id",
        "Observation?value-quantity=5|mg",
        "Observation?value-quantity=abc",
        "Observation?code-value-quantity=8480-6",
        "Observation?subject:Nobody.name=x",
        "Location?near=here",
        "Location?near=|",
        "Location?near=1|",
        "Location?near=91|1",
        "Location?near=1|1|1e99",
        "Location?near=1|2|3|furlong",
        "?_type=Nobody",
    ],
)
def test_a_wrong_query_is_refused_whatever_the_handling(parse: Any, text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_a_refusal_names_the_parameter(parse: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        parse("Patient?birthdate=yesterday")
    assert refusal.value.issues[0].expression == "Patient?birthdate"


def test_a_wrong_modifier_is_answered_with_the_legal_ones(parse: Any) -> None:
    with pytest.raises(Invalid, match=r":missing, :exact, :contains"):
        parse("Patient?family:in=x")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Patient?" + "&".join(["organization.name=x"] * 100), "100 parameters"),
        ("Patient?" + "link:Patient." * 100 + "family=x", "A chain of more than 3 steps"),
        ("Patient?_id=" + ",".join(map(str, range(500))), "500 values"),
        ("Patient?" + "&".join(["_include=Patient:link"] * 30), "30 includes"),
        ("Patient?family=" + "x" * 3000, "longer than 2000"),
    ],
)
def test_what_is_too_much_is_refused_with_the_cause(parse: Any, text: str, cause: str) -> None:
    with pytest.raises(Invalid, match=cause):
        parse(text)
