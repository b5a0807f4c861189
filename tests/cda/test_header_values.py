"""Nothing of a header is lost: each value is in the document that is written again, or was told to stay behind."""

from collections.abc import Iterator

import pytest

from tests.cda.documents import ALL, around_a_pdf, everything, letter, resources, without_body
from tests.cda.test_bodies import messages
from usager_cda import bundle_from_cda, cda_from_bundle
from usager_cda.datatypes.times import TS, parse_ts
from usager_cda.document import write_document
from usager_cda.safety import parse_document
from usager_cda.tree import HL7, Element, elements, local_name

# What the model fixes, what labels repeat, what a document says of its own notation.
NOTATION = frozenset(
    ("classCode", "typeCode", "moodCode", "contextControlCode", "determinerCode", "codeSystemName", "displayName")
) | frozenset(("schemaLocation", "nullFlavor", "type", "assigningAuthorityName", "partType", "inclusive"))
# Of another model: an N1 has its own templates, and no status of a laboratory.
OF_THE_MODEL = ("templateId", "lab:statusCode", "component")
# Said by the rank of birth.
IMPLIED = ("sdtc:multipleBirthInd",)
# A contact of the patient bears its names without saying which of them they are.
UNQUALIFIED = ("guardianPerson",)
TOLD = ("has several", "given to two names", "kept in the original", "left out")


def values(element: Element, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield each value of a header: where it stands, its attribute (none for words), itself."""
    for inner in elements(element):
        name = local_name(inner)
        if name in OF_THE_MODEL or name in IMPLIED:
            continue
        here = (*path, name)
        for attribute, value in inner.attrib.items():
            attribute = str(attribute).rpartition("}")[2]
            is_told = attribute in NOTATION or (attribute == "qualifier" and set(UNQUALIFIED) & set(here))
            if not is_told and str(value).strip():
                yield here, attribute, plain(str(value))
        if not len(inner) and (inner.text or "").strip():
            yield here, "", plain(inner.text or "")
        yield from values(inner, here)


def plain(value: str) -> str:
    """Return a value without layout; a moment in full."""
    text = " ".join(value.split())
    if len(text) > len("202603121120") and TS.fullmatch(text):
        return parse_ts(text)
    return text


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_each_value_of_a_header_is_written_again_or_told_to_stay_behind(path):
    data = without_body(path.read_bytes())
    read = bundle_from_cda(data)
    written = set(values(parse_document(cda_from_bundle(around_a_pdf(read)))))
    missing = [each for each in values(parse_document(data)) if each not in written]
    told = [message for message in messages(read) if any(each in message for each in TOLD)]
    assert not missing or told, missing
    assert {where[-2:] for where, _, _ in missing} <= CONTACTS, missing


# Where one person or structure is told twice, each time with another address, telecom or name.
CONTACTS = {
    (around, each)
    for around in (
        "addr",
        "name",
        "assignedEntity",
        "assignedAuthor",
        "associatedEntity",
        "representedOrganization",
        "representedCustodianOrganization",
        "scopingOrganization",
        "receivedOrganization",
    )
    for each in (
        *("houseNumber", "streetName", "additionalLocator", "postalCode", "city", "country", "streetAddressLine"),
        *("telecom", "addr", "name", "prefix", "suffix", "standardIndustryClassCode"),
    )
}


def test_a_function_in_words_alone_is_written_as_the_rules_take_it():
    told = '<functionCode code="ATTPHYS" displayName="Référent" codeSystem="2.16.840.1.113883.5.88"/>'
    words = '<functionCode nullFlavor="UNK"><originalText>Contact de nuit</originalText></functionCode>'
    edited = everything().decode().replace(told, words, 1)
    assert words in edited
    root = parse_document(cda_from_bundle(around_a_pdf(bundle_from_cda(without_body(edited.encode())))))
    (function,) = (each for each in root.iter(f"{HL7}functionCode") if each.get("code") is None)
    assert (function.get("nullFlavor"), function[0].text) == ("NA", "Contact de nuit")


def test_a_function_out_of_the_list_is_a_translation_of_none_and_is_told():
    told = 'code="ATTPHYS" displayName="Référent" codeSystem="2.16.840.1.113883.5.88"'
    other = 'code="ORG-177" displayName="Établissement de référence" codeSystem="1.2.250.1.213.1.1.4.322"'
    edited = everything().decode().replace(told, other, 1)
    assert other in edited
    first = bundle_from_cda(without_body(edited.encode()))
    written = write_document(around_a_pdf(first))
    assert [each.message for each in written.findings if "ORG-177" in each.message]
    root = parse_document(written.data)
    (function,) = (each for each in root.iter(f"{HL7}functionCode") if each.get("code") is None)
    assert (function.get("nullFlavor"), function[0].text) == ("NA", "Établissement de référence")
    assert function[1].get("code") == "ORG-177"
    again = cda_from_bundle(around_a_pdf(bundle_from_cda(written.data)))
    assert again == written.data


def test_a_moment_of_the_stay_is_one_value():
    bundle = letter()
    resources(bundle, "Encounter")[0]["period"] = {"start": "2026-03-12", "end": "2026-03-12"}
    written = cda_from_bundle(bundle)
    root = parse_document(written)
    stay = root.find(f"{HL7}componentOf/{HL7}encompassingEncounter/{HL7}effectiveTime")
    assert (stay.get("value"), len(stay)) == ("20260312", 0)
    encounter = resources(bundle_from_cda(written), "Encounter")[0]
    assert encounter["period"] == {"start": "2026-03-12", "end": "2026-03-12"}


def test_a_structure_has_its_national_identifier_alone_where_the_rules_want_it():
    bundle = letter()
    (structure,) = resources(bundle, "Organization")
    structure["identifier"].append({"system": "urn:oid:1.2.3", "value": "ACCREDITATION"})
    root = parse_document(cda_from_bundle(bundle))
    author = root.find(f"{HL7}author/{HL7}assignedAuthor/{HL7}representedOrganization")
    assert [each.get("root") for each in author.findall(f"{HL7}id")] == ["1.2.250.1.71.4.2.2"]
