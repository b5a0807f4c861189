"""Which format an answer takes."""

import pytest

from usager_server.errors import NotAcceptable, UnsupportedMediaType
from usager_server.http.formats import answer_format, body_format, prefers_raw

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "json"),
        ("application/fhir+json", "json"),
        ("application/fhir+xml", "xml"),
        ("application/xml", "xml"),
        ("text/xml", "xml"),
        ("text/json", "json"),
        ("application/json", "json"),
        ("application/fhir+xml; charset=utf-8", "xml"),
        ("application/fhir+json;q=0.5, application/fhir+xml", "xml"),
        ("application/fhir+json, application/fhir+xml", "json"),
        ("image/png, application/fhir+xml;q=0.1", "xml"),
        ("application/fhir+xml;q=0, */*;q=0.1", "json"),
        ("application/fhir+xml; fhirVersion=3.0, application/fhir+json", "json"),
        ("application/fhir+xml; fhirVersion=4.0", "xml"),
        (BROWSER, "json"),
        ("", "json"),
    ],
)
def test_accept_chooses_the_format(accept: str, expected: str):
    assert answer_format(accept) == expected


@pytest.mark.parametrize("accept", ["image/png", "application/fhir+json;q=0", "application/fhir+json; fhirVersion=5.0"])
def test_accept_of_nothing_we_write_is_refused(accept: str):
    with pytest.raises(NotAcceptable):
        answer_format(accept)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("json", "json"),
        ("xml", "xml"),
        ("application/fhir+xml", "xml"),
        ("application/fhir xml", "xml"),
        ("text/xml", "xml"),
    ],
)
def test_format_overrides_accept(parameter: str, expected: str):
    assert answer_format("application/fhir+json", parameter) == expected


def test_an_unknown_format_is_refused():
    with pytest.raises(NotAcceptable):
        answer_format("*/*", "yaml")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "json",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; fhirVersion=3.0",
    ],
)
def test_a_body_of_another_type_is_refused(content_type: str):
    with pytest.raises(UnsupportedMediaType):
        body_format(content_type)


def test_a_body_names_its_format():
    assert body_format("application/fhir+json; charset=UTF-8; fhirVersion=4.0") == "json"
    assert body_format("Application/XML") == "xml"


@pytest.mark.parametrize(
    ("accept", "raw"),
    [
        ("*/*", True),
        ("application/pdf", True),
        ("image/png", True),
        ("application/fhir+json", False),
        ("application/json", False),
        ("application/pdf, application/fhir+json;q=0.5", True),
    ],
)
def test_a_pdf_is_wanted_raw_unless_a_resource_is_asked_for(accept: str, raw: bool):
    assert prefers_raw(accept, None, "application/pdf") is raw


def test_json_content_is_wanted_raw_by_its_own_type():
    assert prefers_raw("application/json", None, "application/json")
    assert not prefers_raw("*/*", "json", "application/pdf")
