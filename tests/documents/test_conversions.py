"""$cda-to-fhir and $fhir-to-cda over HTTP."""

import base64
import copy
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.cda.documents import ALL, OWN, PDF, around_a_pdf, everything, example, letter, resources
from tests.cda.test_mutations import ACTS, VALUES, mutate
from tests.identity.people import brought_in
from tests.served import FHIR_JSON, issue, make_client, make_house
from usager_cda import CDAError, bundle_from_cda, cda_from_bundle, read_header
from usager_cda.render import carried_file
from usager_server.documents.conversion import CDA_TYPES, bundle_from_document
from usager_server.errors import FHIRError
from usager_server.identity.matricule import as_received
from usager_server.operations.fhir_to_cda import fhir_to_cda

XML = {"Content-Type": "application/xml"}
QUIET = settings(
    deadline=None,
    max_examples=int(os.environ.get("USAGER_TEST_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_bundle_is_valid_for_this_server(path, validator):
    bundle = bundle_from_document(path.read_bytes())
    assert list(validator.structure(bundle, "Bundle")) == []
    for entry in bundle["entry"]:
        assert list(validator.profiles(entry["resource"])) == []


@pytest.mark.parametrize("media_type", CDA_TYPES)
async def test_a_raw_document_becomes_a_transaction(client, media_type):
    response = await client.post("/$cda-to-fhir", content=everything(), headers={"Content-Type": media_type})
    assert response.status_code == 200
    expected = bundle_from_cda(everything())
    (document,) = resources(expected, "DocumentReference")
    source = document["masterIdentifier"]["value"]
    for entry in expected["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            read = as_received(entry["resource"])
            entry["resource"] = {**read, "meta": {**read["meta"], "source": source}}
    assert response.json() == expected


@pytest.mark.parametrize("name", ["document", "resource"])
async def test_a_binary_becomes_a_transaction(client, name):
    data = base64.b64encode(everything()).decode()
    binary = {"resourceType": "Binary", "contentType": "text/xml", "data": data}
    body = {"resourceType": "Parameters", "parameter": [{"name": name, "resource": binary}]}
    response = await client.post("/$cda-to-fhir", json=body, headers=FHIR_JSON)
    assert response.json()["type"] == "transaction"


async def test_base64_in_a_parameter_becomes_a_transaction(client):
    data = base64.b64encode(everything()).decode()
    body = {"resourceType": "Parameters", "parameter": [{"name": "document", "valueBase64Binary": data}]}
    assert (await client.post("/$cda-to-fhir", json=body, headers=FHIR_JSON)).status_code == 200


async def test_nothing_is_stored(client):
    await client.post("/$cda-to-fhir", content=everything(), headers=XML)
    assert (await client.get("/Patient", params={"_summary": "count"})).json()["total"] == 0


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "required"),
        (b"not xml", 400, "structure"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 400, "structure"),
        (b"<ClinicalDocument/>", 422, "business-rule"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>', 422, "business-rule"),
        (b'<a xmlns="urn:hl7-org:v3">' + b"<b/>" * 600_000 + b"</a>", 413, "too-long"),
    ],
)
async def test_a_bad_document_is_refused_by_name(client, content, status, code):
    response = await client.post("/$cda-to-fhir", content=content, headers=XML)
    assert (response.status_code, issue(response)["code"]) == (status, code)


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "document", "valueBase64Binary": "***"},
        {"name": "document", "valueString": ""},
        {"name": "document", "resource": {"resourceType": "Patient"}},
        {"name": "other", "valueString": "x"},
    ],
)
async def test_a_parameter_that_holds_no_document_is_refused(client, parameter):
    body = {"resourceType": "Parameters", "parameter": [parameter]}
    assert (await client.post("/$cda-to-fhir", json=body, headers=FHIR_JSON)).status_code == 400


async def test_a_letter_becomes_xml_or_a_binary_as_the_caller_likes(client):
    raw = await client.post("/$fhir-to-cda", json=letter(), headers=FHIR_JSON | {"Accept": "application/xml"})
    assert raw.status_code == 200, raw.text
    assert raw.headers["Content-Type"].startswith("application/xml")
    assert raw.content == cda_from_bundle(letter())
    wrapped = await client.post("/$fhir-to-cda", json=letter(), headers=FHIR_JSON | {"Accept": "application/fhir+json"})
    binary, outcome = (each["resource"] for each in wrapped.json()["parameter"])
    assert base64.b64decode(binary["data"]) == raw.content
    assert "PDF/A-1" in outcome["issue"][0]["diagnostics"]
    assert "PDF/A-1" in raw.headers["Warning"]


async def test_an_n3_carries_its_pdf_unless_it_is_asked_not_to(client):
    for copies, carries in ((None, True), ("true", True), ("false", False)):
        query = {"copy": copies} if copies else {}
        response = await client.post(
            "/$fhir-to-cda", json=example("fiche-de-transfert"), params=query, headers=FHIR_JSON
        )
        assert response.status_code == 200, response.text
        assert (carried_file(response.content) is not None) is carries


async def test_words_without_a_model_are_printed(client):
    bundle = example("fiche-de-transfert")
    kind = {"coding": [{"system": "http://loinc.org", "code": "28653-4", "display": "Autre document"}]}
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Vit seule.</p></div>'}
    resources(bundle, "Composition")[0].update(type=kind, section=[{"title": "Situation", "text": text}])
    response = await client.post("/$fhir-to-cda", json=bundle, headers=FHIR_JSON)
    file = carried_file(response.content)
    assert file is not None
    assert (file.is_body, file.content[:8]) == (True, b"%PDF-1.4")


