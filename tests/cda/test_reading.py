"""CDA -> transaction Bundle: what each part of the header becomes."""

import base64
import hashlib

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.cda.documents import ALL, everything, resources
from usager_cda import NotConformant, bundle_from_cda, read_header

OURS = "https://usager.example/fhir/StructureDefinition"


@pytest.fixture(scope="module")
def bundle():
    return bundle_from_cda(everything())


@pytest.fixture(scope="module")
def document(bundle):
    return resources(bundle, "DocumentReference")[0]


def edited(*changes: tuple[str, str]) -> bytes:
    text = everything().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def findings(bundle) -> list[str]:
    entries = [entry for entry in bundle["entry"] if "extension" in entry]
    found = [part for entry in entries for finding in entry["extension"] for part in finding["extension"]]
    return [part["valueString"] for part in found if part["url"] == "message"]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_document_becomes_resources_that_fhir_resources_reads(path):
    made = bundle_from_cda(path.read_bytes())
    get_fhir_model_class("Bundle").model_validate(made)
    for entry in made["entry"]:
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_document_has_its_patient_its_metadata_and_itself(path):
    made = bundle_from_cda(path.read_bytes())
    types = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert types.count("Patient") == 1
    assert types[types.index("DocumentReference") + 1] == "Binary"
    assert {"Practitioner", "Organization"} <= set(types)


def test_the_original_is_kept_byte_for_byte(bundle, document):
    binary = resources(bundle, "Binary")[0]
    attachment = document["content"][0]["attachment"]
    assert base64.b64decode(binary["data"]) == everything()
    assert attachment["url"] == f"Binary/{binary['id']}"
    assert attachment["size"] == len(everything())
    digest = hashlib.sha1(everything(), usedforsecurity=False).digest()
    assert attachment["hash"] == base64.b64encode(digest).decode()


def test_the_patient_has_its_ins_and_its_names(bundle):
    patient = resources(bundle, "Patient")[0]
    codes = [identifier["type"]["coding"][0]["code"] for identifier in patient["identifier"]]
    assert codes == ["INS-NIR-TEST", "PI"]
    official, usual = patient["name"]
    assert (official["use"], official["family"], official["given"]) == ("official", "D'HAUTEVILLE", ["ARMAND"])
    assert official["extension"][0]["valueString"] == "ARMAND JULES LEON"
    assert (usual["use"], usual["family"], usual["given"]) == ("usual", "HAUTEVILLE-DURAND", ["Léon"])


def test_the_patient_has_its_birth_place_and_its_representatives(bundle):
    patient = resources(bundle, "Patient")[0]
    place = next(each["valueAddress"] for each in patient["extension"] if "birthPlace" in each["url"])
    assert (place["city"], place["extension"][0]["valueCoding"]["code"]) == ("LYON 4", "69384")
    roles = [contact["relationship"][0]["coding"][0]["code"] for contact in patient["contact"]]
    assert roles == ["GUARD", "GUARD"]
    assert patient["contact"][1]["organization"]["display"] == "Association tutélaire des Bords de Seine"


def test_the_metadata_are_those_of_xds(document):
    assert document["masterIdentifier"]["value"] == "V3"
    assert document["type"]["coding"][0]["code"] == "74207-2"
    assert document["category"][0]["coding"][0]["code"] == "11"
    assert document["securityLabel"][0]["coding"][0]["code"] == "R"
    assert document["date"] == "2026-03-12T10:15:30+01:00"
    assert document["content"][0]["format"]["code"] == "urn:ihe:pcc:ips:2020"
    assert document["docStatus"] == "final"
    context = document["context"]
    assert context["period"]["start"] == "2026-03-12T09:00:00+01:00"
    assert context["facilityType"]["coding"][0]["code"] == "SA17"
    assert context["practiceSetting"]["coding"][0]["code"] == "ESSMS"


def test_the_version_and_what_it_replaces_are_told(document):
    assert document["identifier"][0]["value"].endswith("^LOT")
    assert document["extension"][0]["valueString"] == "3"
    relation = document["relatesTo"][0]
    assert (relation["code"], relation["target"]["identifier"]["value"]) == ("replaces", "V2")


