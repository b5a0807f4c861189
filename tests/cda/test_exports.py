"""The export of a DUI written from FHIR: what a stay, an event and a transport become, and what is asked for."""

import copy

import pytest
from lxml import etree

from tests.cda.documents import example, resources
from usager_cda import IncompleteDocument, bundle_from_cda, cda_from_bundle, write_document
from usager_cda.tree import HL7

ENTRY = "1.2.250.1.213.1.1.3."


def written(bundle):
    """Return the tree of the document of a Bundle."""
    return etree.fromstring(cda_from_bundle(bundle))


def statement(root, number):
    """Return the first statement of a template of the CI-SIS."""
    template = next(each for each in root.iter(f"{HL7}templateId") if each.get("root") == ENTRY + number)
    return template.getparent()


def test_a_stay_is_written_with_how_it_began_and_when_it_is_to_end():
    organizer = statement(written(example("export-dui")), "219")
    assert statement(organizer, "218").find(f"{HL7}effectiveTime").get("value") == "20260202"
    assert statement(organizer, "48.6").find(f"{HL7}effectiveTime").get("value") == "20260202"
    assert statement(organizer, "48.7").find(f"{HL7}effectiveTime").get("value") == "20260529"


def test_a_stay_names_its_events():
    root = written(example("export-dui"))
    event = statement(root, "215").find(f"{HL7}id")
    named = statement(statement(root, "219"), "36").find(f"{HL7}id")
    assert (named.get("root"), named.get("extension")) == (event.get("root"), event.get("extension"))


def test_a_transport_is_inside_its_event_and_its_measures_inside_it():
    transport = statement(statement(written(example("export-dui")), "215"), "216")
    codes = [each.get("code") for each in transport.iterfind(f"{HL7}entryRelationship/{HL7}observation/{HL7}code")]
    assert codes == ["103208-5", "ORG-200", "GEN-353"]


def test_costs_are_money_and_a_length_of_time_is_a_width():
    root = written(example("export-dui"))
    values = {
        each.find(f"{HL7}code").get("code"): each.find(f"{HL7}value")
        for each in root.iter(f"{HL7}observation")
        if each.find(f"{HL7}value") is not None
    }
    assert (values["ORG-200"].get("value"), values["ORG-200"].get("currency")) == ("2", "EUR")
    width = values["GEN-353"].find(f"{HL7}width")
    assert (width.get("value"), width.get("unit")) == ("12", "min")


def test_the_state_of_an_event_is_written_when_only_its_status_tells_it():
    bundle = example("export-dui")
    kept = [each for each in bundle["entry"] if each["fullUrl"] != "urn:uuid:etat"]
    section = resources(bundle, "Composition")[0]["section"][1]
    section["entry"] = [each for each in section["entry"] if each["reference"] != "urn:uuid:etat"]
    event = statement(written({**bundle, "entry": kept}), "215")
    assert statement(event, "217").find(f"{HL7}value").get("code") == "REALISE"


def test_what_lacks_its_encounter_is_written_and_told():
    bundle = example("export-dui")
    bundle["entry"] = [each for each in bundle["entry"] if each["fullUrl"] != "urn:uuid:visite"]
    made = write_document(bundle)
    assert any(finding.expression == "Observation.encounter" for finding in made.findings)
    codes = [each["code"]["coding"][0]["code"] for each in resources(bundle_from_cda(made.data), "Observation")]
    assert "103208-5" in codes


def test_a_plan_before_the_document_stands_in_the_narrative_only():
    bundle = example("export-dui")
    stay = next(each for each in resources(bundle, "Encounter") if each["class"]["code"] == "GEN-351")
    stay["extension"][0]["valueDateTime"] = "2026-02-20"
    made = write_document(bundle)
    assert "Modalité de sortie prévue le 20/02/2026" in made.data.decode()
    assert [finding.expression.partition("(")[0] for finding in made.findings] == ["Encounter.extension"]
    assert "end" not in next(
        each for each in resources(bundle_from_cda(made.data), "Encounter") if each["class"]["code"] == "GEN-351"
    ).get("period")


def test_a_comment_on_a_stay_stands_in_the_narrative():
    bundle = example("export-dui")
    stay = next(each for each in resources(bundle, "Encounter") if each["class"]["code"] == "GEN-351")
    note = {"url": "http://hl7.org/fhir/StructureDefinition/note", "valueAnnotation": {"text": "Suivi après opération"}}
    stay["extension"].append(note)
    made = write_document(bundle)
    assert "Suivi après opération" in made.data.decode()
    assert [finding.expression for finding in made.findings] == ["Encounter.extension(note)"]


def test_an_export_is_made_by_a_software():
    bundle = example("export-dui")
    composition = resources(bundle, "Composition")[0]
    composition["author"] = [composition["attester"][0]["party"]]
    with pytest.raises(IncompleteDocument, match="the Device of the software"):
        cda_from_bundle(bundle)


def test_without_a_matricule_the_rank_of_birth_is_asked_for():
    bundle = example("export-dui")
    person = resources(bundle, "Patient")[0]
    person["identifier"] = [each for each in person["identifier"] if "213.1.4" not in each["system"]]
    with pytest.raises(IncompleteDocument, match="rank of birth"):
        cda_from_bundle(bundle)
    assert cda_from_bundle(resources_with(bundle, multipleBirthInteger=1))


def resources_with(bundle, **more):
    """Return a Bundle whose Patient has more to say."""
    made = copy.deepcopy(bundle)
    resources(made, "Patient")[0].update(more)
    return made
