"""Bodies that are broken or mean harm: read as far as they go, with a remark that says where, or refused by name."""

import re

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.cda.bodies import sections_of
from tests.cda.documents import EXAMPLES, resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda, cda_from_bundle
from usager_cda.errors import NotConformant

SUMMARY = (EXAMPLES / "synthese-medicale.xml").read_bytes()


def edited(*changes: tuple[bytes, bytes]) -> bytes:
    made = SUMMARY
    for old, new in changes:
        assert old in made
        made = made.replace(old, new)
    return made


def valid(data: bytes):
    bundle = bundle_from_cda(data)
    get_fhir_model_class("Bundle").model_validate(bundle)
    return bundle


def media(content: str) -> bytes:
    value = f'<value mediaType="application/pdf" representation="B64">{content}</value>'
    return body(
        '<component><section><templateId root="1.2.250.1.213.1.1.2.37"/><code code="55107-7"/><text>A</text><entry>'
        '<organizer classCode="CLUSTER" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.18"/>'
        f"<component><observationMedia>{value}</observationMedia></component></organizer></entry></section></component>"
    )


def test_a_truncated_file_is_left_out_and_told_with_its_place():
    bundle = valid(media("QUJ"))
    assert len(resources(bundle, "Binary")) == 1
    remark = next(message for message in messages(bundle) if "not whole" in message)
    assert "expected a multiple of 4 characters" in remark


def test_a_whole_file_is_a_binary_of_its_own():
    assert len(resources(valid(media("QUJD")), "Binary")) == 2


@pytest.mark.parametrize("date", ["19420000", "20189999", "yesterday", ""])
def test_an_odd_date_of_a_problem_is_read_as_far_as_it_goes(date):
    bundle = valid(edited((b'<low value="20180114"/>', f'<low value="{date}"/>'.encode())))
    onset = [each.get("onsetDateTime") for each in resources(bundle, "Condition")][2]
    assert onset == ("1942" if date == "19420000" else None)
    assert bool(messages(bundle)) is bool(date)


@pytest.mark.parametrize("number", ["1e99", "a lot", "NaN", "9" * 60, "-", ""])
def test_a_number_that_is_none_leaves_the_reason_of_its_absence(number):
    bundle = valid(edited((b'value="58.4"', f'value="{number}"'.encode())))
    weight = next(each for each in resources(bundle, "Observation") if each["code"]["coding"][0]["code"] == "29463-7")
    assert ("dataAbsentReason" in weight) is (number != "1e99")


CODED = re.compile(rb'<(code|value|low|high|effectiveTime|statusCode)( xsi:type="[A-Z_]+")? [^>]*?(/?)>')


@pytest.mark.parametrize("flavor", ["UNK", "NA", "MSK", "NASK", "NOTAFLAVOR"])
def test_nulls_everywhere_are_read_and_written_again(flavor):
    null = rb'<\1\2 nullFlavor="' + flavor.encode() + rb'"\3>'
    nulled = re.sub(rb"<entry.*?</entry>", lambda entry: CODED.sub(null, entry[0]), SUMMARY, flags=re.DOTALL)
    assert nulled.count(b"nullFlavor") > 50
    assert b"structuredBody" in cda_from_bundle(valid(nulled))


def test_a_section_without_a_code_has_that_of_its_template():
    data = re.sub(rb'(1\.2\.250\.1\.213\.1\.1\.2\.132"/>.*?)<code [^>]*/>', rb"\1", SUMMARY, count=1, flags=re.DOTALL)
    assert sections_of(valid(data))["11450-4"]["entry"]


def test_a_section_without_a_text_is_read():
    bundle = valid(body('<component><section><code code="1-8"/><title>Vide</title></section></component>'))
    assert sections_of(bundle)["1-8"]["text"]["status"] == "empty"


def test_a_body_without_a_section_is_read():
    assert "section" not in resources(valid(body("")), "Composition")[0]


@pytest.mark.parametrize("tag", ["script", "iframe", "form", "object", "svg", "style"])
def test_no_element_that_is_not_of_the_list_reaches_the_narrative(tag):
    text = f'<text><paragraph>avant <{tag} onclick="a()" href="data:x">mot</{tag}> après</paragraph></text>'
    div = sections_of(valid(body(f'<component><section><code code="1-8"/>{text}</section></component>')))["1-8"][
        "text"
    ]["div"]
    assert div == '<div xmlns="http://www.w3.org/1999/xhtml"><p>avant mot après</p></div>'


@pytest.mark.parametrize(
    "link", ["javascript:a()", "data:text/html,a", "vbscript:a", "file:///etc/passwd", " javascript:a()"]
)
def test_no_unsafe_link_reaches_the_narrative(link):
    text = f'<text><linkHtml href="{link}">ici</linkHtml></text>'
    div = sections_of(valid(body(f'<component><section><code code="1-8"/>{text}</section></component>')))["1-8"][
        "text"
    ]["div"]
    assert div == '<div xmlns="http://www.w3.org/1999/xhtml">ici</div>'


def test_a_narrative_that_a_client_made_up_is_written_without_its_scripts():
    bundle = bundle_from_cda(SUMMARY)
    section = sections_of(bundle)["44944-7"]
    section["text"]["div"] = '<div xmlns="http://www.w3.org/1999/xhtml"><script>a()</script><p>Bonjour</p></div>'
    written = cda_from_bundle(bundle)
    assert b"<script" not in written
    assert b"Bonjour" in written


def test_a_statement_made_twice_is_one_resource():
    entry = re.search(rb"<entry>.*?</entry>", SUMMARY, flags=re.DOTALL)
    bundle = valid(SUMMARY.replace(entry[0], entry[0] * 2))
    links = [each["fullUrl"] for each in bundle["entry"]]
    assert len(links) == len(set(links))
    assert len(sections_of(bundle)["11450-4"]["entry"]) == 2


@pytest.mark.parametrize("namespace", ["x", "../../x", "2026"])
def test_a_namespace_that_is_no_absolute_uri_is_refused_with_its_place(namespace):
    with pytest.raises(NotConformant, match="absolute URI") as refused:
        bundle_from_cda(edited((b"http://www.w3.org/2001/XMLSchema-instance", namespace.encode())))
    assert refused.value.findings[0].line
