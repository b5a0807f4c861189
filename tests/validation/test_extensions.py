"""Extensions with an installed definition: content, context, slots."""

from typing import Any

import pytest

from tests.validation.helpers import found, only
from tests.validation.profiles import URL, Judge, element, profile
from usager_server.definitions import Definitions


def extension(*contexts: str, kind: str = "element") -> dict[str, Any]:
    """Return the definition of an extension that holds a code, in some contexts."""
    return profile(
        "x",
        "Extension",
        element("Extension.url", fixedUri=URL + "x"),
        element("Extension.value[x]", min=1, type=[{"code": "code"}]),
        context=[{"type": kind, "expression": context} for context in contexts],
    )


GOOD = {"url": URL + "x", "valueCode": "a"}


def test_its_content_is_checked_wherever_it_stands(definitions: Definitions, patient: dict[str, Any]) -> None:
    judge = Judge(definitions, extension("Element"))
    patient["name"][0]["_given"] = [{"extension": [{"url": URL + "x", "valueString": "a"}]}, None]
    issue = only(judge(patient))
    assert issue.expression == "Patient.name[0].given[0].extension[0].value"
    assert "wants code" in issue.diagnostics


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ("Patient.name", True),
        ("HumanName", True),
        ("Element", True),
        ("Patient", False),
        ("Address", False),
        ("Patient.contact.name", False),
    ],
)
def test_its_context_is_its_element_or_its_type(
    definitions: Definitions, patient: dict[str, Any], context: str, allowed: bool
) -> None:
    patient["name"][0]["extension"] = [GOOD]
    assert (Judge(definitions, extension(context))(patient) == []) is allowed


@pytest.mark.parametrize(
    ("context", "allowed"), [("Resource", True), ("DomainResource", True), ("Patient", True), ("Observation", False)]
)
def test_a_resource_is_a_context_by_any_of_its_types(
    definitions: Definitions, patient: dict[str, Any], context: str, allowed: bool
) -> None:
    assert (Judge(definitions, extension(context))({**patient, "extension": [GOOD]}) == []) is allowed


def test_a_primitive_is_a_context(definitions: Definitions, patient: dict[str, Any]) -> None:
    patient["_birthDate"] = {"extension": [GOOD]}
    assert Judge(definitions, extension("Patient.birthDate"))(patient) == []
    assert Judge(definitions, extension("date"))(patient) == []
    assert "may not stand here" in only(Judge(definitions, extension("Patient.gender"))(patient)).diagnostics


def test_an_extension_may_be_the_context_of_another(definitions: Definitions, patient: dict[str, Any]) -> None:
    outer = {"url": "http://example.org/outer", "extension": [GOOD]}
    judge = Judge(definitions, extension("http://example.org/outer", kind="extension"))
    assert judge({**patient, "extension": [outer]}) == []
    assert judge({**patient, "extension": [GOOD]}) != []


def test_a_slot_of_a_profile_counts_it_by_its_url(definitions: Definitions, patient: dict[str, Any]) -> None:
    slot = element("Patient.extension:x", min=1, max="1", type=[{"code": "Extension", "profile": [URL + "x"]}])
    judge = Judge(definitions, extension("Patient"), profile("p", "Patient", slot))
    assert judge({**patient, "extension": [GOOD, {"url": "http://example.org/other", "valueCode": "b"}]}, "p") == []
    assert found(judge(patient, "p")) == [("required", "Patient.extension")]
    assert "stands 2 times" in only(judge({**patient, "extension": [GOOD, GOOD]}, "p")).diagnostics
