"""The code lists of the documents, as the house brings them."""

import pytest

from usager_cda.systems import url_of
from usager_cda.terminology import diseases, vaccines, value_sets
from usager_server.definitions import Definitions
from usager_server.documents.terminology import VACCINES, terminology_resources
from usager_server.errors import NotFound, Unprocessable
from usager_server.terminology import Library, Shelf


@pytest.fixture(scope="module")
def shelf(definitions: Definitions) -> Shelf:
    """The shelf of a house."""
    return Library(definitions, terminology_resources()).shelf


def vaccine_codes(shelf: Shelf, text: str) -> set[str]:
    """Return the codes of the vaccines and of the classes that are found."""
    return {member.concept.code for member in shelf.value_set(VACCINES).expansion.find(text)}


def test_every_list_can_be_listed_and_has_its_names(shelf: Shelf):
    for value_set in value_sets().values():
        listed = shelf.value_set(value_set.url).expansion
        assert len(listed.members) == len(value_set.codes)
        assert all(member.display for member in listed.members)
        assert listed.is_whole == value_set.is_whole


def test_ids_and_canonicals_are_unique():
    resources = list(terminology_resources())
    for name in ("id", "url"):
        assert len({(each["resourceType"], each[name]) for each in resources}) == len(resources)
    assert all(len(each["id"]) <= 64 for each in resources)


def test_every_vaccine_protects_from_a_known_disease_and_has_a_class():
    classes = {each.atc for each in vaccines() if not each.cis}
    assert {name for each in vaccines() for name in each.diseases} == set(diseases())
    assert {each.atc for each in vaccines()} == classes
    assert len({(each.cis, each.atc) for each in vaccines()}) == len(vaccines())


@pytest.mark.requirement("MS.VACC/NOTE.07")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("grippe", {"J07BB01", "J07BB02", "J07BB03"}),
        ("INFLUENZA", {"J07BB01", "J07BB02", "J07BB03", "J07AG01", "J07CA06", "J07CA09"}),
        ("hpv", {"J07BM01", "J07BM02", "J07BM03"}),
        ("bronchiolite", {"J07BX05"}),
        ("zona", {"J07BK02", "J07BK03"}),
        ("vaccin rubeole", {"J07BD52", "J07BD54", "J07BJ01"}),
        ("J07BB", {"J07BB01", "J07BB02", "J07BB03"}),
        ("revaxis", {"60917345"}),
        ("antitetanique polio", {"60917345", "J07CA01", "J07CA02", "J07CA06", "J07CA09"}),
    ],
)
def test_a_vaccine_or_its_class_is_found_by_disease_or_by_name(shelf: Shelf, text: str, expected: set[str]):
    assert vaccine_codes(shelf, text) == expected


def test_a_class_has_each_name_once(shelf: Shelf):
    for member in shelf.value_set(VACCINES).expansion.members:
        names = [each.value for each in member.concept.designations]
        assert len(names) == len(set(names)), member.concept.code


def test_a_class_leads_to_its_diseases(shelf: Shelf):
    system = shelf.code_system("http://www.whocc.no/atc")
    assert system is not None
    found = system.find("J07BC20")
    assert found is not None
    assert [value for code, _, value in found.properties if code == "maladie"] == ["Hépatite A", "Hépatite B"]


def test_a_label_of_our_own_words_is_marked(shelf: Shelf):
    for value_set in value_sets().values():
        for code in value_set.codes:
            found = shelf.value_set(value_set.url).expansion.by_key[(url_of(code.system), code.code)].concept
            assert found.is_named_by_us == code.is_ours, code


def test_a_code_of_hl7_has_its_french_name(shelf: Shelf):
    system = shelf.code_system("http://terminology.hl7.org/CodeSystem/v3-ActCode")
    assert system is not None
    emergency = system.find("EMER")
    assert emergency is not None
    assert (emergency.display, system.is_whole) == ("emergency", True)
    assert emergency.name_in("fr") == "Passage aux urgences (établissement)"


def test_every_value_set_of_r4_that_has_codes_is_listed(shelf: Shelf, definitions: Definitions):
    for canonical, codes in definitions.value_sets.items():
        assert len(shelf.value_set(canonical).expansion.members) == sum(map(len, codes.values()))


def test_a_value_set_without_end_says_why_it_cannot_be_listed(shelf: Shelf):
    with pytest.raises(Unprocessable, match="the codes of urn:ietf:bcp:13 are not published"):
        shelf.value_set("http://hl7.org/fhir/ValueSet/mimetypes")


def test_a_value_set_that_nobody_brings_is_not_found(shelf: Shelf):
    with pytest.raises(NotFound):
        shelf.value_set("urn:example:nothing")
