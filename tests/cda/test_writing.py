"""FHIR around a file -> N1: what is written, what is made up, and what is asked for."""

import base64

import pytest
from lxml import etree

from tests.cda.documents import EXAMPLES, letter, resources
from usager_cda import IncompleteDocument, cda_from_bundle, read_header, references_needed
from usager_cda.tree import HL7, local_name

ORDER = (
    *("realmCode", "typeId", "templateId", "id", "code", "title", "effectiveTime", "confidentialityCode"),
    *("languageCode", "setId", "versionNumber", "recordTarget", "author", "dataEnterer", "informant", "custodian"),
    *("informationRecipient", "legalAuthenticator", "authenticator", "participant", "inFulfillmentOf"),
    *("documentationOf", "relatedDocument", "authorization", "componentOf", "component"),
)


def written(bundle) -> etree._Element:
    return etree.fromstring(cda_from_bundle(bundle))


def asked(bundle) -> list[str]:
    with pytest.raises(IncompleteDocument) as caught:
        cda_from_bundle(bundle)
    return [str(finding.expression) for finding in caught.value.findings]


def one(bundle, resource_type: str):
    return resources(bundle, resource_type)[0]


def test_the_elements_are_in_the_order_of_the_schema():
    names = [local_name(node) for node in written(letter())]
    assert [ORDER.index(name) for name in names] == sorted(ORDER.index(name) for name in names)


def test_an_n1_has_its_three_templates():
    roots = [node.get("root") for node in written(letter()).findall(f"{HL7}templateId")]
    assert roots == ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"]


def test_the_example_in_the_documentation_is_what_is_written():
    example = (EXAMPLES / "lettre-de-liaison.xml").read_bytes()
    assert read_header(example) == read_header(cda_from_bundle(letter()))


def test_a_number_of_the_directories_becomes_the_national_one():
    header = read_header(cda_from_bundle(letter())).header
    assert str(header.authors[0].party.ids[0]) == "1.2.250.1.71.4.2.1^810100000017"
    assert header.custodian is not None
    assert str(header.custodian.ids[0]) == "1.2.250.1.71.4.2.2^1750000999"


def test_the_matricule_comes_first():
    bundle = letter()
    one(bundle, "Patient")["identifier"].reverse()
    assert read_header(cda_from_bundle(bundle)).header.patient.ids[0].is_ins


def test_an_old_matricule_is_left_out():
    bundle = letter()
    one(bundle, "Patient")["identifier"][0]["use"] = "old"
    ids = read_header(cda_from_bundle(bundle)).header.patient.ids
    assert [ii.is_ins for ii in ids] == [False]


def test_the_first_version_is_its_own_set():
    header = read_header(cda_from_bundle(letter())).header
    assert header.version == 1
    assert header.set_id is not None
    assert header.set_id != header.id


def test_the_same_content_has_the_same_id_and_a_change_another():
    bundle = letter()
    first = read_header(cda_from_bundle(bundle)).header.id
    one(bundle, "DocumentReference")["content"][0]["attachment"]["title"] = "Autre titre"
    assert read_header(cda_from_bundle(letter())).header.id == first
    assert read_header(cda_from_bundle(bundle)).header.id != first


def test_an_author_who_is_a_person_is_the_performer_unless_told_otherwise():
    act = read_header(cda_from_bundle(letter())).header.main_act
    assert act.performers[0].party.name is not None
    assert act.performers[0].party.organization is not None
    assert act.performers[0].party.organization.industry is not None
    assert act.performers[0].party.organization.industry.code == "ESSMS"


def test_without_an_act_date_the_act_is_of_the_day_of_the_document():
    bundle = letter()
    del one(bundle, "DocumentReference")["context"]["period"]
    period = read_header(cda_from_bundle(bundle)).header.main_act.period
    assert period is not None
    assert period.low == "2026-03-12T10:15:00+01:00"


def test_a_stay_may_be_missing():
    bundle = letter()
    del one(bundle, "DocumentReference")["context"]["encounter"]
    stay = read_header(cda_from_bundle(bundle)).header.stay
    assert stay.period is not None
    assert stay.period.null == "NA"
    assert stay.facility.code is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("type", "DocumentReference.type"),
        ("author", "DocumentReference.author"),
        ("custodian", "DocumentReference.custodian"),
        ("authenticator", "DocumentReference.authenticator"),
        ("context", "DocumentReference.context.facilityType"),
        ("subject", "Patient.identifier"),
    ],
)
def test_what_is_missing_is_asked_for_by_its_path(name, expected):
    bundle = letter()
    del one(bundle, "DocumentReference")[name]
    assert expected in asked(bundle)