def test_the_patient_as_stated_stays_with_the_document(document):
    stated = document["contained"][0]
    assert document["context"]["sourcePatientInfo"] == {"reference": "#patient"}
    assert (stated["id"], stated["birthDate"]) == ("patient", "1936-05-14")
    assert "meta" not in stated


def test_everyone_who_takes_part_is_listed_with_a_role(document):
    listed = [each for each in document["extension"] if each["url"] == f"{OURS}/document-participation"]
    roles = [each["extension"][0]["valueCode"] for each in listed]
    assert roles.count("author") == 2
    assert set(roles) == {
        *("author", "dataEnterer", "informant", "informationRecipient", "legalAuthenticator"),
        *("authenticator", "participant", "performer"),
    }


def test_a_professional_is_made_once_however_often_named(bundle):
    numbers = [each["identifier"][0]["value"] for each in resources(bundle, "Practitioner")]
    assert len(numbers) == len(set(numbers))
    leroux = next(each for each in resources(bundle, "Practitioner") if each["name"][0]["family"] == "LEROUX")
    assert [each["value"] for each in leroux["identifier"]] == ["810100000017", "10100000017"]


def test_a_structure_takes_its_missing_name_from_a_later_mention(bundle):
    names = {each["identifier"][0]["value"]: each["name"] for each in resources(bundle, "Organization")}
    assert names["1750000018"] == "EHPAD Les Glycines"


def test_a_software_is_a_device_of_its_structure(bundle):
    device = resources(bundle, "Device")[0]
    assert (device["deviceName"][0]["name"], device["manufacturer"]) == ("DUI Exemple", "Éditions Exemple")
    assert device["owner"]["display"] == "EHPAD Les Glycines"


def test_a_relative_is_a_related_person(bundle):
    relative = resources(bundle, "RelatedPerson")[0]
    codes = [concept["coding"][0]["code"] for concept in relative["relationship"]]
    assert (codes, relative["name"][0]["family"]) == (["NOK", "DAU"], "MARTEL")


def test_the_stay_is_an_encounter_with_its_place(bundle):
    encounter = resources(bundle, "Encounter")[0]
    assert (encounter["status"], encounter["class"]["code"]) == ("finished", "IMP")
    assert encounter["contained"][0]["name"] == "EHPAD Les Glycines, unité Lavande"
    assert encounter["serviceProvider"]["display"] == "EHPAD Les Glycines"


def test_a_stay_that_says_nothing_makes_no_encounter():
    text = everything().decode()
    start, end = text.index("<encompassingEncounter>"), text.index("</encompassingEncounter>")
    nothing = (
        '<encompassingEncounter><effectiveTime nullFlavor="NA"/><location><healthCareFacility>'
        '<code code="SA17" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location>'
    )
    made = bundle_from_cda((text[:start] + nothing + text[end:]).encode())
    assert resources(made, "Encounter") == []
    assert resources(made, "DocumentReference")[0]["context"]["facilityType"]["coding"][0]["code"] == "SA17"


def test_all_but_the_file_are_created_only_if_none_exists(bundle):
    for entry in bundle["entry"][:-1]:
        assert entry["request"]["ifNoneExist"].startswith("identifier=")
    assert bundle["entry"][-1]["request"]["method"] == "PUT"


def test_a_document_read_twice_gives_the_same_bundle(bundle):
    assert bundle_from_cda(everything()) == bundle


def test_one_identifier_with_two_names_is_reported_and_kept_apart():
    made = bundle_from_cda(edited(('extension="810100000041"', 'extension="810100000017"')))
    families = [each["name"][0]["family"] for each in resources(made, "Practitioner")]
    assert {"LEROUX", "MOREAU"} <= set(families)
    moreau = next(each for each in resources(made, "Practitioner") if each["name"][0]["family"] == "MOREAU")
    assert moreau["extension"][0]["valueIdentifier"]["value"] == "810100000017"
    assert all(identifier["value"] != "810100000017" for identifier in moreau["identifier"])
    assert any("given to two names" in message for message in findings(made))


