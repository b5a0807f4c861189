"""Documents -> IHE_XDM.ZIP: the tree that IHE asks for, and metadata that say what the headers say."""

import hashlib

import pytest
from lxml import etree

from tests.cda.xdm.archives import EVERYTHING, LETTER, OTHER, unzipped
from usager_cda import IncompleteDocument, NotConformant
from usager_cda.xdm import XDMDocument, build_xdm
from usager_cda.xdm.names import (
    ENTRY_PATIENT_ID,
    ENTRY_SCHEMES,
    ENTRY_UNIQUE_ID,
    HAS_MEMBER,
    LCM,
    REPLACES,
    RIM,
    SET_SOURCE_ID,
    SET_UNIQUE_ID,
    SUBMISSION_SET,
)

FOLDER = "IHE_XDM/SUBSET01/"


def metadata(*documents, **named):
    return etree.fromstring(unzipped(build_xdm(documents, **named))[f"{FOLDER}METADATA.XML"])


def entry(*documents):
    return metadata(*documents).find(f".//{RIM}ExtrinsicObject")


def slot(element, name):
    found = element.xpath(f"*[local-name()='Slot'][@name='{name}']//*[local-name()='Value']/text()")
    return list(map(str, found))


def identifier(element, scheme):
    return element.xpath(f"*[@identificationScheme='{scheme}']/@value")[0]


def coded(element, name):
    found = element.xpath(f"*[@classificationScheme='{ENTRY_SCHEMES[name]}']")
    return [(each.get("nodeRepresentation"), *slot(each, "codingScheme")) for each in found]


def test_the_tree_is_that_of_ihe():
    names = list(unzipped(build_xdm([LETTER, OTHER])))
    inside = ["METADATA.XML", "DOC00001.XML", "DOC00002.XML"]
    assert names == ["INDEX.HTM", "README.TXT", *(f"{FOLDER}{name}" for name in inside)]


def test_each_document_is_there_byte_for_byte():
    members = unzipped(build_xdm([LETTER, OTHER]))
    assert (members[f"{FOLDER}DOC00001.XML"], members[f"{FOLDER}DOC00002.XML"]) == (LETTER, OTHER)


def test_an_entry_tells_of_the_bytes():
    made = entry(LETTER)
    assert made.get("mimeType") == "text/xml"
    assert slot(made, "hash") == [hashlib.sha1(LETTER).hexdigest()]  # noqa: S324
    assert slot(made, "size") == [str(len(LETTER))]
    assert slot(made, "URI") == ["DOC00001.XML"]


def test_an_entry_tells_of_the_person():
    made = entry(LETTER)
    assert identifier(made, ENTRY_PATIENT_ID) == "238072901900194^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert slot(made, "sourcePatientId") == ["R0042^^^&1.2.250.1.71.4.2.2.1750000999&ISO^PI"]
    assert slot(made, "sourcePatientInfo") == ["PID-5|ABEILLON^JEANNE^^^^^L", "PID-7|19380714", "PID-8|F"]


def test_an_entry_tells_of_the_document():
    made = entry(LETTER)
    assert identifier(made, ENTRY_UNIQUE_ID) == "2.25.264665220010003236527935720731892256873"
    assert made.find(f"{RIM}Name/{RIM}LocalizedString").get("value") == "Lettre de liaison de sortie"
    assert slot(made, "creationTime") == ["20260312091500"]
    assert slot(made, "languageCode") == ["fr-FR"]
    assert coded(made, "typeCode") == [("83981-1", "2.16.840.1.113883.6.1")]
    assert coded(made, "classCode") == [("10", "1.2.250.1.213.1.1.4.1")]
    assert coded(made, "confidentialityCode") == [("N", "2.16.840.1.113883.5.25")]
    assert coded(made, "formatCode")[0][0] == "urn:ihe:iti:xds-sd:pdf:2008"
    assert coded(made, "healthcareFacilityTypeCode") == [("SA17", "1.2.250.1.71.4.2.4")]
    assert coded(made, "practiceSettingCode") == [("ESSMS", "1.2.250.1.213.1.1.4.9")]