def test_all_that_is_missing_is_asked_for_at_once():
    bundle = letter()
    document = one(bundle, "DocumentReference")
    for name in ("type", "custodian", "authenticator"):
        del document[name]
    assert len(asked(bundle)) == 3


def test_with_a_matricule_every_trait_is_asked_for():
    bundle = letter()
    patient = one(bundle, "Patient")
    del patient["extension"], patient["birthDate"]
    assert asked(bundle) == ["Patient.birthDate", "Patient.extension(birthPlace) with its INSEE code"]


def test_a_new_version_needs_its_set_and_its_number():
    bundle = letter()
    target = {"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"}}
    one(bundle, "DocumentReference")["relatesTo"] = [{"code": "replaces", "target": target}]
    assert asked(bundle) == ["DocumentReference.identifier", "DocumentReference.extension"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": base64.b64encode(b"not a pdf").decode()}, "not a PDF"),
        ({"data": "QUJ"}, "not base64"),
        ({"data": ""}, "neither data nor a url"),
        ({"contentType": "text/html"}, "no file of type"),
    ],
)
def test_a_file_that_cannot_be_wrapped_is_refused(change, message):
    bundle = letter()
    one(bundle, "DocumentReference")["content"][0]["attachment"] |= change
    with pytest.raises(IncompleteDocument, match=message):
        cda_from_bundle(bundle)


def test_a_file_in_a_binary_of_the_bundle_is_found():
    bundle = letter()
    attachment = one(bundle, "DocumentReference")["content"][0]["attachment"]
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "application/pdf", "data": attachment.pop("data")}
    attachment["url"] = "Binary/b1"
    assert references_needed(bundle) == {"Binary/b1"}
    assert b"nonXMLBody" in cda_from_bundle(bundle, [binary])
    bundle["entry"].append({"resource": binary})
    assert references_needed(bundle) == set()


def test_the_references_that_lead_out_of_the_bundle_are_named():
    bundle = letter()
    one(bundle, "DocumentReference")["subject"] = {"reference": "Patient/p1"}
    one(bundle, "PractitionerRole")["organization"] = {"reference": "http://server.example/fhir/Organization/o1"}
    assert references_needed(bundle) == {"Patient/p1"}
    here = references_needed(bundle, base_url="http://server.example/fhir")
    assert here == {"Patient/p1", "Organization/o1"}


@pytest.mark.parametrize("count", [0, 2])
def test_one_document_is_written_at_a_time(count):
    bundle = letter()
    document = bundle["entry"].pop()
    bundle["entry"] += [document] * count
    assert asked(bundle) == ["Bundle.entry"]


def test_a_composition_is_written_too():
    bundle = letter()
    document = bundle["entry"].pop()["resource"]
    attachment = document["content"][0]["attachment"]
    binary = {"resourceType": "Binary", "contentType": "application/pdf", "data": attachment["data"]}
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "language": "fr-FR",
        "confidentiality": "N",
        **{name: document[name] for name in ("type", "subject", "date", "author", "custodian")},
        "title": attachment["title"],
        "attester": [{"mode": "legal", "time": document["date"], "party": document["authenticator"]}],
        "encounter": document["context"]["encounter"][0],
        "section": [{"title": "Lettre", "entry": [{"reference": "urn:uuid:the-file"}]}],
    }
    role = one(bundle, "Organization")
    role["type"] = [document["context"]["practiceSetting"]]
    encounter = one(bundle, "Encounter")
    encounter["contained"] = [{"resourceType": "Location", "id": "l", "type": [document["context"]["facilityType"]]}]
    encounter["location"] = [{"location": {"reference": "#l"}}]
    bundle["entry"] = [{"resource": composition}, *bundle["entry"]]
    bundle["entry"].append({"fullUrl": "urn:uuid:the-file", "resource": binary})
    header = read_header(cda_from_bundle(bundle)).header
    assert header.title == "Lettre de liaison de sortie"
    assert header.stay.facility.code is not None
    assert header.stay.facility.code.code == "SA17"
    assert header.legal_authenticator is not None