async def test_a_pdf_without_a_composition_is_refused(client):
    pdf = {"resourceType": "Binary", "contentType": "application/pdf", "data": base64.b64encode(PDF).decode()}
    parts = [{"name": "resource", "resource": letter()}, {"name": "pdf", "resource": pdf}]
    body = {"resourceType": "Parameters", "parameter": parts}
    response = await client.post("/$fhir-to-cda", json=body, headers=FHIR_JSON)
    assert (response.status_code, issue(response)["expression"]) == (422, ["Parameters.parameter.where(name = 'pdf')"])


async def test_a_vsm_is_written_where_the_operator_says_so(client, store, search_registry, validator):
    response = await client.post("/$fhir-to-cda", json=example("vsm"), headers=FHIR_JSON)
    assert (response.status_code, issue(response)["code"]) == (422, "not-supported")
    assert "USAGER_CDA_VSM" in issue(response)["diagnostics"]
    house = make_house(store, search_registry, validator, (fhir_to_cda,), cda_vsm=True)
    async with make_client(house) as other:
        response = await other.post("/$fhir-to-cda", json=example("vsm"), headers=FHIR_JSON)
    assert response.status_code == 200, response.text


async def test_a_letter_in_parameters_becomes_xml(client):
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": letter()}]}
    response = await client.post("/$fhir-to-cda", json=body, headers=FHIR_JSON)
    assert response.content.startswith(b"<?xml")


async def test_what_the_bundle_refers_to_is_read_from_the_store(client):
    bundle = letter()
    stored = {"resourceType": "Bundle", "type": "transaction", "entry": bundle["entry"][:-1]}
    for entry in stored["entry"]:
        entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
        entry["resource"] = brought_in(entry["resource"])
    made = (await client.post("/", json=stored, headers=FHIR_JSON)).json()
    addresses = [entry["response"]["location"].partition("/_history/")[0] for entry in made["entry"]]
    document = str(bundle["entry"][-1])
    for entry, address in zip(stored["entry"], addresses, strict=True):
        document = document.replace(entry["fullUrl"], address)
    alone = eval(document)["resource"]  # noqa: S307 - our own literal
    response = await client.post("/$fhir-to-cda", json=alone, headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    header = read_header(response.content).header
    assert header.patient.name.family("BR") == "ABEILLON"
    assert header.patient.ids[0].is_ins
    assert header.authors[0].party.organization is not None


async def test_a_stored_file_is_wrapped(client):
    posted = await client.post("/Binary", content=PDF, headers={"Content-Type": "application/pdf"})
    bundle = letter()
    attachment = resources(bundle, "DocumentReference")[0]["content"][0]["attachment"]
    del attachment["data"]
    attachment["url"] = f"Binary/{posted.headers['Location'].split('/')[5]}"
    response = await client.post("/$fhir-to-cda", json=bundle, headers=FHIR_JSON)
    assert base64.b64encode(PDF) in response.content


async def test_all_that_lacks_is_asked_for_at_once(client):
    bundle = letter()
    document = resources(bundle, "DocumentReference")[0]
    del document["custodian"], document["authenticator"]
    response = await client.post("/$fhir-to-cda", json=bundle, headers=FHIR_JSON)
    assert response.status_code == 422
    expressions = [each["expression"] for each in response.json()["issue"]]
    assert expressions == [["DocumentReference.custodian"], ["DocumentReference.authenticator"]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Patient"}, 400),
        ({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Nothing"}}]}, 400),
        ({"resourceType": "Bundle", "type": "collection"}, 422),
        ({"resourceType": "Parameters"}, 400),
    ],
)
async def test_what_is_no_document_is_refused(client, body, status):
    assert (await client.post("/$fhir-to-cda", json=body, headers=FHIR_JSON)).status_code == status


async def test_an_imported_document_goes_out_again(client):
    first = bundle_from_cda(everything())
    response = await client.post("/$fhir-to-cda", json=around_a_pdf(first), headers=FHIR_JSON)
    assert response.status_code == 200, response.text


@QUIET
@given(
    sample=st.sampled_from([path.read_bytes() for path in OWN]),
    acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 10_000), VALUES), min_size=1, max_size=6),
)
def test_whatever_is_read_is_valid_for_this_server(validator, sample, acts):
    root = etree.fromstring(sample)
    for act, at, value in acts:
        mutate(root, act, at, value)
    try:
        bundle = bundle_from_document(etree.tostring(root))
    except FHIRError:
        return
    assert list(validator.structure(bundle, "Bundle")) == []


def places(tree, path=()):
    """Yield the path of every node of a JSON tree."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


ODD = st.sampled_from([None, "", "x", 0, 1.5, True, [], {}, [None], {"a": 1}, "2026", "\u0001\ufffe", "urn:oid:1.2"])


@QUIET
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=3))
def test_whatever_is_valid_is_written_or_refused_by_name(validator, changes):
    bundle = letter()
    for at, value in changes:
        paths = [path for path in places(bundle) if path]
        *way, last = paths[at % len(paths)]
        node = bundle
        for key in way:
            node = node[key]
        node[last] = copy.deepcopy(value)
    if list(validator.structure(bundle, "Bundle")):
        return
    try:
        cda_from_bundle(bundle)
    except CDAError as error:
        assert error.findings