def test_an_identifier_without_a_number_identifies_nobody():
    made = bundle_from_cda(edited(('root="1.2.250.1.71.4.2.2.1750000018" extension="R-0042"', 'root="1.2.3.4"')))
    assert [each["value"] for each in resources(made, "Patient")[0]["identifier"]] == ["236057511042363"]
    assert any("has no extension" in message for message in findings(made))


def test_a_date_with_zeros_is_read_as_far_as_it_goes_and_reported():
    read = read_header(edited(('birthTime value="19360514"', 'birthTime value="19360000"')))
    assert read.header.patient.birth == "1936"
    assert "a month or a day of zero" in read.findings[0].message
    assert read.findings[0].xpath == "/ClinicalDocument/recordTarget/patientRole/patient/birthTime"


def test_a_patient_without_a_name_is_read():
    text = everything().decode()
    start = text.index("        <name>\n          <prefix>M</prefix>")
    end = text.index("        <administrativeGenderCode")
    made = bundle_from_cda((text[:start] + text[end:]).encode())
    assert "name" not in resources(made, "Patient")[0]
    assert "display" not in resources(made, "DocumentReference")[0]["subject"]


def test_an_old_qualifier_is_a_used_name():
    made = bundle_from_cda(edited(('<family qualifier="CL">HAUTEVILLE', '<family qualifier="SP">HAUTEVILLE')))
    assert resources(made, "Patient")[0]["name"][1]["family"] == "HAUTEVILLE-DURAND"
    assert any("SP" in message for message in findings(made))


def test_what_an_order_says_beside_its_ids_is_kept_in_the_original_and_told():
    order = b'<order><id root="1.2.3" extension="7"/><code code="1-8"/>'
    number = b'<accessionNumber xmlns="urn:dicom-org:ps3-20" root="1.2.3" extension="ACC-7"/></order>'
    data = everything()
    start = data.index(b"<order")
    made = bundle_from_cda(data[:start] + order + number + data[data.index(b"</order>") + len(b"</order>") :])
    assert {f"{name} is kept in the original document only" for name in ("code", "accessionNumber")} <= set(
        findings(made)
    )
    assert resources(made, "DocumentReference")[0]["context"]["related"][0]["identifier"]["value"] == "7"


def test_an_element_without_a_place_is_reported():
    made = bundle_from_cda(edited(("</patientRole>", "<providerOrganization/></patientRole>")))
    assert "providerOrganization is kept in the original document only" in findings(made)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('<id root="2.25.271828182845904523536028747135266249775" extension="V3"/>', "", "no identity"),
        ("<recordTarget", "<recordTarget/><recordTarget", "2 recordTarget; expected exactly one"),
        ("<patientRole", "<otherRole", "recordTarget names nobody"),
    ],
)
def test_a_document_that_cannot_be_filed_is_refused(old, new, expected):
    text = (
        everything()
        .decode()
        .replace(old, new, 1)
        .replace("</patientRole>", f"</{new[1:] if 'Role' in new else 'patientRole'}>")
    )
    with pytest.raises(NotConformant, match=expected) as caught:
        bundle_from_cda(text.encode())
    assert caught.value.findings[0].line


@pytest.mark.parametrize("body", ["QUJ", "QUJDRA=", "QUJD!UJD", "QUJD=UJD", "QUJD<a/>"])
def test_a_file_that_is_not_whole_is_refused(body):
    text = everything().decode()
    start, end = text.index("<structuredBody>"), text.index("</structuredBody>") + len("</structuredBody>")
    inside = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{body}</text></nonXMLBody>'
    with pytest.raises(NotConformant, match="not whole") as caught:
        bundle_from_cda((text[:start] + inside + text[end:]).encode())
    assert caught.value.findings[0].xpath == "/ClinicalDocument/component/nonXMLBody/text"


def test_an_organisation_contact_is_never_of_use_home():
    made = bundle_from_cda(
        edited(('<telecom value="tel:0140000011" use="EC"/>', '<telecom value="tel:0140000011" use="H"/>'))
    )
    glycines = next(each for each in resources(made, "Organization") if each.get("name") == "EHPAD Les Glycines")
    assert "use" not in glycines["telecom"][0]