def test_an_entry_tells_of_its_author():
    made = entry(LETTER).xpath(f"*[@classificationScheme='{ENTRY_SCHEMES['author']}']")[0]
    assert slot(made, "authorPerson") == ["810100000017^MARTINEAU^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"]
    assert slot(made, "authorInstitution") == ["EHPAD Les Tilleuls^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750000999"]
    assert slot(made, "authorSpecialty")[0].startswith("G15_10")
    assert slot(entry(LETTER), "legalAuthenticator")[0].startswith("810100000017^MARTINEAU^")


def test_the_submission_set_holds_every_document():
    root = metadata(LETTER, OTHER)
    package = root.find(f".//{RIM}RegistryPackage")
    assert root.tag == f"{LCM}SubmitObjectsRequest"
    assert package.xpath(f"*[@classificationNode='{SUBMISSION_SET}']")
    assert identifier(package, SET_UNIQUE_ID).startswith("2.25.")
    members = root.xpath(f"//*[@associationType='{HAS_MEMBER}']")
    entries = [each.get("id") for each in root.iter(f"{RIM}ExtrinsicObject")]
    assert [each.get("targetObject") for each in members] == entries
    assert all(slot(each, "SubmissionSetStatus") == ["Original"] for each in members)


def test_every_object_has_a_name_of_its_own():
    keys = metadata(LETTER, OTHER).xpath("//@id")
    assert len(keys) == len(set(keys))


def test_a_replacement_is_told():
    root = metadata(XDMDocument(LETTER, replaces="urn:uuid:00000000-0000-4000-8000-000000000001"))
    found = root.xpath(f"//*[@associationType='{REPLACES}']")[0]
    assert found.get("targetObject") == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert found.get("sourceObject") == root.find(f".//{RIM}ExtrinsicObject").get("id")


def test_two_versions_in_one_archive_replace_one_another():
    parent = b'<relatedDocument typeCode="RPLC"><parentDocument><id root="2.25.12"/></parentDocument></relatedDocument>'
    newer = LETTER.replace(b"<componentOf>", parent + b"<componentOf>")
    root = metadata(OTHER, newer)
    first, second = (each.get("id") for each in root.iter(f"{RIM}ExtrinsicObject"))
    found = root.xpath(f"//*[@associationType='{REPLACES}']")[0]
    assert (found.get("sourceObject"), found.get("targetObject")) == (second, first)


def test_the_same_documents_are_the_same_bytes():
    assert build_xdm([LETTER, OTHER]) == build_xdm([LETTER, OTHER])


def test_who_sends_is_told():
    members = unzipped(build_xdm([LETTER], product="DUI Exemple 3", contact="aide@exemple.fr"))
    text = members["README.TXT"].decode()
    assert "Logiciel : DUI Exemple 3\r\nContact : aide@exemple.fr" in text
    assert "Structure : EHPAD Les Tilleuls" in text


def test_the_index_leads_to_each_document():
    page = etree.fromstring(unzipped(build_xdm([LETTER, OTHER]))["INDEX.HTM"], etree.XMLParser(load_dtd=False))
    links = page.xpath("//*[local-name()='li']/*[local-name()='a']")
    assert [(link.get("href"), link.text) for link in links] == [
        (f"{FOLDER}DOC00001.XML", "Lettre de liaison de sortie"),
        (f"{FOLDER}DOC00002.XML", "Autre lettre de liaison de sortie"),
    ]


def test_a_source_is_an_oid_of_its_own():
    root = metadata(LETTER, source_id="1.2.3")
    assert identifier(root.find(f".//{RIM}RegistryPackage"), SET_SOURCE_ID) == "1.2.3"


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ([], "0 documents"),
        ([LETTER, LETTER], "there twice"),
        ([LETTER, EVERYTHING], "about 2 people"),
        ([LETTER] * 100, "100 documents"),
    ],
)
def test_what_makes_no_archive_is_refused(documents, told):
    with pytest.raises(IncompleteDocument, match=told):
        build_xdm(documents)


def test_what_is_no_cda_is_refused():
    with pytest.raises(NotConformant):
        build_xdm([b"<html/>"])
