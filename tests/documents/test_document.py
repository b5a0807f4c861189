"""Composition/$document: a document out of what is stored, in three forms, kept once, in versions."""

import asyncio
import base64
from functools import partial
from typing import Any

import httpx
import pytest
from lxml import etree

from tests.cda.documents import EXAMPLES, example
from tests.identity.people import brought_in
from tests.served import FHIR_JSON, issue
from usager_cda import read_header
from usager_cda.fhir.names import PARTICIPATION
from usager_cda.render.files import file_of
from usager_cda.validation import check_document
from usager_server.jsontext import build_json

CDA, PDF = {"Accept": "application/xml"}, {"Accept": "application/pdf"}
LETTER = ("http://loinc.org", "88348-8", "Lettre de liaison à l'entrée dans une structure sociale ou médico-sociale")
WORDS = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Vit seule ; marche avec une canne.</p></div>'


async def stored(client: httpx.AsyncClient, bundle: dict[str, Any]) -> str:
    """Store the resources of a document Bundle, and return the address of its Composition."""
    entries = [
        {**entry, "request": {"method": "POST", "url": entry["resource"]["resourceType"]}} for entry in bundle["entry"]
    ]
    for entry in entries:
        entry["resource"] = brought_in(entry["resource"])
    made = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    response = await client.post("/", content=build_json(made), headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    place = next(i for i, each in enumerate(entries) if each["resource"]["resourceType"] == "Composition")
    location: str = response.json()["entry"][place]["response"]["location"]
    return location.partition("/_history/")[0]


def letter() -> dict[str, Any]:
    """Return a document that no model structures: words in a Composition, with the people of the medical summary."""
    bundle = example("synthese-medicale")
    system, code, display = LETTER
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Composition":
            kind = {"coding": [{"system": system, "code": code, "display": display}]}
            text = {"status": "generated", "div": WORDS}
            entry["resource"] |= {"type": kind, "title": display, "section": [{"title": "Situation", "text": text}]}
    return bundle


async def kept(client: httpx.AsyncClient, address: str, form: str = "cda") -> httpx.Response:
    response = await client.post(f"/{address}/$document", params={"persist": "true", "format": form})
    assert response.status_code == 200, response.text
    return response


async def documents(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found = await client.get("/DocumentReference", params={"_sort": "_lastUpdated"})
    return [entry["resource"] for entry in found.json().get("entry", ())]


async def changed(client: httpx.AsyncClient, address: str, **change: Any) -> None:
    composition = (await client.get(f"/{address}")).json()
    response = await client.put(f"/{address}", json={**composition, **change}, headers=FHIR_JSON)
    assert response.status_code == 200, response.text


def copy_in(data: bytes) -> bytes:
    file = file_of(etree.fromstring(data))
    assert file is not None
    return file.content


async def test_a_composition_becomes_a_document_bundle(client):
    address = await stored(client, example("synthese-medicale"))
    response = await client.get(f"/{address}/$document")
    bundle = response.json()
    assert (response.status_code, bundle["type"]) == (200, "document")
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds[0] == "Composition"
    assert sorted(kinds) == sorted(each["resource"]["resourceType"] for each in example("synthese-medicale")["entry"])
    assert bundle["identifier"]["value"].startswith("urn:oid:2.25.")
    posted = await client.post("/Bundle", content=response.content, headers=FHIR_JSON)
    assert posted.status_code == 201, posted.text


async def test_the_level_of_the_type_takes_an_id(client):
    address = await stored(client, example("synthese-medicale"))
    for name in (address, address.partition("/")[2], f"{str(client.base_url).rstrip('/')}/{address}"):
        response = await client.get("/Composition/$document", params={"id": name})
        assert response.status_code == 200, response.text
        assert response.json()["entry"][0]["resource"]["id"] == address.partition("/")[2]


@pytest.mark.requirement("SC.CDA/DD.02")
async def test_its_cda_carries_its_pdf_byte_for_byte(client):
    address = await stored(client, example("synthese-medicale"))
    cda = (await client.get(f"/{address}/$document", headers=CDA)).content
    pdf = (await client.get(f"/{address}/$document", headers=PDF)).content
    assert pdf.startswith(b"%PDF-1.4")
    assert copy_in(cda) == pdf


@pytest.mark.requirement("SC.CDA/DD.12")
async def test_what_no_model_structures_is_an_n1_around_its_print(client):
    address = await stored(client, letter())
    cda = (await client.get(f"/{address}/$document", params={"format": "cda"})).content
    pdf = (await client.get(f"/{address}/$document", params={"format": "pdf"})).content
    assert read_header(cda).header.media_type == "application/pdf"
    assert copy_in(cda) == pdf


async def test_a_document_that_is_kept_is_one_line(client):
    address = await stored(client, example("synthese-medicale"))
    response = await kept(client, address)
    (document,) = await documents(client)
    assert response.headers["Location"].endswith(f"DocumentReference/{document['id']}")
    assert [each["attachment"]["contentType"] for each in document["content"]] == ["text/xml", "application/pdf"]
    files = [
        (await client.get(f"/{each['attachment']['url']}", headers={"Accept": "*/*"})) for each in document["content"]
    ]
    assert files[0].content == response.content
    assert copy_in(response.content) == files[1].content
    assert document["context"]["related"] == [{"reference": address}]
    assert document["category"][0]["coding"][0]["code"] == "11"
    composition = (await client.get(f"/{address}")).json()
    assert document["author"][0]["reference"] == composition["author"][0]["reference"]


async def test_without_a_change_it_is_the_same_document(client):
    address = await stored(client, example("synthese-medicale"))
    first = await kept(client, address)
    await changed(client, address)
    again = await kept(client, address)
    assert (again.content, again.headers["Location"]) == (first.content, first.headers["Location"])
    assert len(await documents(client)) == 1


@pytest.mark.requirement("SC.CDA/DD.02")
async def test_a_change_is_the_next_version_of_the_same_document(client):
    address = await stored(client, example("synthese-medicale"))
    first = read_header((await kept(client, address)).content).header
    await changed(client, address, title="SYNTHESE MEDICALE 2026")
    second = read_header((await kept(client, address)).content).header
    assert (first.version, second.version) == (1, 2)
    assert second.set_id == first.set_id
    assert [parent.id for parent in second.parents] == [first.id]
    old, new = await documents(client)
    if old["status"] == "current":
        old, new = new, old
    assert (old["status"], new["status"]) == ("superseded", "current")
    assert new["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{old['id']}"


async def test_what_comes_back_to_what_it_was_is_a_third_version(client):
    address = await stored(client, letter())
    ids = []
    for title in ("Lettre", "Autre lettre", "Lettre"):
        await changed(client, address, title=title)
        ids.append(read_header((await kept(client, address)).content).header.id)
    assert len(set(ids)) == 3
    assert [each["status"] for each in await documents(client)].count("current") == 1


async def test_kept_six_times_at_once_it_is_there_once(client):
    address = await stored(client, letter())
    responses = await asyncio.gather(*(kept(client, address) for _ in range(6)))
    assert len({response.headers["Location"] for response in responses}) == 1
    assert len({response.content for response in responses}) == 1
    assert len(await documents(client)) == 1


async def test_a_draft_is_shown_and_not_kept(client):
    address = await stored(client, letter())
    await changed(client, address, status="preliminary")
    assert (await client.get(f"/{address}/$document", headers=PDF)).status_code == 200
    response = await client.post(f"/{address}/$document", params={"persist": "true"})
    assert (response.status_code, issue(response)["expression"]) == (422, ["Composition.status"])


async def test_nothing_is_kept_by_get(client):
    address = await stored(client, letter())
    response = await client.get(f"/{address}/$document", params={"persist": "true"})
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


async def test_what_lacks_is_told_one_by_one(client):
    address = await stored(client, letter())
    composition = (await client.get(f"/{address}")).json()
    bare = {name: value for name, value in composition.items() if name not in ("custodian", "attester", "encounter")}
    await client.put(f"/{address}", json=bare, headers=FHIR_JSON)
    response = await client.get(f"/{address}/$document", params={"format": "cda"})
    assert response.status_code == 422
    found = {each["expression"][0] for each in response.json()["issue"]}
    assert {"DocumentReference.custodian", "DocumentReference.authenticator"} <= found


async def test_what_the_composition_refers_to_must_be_here(client):
    address = await stored(client, letter())
    composition = (await client.get(f"/{address}")).json()
    composition["custodian"]["reference"] = "Organization/nowhere"
    await client.put(f"/{address}", json=composition, headers=FHIR_JSON)
    response = await client.get(f"/{address}/$document")
    assert (response.status_code, issue(response)["expression"]) == (422, ["Composition.custodian.reference"])


async def test_in_fhir_a_cda_is_a_binary_with_an_outcome(client):
    address = await stored(client, example("fiche-de-transfert"))
    manner = {"params": {"format": "cda"}, "headers": {"Accept": "application/fhir+json"}}
    response = await client.get(f"/{address}/$document", **manner)
    parts = {each["name"]: each for each in response.json()["parameter"]}
    assert base64.b64decode(parts["return"]["resource"]["data"]).startswith(b"<?xml")
    assert parts["outcome"]["resource"]["issue"][0]["severity"] == "information"


async def test_a_pdf_of_the_caller_takes_the_place_of_ours(client):
    address = await stored(client, letter())
    pdf = (await client.get(f"/{address}/$document", headers=PDF)).content
    given = {"name": "pdf", "resource": {"resourceType": "Binary", "contentType": "application/pdf"}}
    for data, status in ((pdf, 200), (b"%PDF-1.7 no archive", 422)):
        given["resource"]["data"] = base64.b64encode(data).decode()
        body = {"resourceType": "Parameters", "parameter": [given]}
        response = await client.post(f"/{address}/$document", json=body, params={"format": "cda"}, headers=FHIR_JSON)
        assert response.status_code == status, response.text
    assert "PDF/A-1" in issue(response)["diagnostics"]


async def test_another_composition_of_one_identifier_is_the_next_version(client):
    bundle = letter()
    bundle["entry"][0]["resource"]["identifier"] = {"system": "https://dui.example/documents", "value": "42"}
    first = read_header((await kept(client, await stored(client, bundle))).content).header
    bundle["entry"][0]["resource"]["title"] = "Lettre corrigée"
    second = read_header((await kept(client, await stored(client, bundle))).content).header
    assert (second.version, second.set_id) == (2, first.set_id)
    assert [parent.id for parent in second.parents] == [first.id]


async def test_what_was_received_is_not_replaced(client):
    data = (EXAMPLES / "synthese-medicale.xml").read_bytes()
    await client.post("/DocumentReference/$import-cda", content=data, headers={"Content-Type": "application/xml"})
    composition = (await client.get("/Composition")).json()["entry"][0]["resource"]
    response = await client.post(f"/Composition/{composition['id']}/$document", params={"persist": "true"})
    assert (response.status_code, issue(response)["code"]) == (409, "business-rule")
    assert len(await documents(client)) == 1


async def test_a_composition_around_a_pdf_is_that_pdf(client):
    address = await stored(client, letter())
    pdf = (await client.get(f"/{address}/$document", headers=PDF)).content
    binary = await client.post("/Binary", content=pdf, headers={"Content-Type": "application/pdf"})
    file = "/".join(binary.headers["Location"].split("/")[-4:-2])
    await changed(client, address, section=[{"title": "Formulaire", "entry": [{"reference": file}]}])
    assert (await client.get(f"/{address}/$document", headers=PDF)).content == pdf
    assert copy_in((await client.get(f"/{address}/$document", headers=CDA)).content) == pdf


async def test_a_composition_without_words_is_no_document(client):
    address = await stored(client, letter())
    person = (await client.get(f"/{address}")).json()["subject"]
    await changed(client, address, section=[{"title": "Rien à lire", "entry": [person]}])
    response = await client.get(f"/{address}/$document", params={"format": "pdf"})
    assert (response.status_code, issue(response)["expression"]) == (422, ["Composition.section"])


async def test_who_a_composition_tells_by_extension_is_in_the_header(client):
    bundle = letter()
    role = next(each["fullUrl"] for each in bundle["entry"] if each["resource"]["resourceType"] == "PractitionerRole")
    parts = [
        {"url": "role", "valueCode": "informationRecipient"},
        {"url": "party", "valueReference": {"reference": role}},
    ]
    bundle["entry"][0]["resource"]["extension"] = [{"url": PARTICIPATION, "extension": parts}]
    address = await stored(client, bundle)
    header = read_header((await kept(client, address)).content).header
    assert [str(part.party.name) for part in header.recipients] == [str(header.authors[0].party.name)]
    (document,) = await documents(client)
    assert '"informationRecipient"' in str(document).replace("'", '"')


async def test_another_patient_is_not_brought_along(client):
    address = await stored(client, letter())
    composition = (await client.get(f"/{address}")).json()
    patient = (await client.get(f"/{composition['subject']['reference']}")).json()
    other = await client.post("/Patient", json={"resourceType": "Patient", "active": True}, headers=FHIR_JSON)
    link = {"other": {"reference": f"Patient/{other.json()['id']}"}, "type": "seealso"}
    await client.put(f"/Patient/{patient['id']}", json={**patient, "link": [link]}, headers=FHIR_JSON)
    bundle = (await client.get(f"/{address}/$document")).json()
    assert [each["resource"]["resourceType"] for each in bundle["entry"]].count("Patient") == 1


async def test_the_bundle_makes_the_same_cda_anywhere(client):
    address = await stored(client, example("synthese-medicale"))
    bundle = (await client.get(f"/{address}/$document")).json()
    response = await client.post("/$fhir-to-cda", json=bundle, headers={**FHIR_JSON, **CDA})
    assert response.content == (await client.get(f"/{address}/$document", headers=CDA)).content


@pytest.mark.requirement("DOC/va1.04", "DOC/va1.05", "DOC/va1.06", "DOC/va1.24")
@pytest.mark.parametrize("make", [letter, *(partial(example, name) for name in ("fiche-de-transfert", "trod"))])
async def test_what_is_produced_breaks_none_of_our_rules(client, make):
    address = await stored(client, make())
    report = check_document((await client.get(f"/{address}/$document", headers=CDA)).content)
    assert [remark for remark in report.remarks if remark.severity == "error"] == []


@pytest.mark.requirement("SENTINELLE.23")
async def test_an_attestation_for_a_sample_names_who_took_it_and_who_receives_it(client):
    bundle = letter()
    system = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
    kind = {"coding": [{"system": system, "code": "CERT_DECL", "display": "Certificat, déclaration"}]}
    laboratory = {"resourceType": "Organization", "name": "Laboratoire des Lilas"}
    laboratory["identifier"] = [{"system": "https://finess.esante.gouv.fr", "value": "750000888"}]
    laboratory["telecom"] = [{"system": "email", "value": "mailto:labo@lilas.mssante.example"}]
    bundle["entry"].append({"fullUrl": "urn:uuid:laboratory", "resource": laboratory})
    parts = [
        {"url": "role", "valueCode": "informationRecipient"},
        {"url": "party", "valueReference": {"reference": "urn:uuid:laboratory"}},
    ]
    composition = bundle["entry"][0]["resource"]
    composition |= {
        "type": kind,
        "title": "Attestation d'identité qualifiée concernant un prélèvement externe",
        "event": [{"period": {"start": "2026-03-12T09:40:00+01:00"}}],
        "extension": [{"url": PARTICIPATION, "extension": parts}],
    }
    header = read_header((await client.get(f"/{await stored(client, bundle)}/$document", headers=CDA)).content).header
    assert header.recipients[0].party.organization.name == "Laboratoire des Lilas"
    assert header.main_act.period.low == "2026-03-12T09:40:00+01:00"
    assert header.main_act.performers[0].party.ids[0].extension.startswith("8")
    assert any(ii.is_ins for ii in header.patient.ids)


async def test_a_kept_document_whose_file_is_gone_is_told(client):
    address = await stored(client, letter())
    await kept(client, address)
    (document,) = await documents(client)
    changed_document = {**document, "content": document["content"][1:]}
    await client.put(f"/DocumentReference/{document['id']}", json=changed_document, headers=FHIR_JSON)
    response = await client.get(f"/{address}/$document", params={"format": "cda"})
    assert (response.status_code, issue(response)["expression"]) == (409, ["DocumentReference.content"])


async def test_to_be_kept_or_not_is_true_or_false(client):
    body = {"resourceType": "Parameters", "parameter": [{"name": "persist", "valueString": "yes"}]}
    response = await client.post(f"/{await stored(client, letter())}/$document", json=body, headers=FHIR_JSON)
    assert (response.status_code, issue(response)["code"]) == (400, "value")
