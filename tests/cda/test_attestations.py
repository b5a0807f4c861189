"""What notes and attestations ask for, add by themselves and refuse, each with its place."""

import copy
from typing import Any

import pytest
from lxml import etree

from tests.cda.documents import example, resources
from usager_cda import IncompleteDocument, bundle_from_cda, cda_from_bundle
from usager_cda.tree import HL7

NOTE, TEST = "note-de-vaccination", "trod"
CIS = "https://smt.esante.gouv.fr/terminologie-bdpm"


def asked(bundle: dict[str, Any]) -> list[str | None]:
    with pytest.raises(IncompleteDocument) as caught:
        cda_from_bundle(bundle)
    return [finding.expression for finding in caught.value.findings]


def vaccination(data: bytes) -> Any:
    return etree.fromstring(data).find(f".//{HL7}substanceAdministration")


@pytest.mark.parametrize("name", ["lotNumber", "occurrenceDateTime"])
def test_a_note_asks_for_the_day_and_the_lot(name):
    bundle = example(NOTE)
    del resources(bundle, "Immunization")[0][name]
    assert asked(bundle) == [f"Immunization.{name}"]


def test_a_note_asks_for_the_codes_of_the_vaccine():
    bundle = example(NOTE)
    resources(bundle, "Immunization")[0]["vaccineCode"]["coding"].clear()
    assert asked(bundle) == ["Immunization.vaccineCode", "Immunization.vaccineCode"]


def test_a_note_tells_one_vaccination_that_was_given():
    bundle = example(NOTE)
    resources(bundle, "Composition")[0]["section"][0].pop("entry")
    assert asked(bundle) == ["Composition.section.entry"]
    refused = example(NOTE)
    resources(refused, "Immunization")[0]["status"] = "not-done"
    assert asked(refused) == ["Immunization.status"]


def test_a_note_tells_the_day_and_who_vouches_for_it():
    made = vaccination(cda_from_bundle(example(NOTE)))
    assert made.find(f"{HL7}effectiveTime").get("value") == "20260312"
    author = made.find(f"{HL7}author")
    assert author.find(f"{HL7}time").get("value") == "20260312101500+0100"
    assert author.find(f".//{HL7}family").text == "MARTINEAU"


def test_the_cis_code_of_a_vaccine_is_the_main_one_wherever_it_stands():
    bundle = example(NOTE)
    codings = resources(bundle, "Immunization")[0]["vaccineCode"]["coding"]
    codings.reverse()
    code = vaccination(cda_from_bundle(bundle)).find(f".//{HL7}manufacturedMaterial/{HL7}code")
    assert codings[-1]["system"] == CIS
    assert code.get("code") == codings[-1]["code"]


def test_a_rapid_test_asks_for_what_was_looked_for():
    bundle = example(TEST)
    del resources(bundle, "Composition")[0]["event"]
    assert asked(bundle) == ["Composition.event.code"]


def test_a_rapid_test_asks_for_the_time_the_value_and_the_device_of_its_results():
    bundle = example(TEST)
    for result in resources(bundle, "Observation"):
        del result["device"]
    del resources(bundle, "Observation")[0]["valueCodeableConcept"]
    del resources(bundle, "Observation")[1]["effectiveDateTime"]
    assert asked(bundle) == ["Observation.value", "Observation.effectiveDateTime", "Observation.device"]


def test_a_chapter_holds_one_report():
    bundle = example(TEST)
    composition = resources(bundle, "Composition")[0]
    other = copy.deepcopy(next(each for each in bundle["entry"] if each["fullUrl"] == "urn:uuid:rapport"))
    bundle["entry"].append({**other, "fullUrl": "urn:uuid:autre"})
    composition["section"][0]["entry"].append({"reference": "urn:uuid:autre"})
    assert asked(bundle) == ["Composition.section[0].entry"]


def test_a_rapid_test_is_a_report_with_results_and_a_device():
    made = bundle_from_cda(cda_from_bundle(example(TEST)))
    (report,), (device,) = resources(made, "DiagnosticReport"), resources(made, "Device")
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    results = [links[each["reference"]] for each in report["result"]]
    assert [each["valueCodeableConcept"]["text"] for each in results] == ["négatif", "positif", "négatif"]
    assert all(links[each["device"]["reference"]] is device for each in results)
    assert device["udiCarrier"][0]["carrierHRF"] == "(01)03400000000017(17)271231(10)K4471"


def test_a_rapid_test_is_done_in_the_setting_of_screening():
    root = etree.fromstring(cda_from_bundle(example(TEST)))
    setting = root.find(f"{HL7}documentationOf//{HL7}standardIndustryClassCode")
    assert setting.get("code") == "DEPISTAGE"
