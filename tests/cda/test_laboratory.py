"""Reports of laboratories read into FHIR: results, what they are compared with, what was examined."""

from typing import Any

from tests.cda.documents import resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda

LOINC = 'codeSystem="2.16.840.1.113883.6.1"'
TEXT = (
    '<text><content ID="tsh">Thyréostimuline</content><content ID="ecl">ECL</content>'
    '<content ID="note">Prélèvement hémolysé</content><content ID="germe">Escherichia coli</content></text>'
)


def result(code: str, value: str, more: str = "") -> str:
    return (
        '<observation classCode="OBS" moodCode="EVN"><templateId root="1.3.6.1.4.1.19376.1.3.1.6"/>'
        f'<templateId root="1.2.250.1.213.1.1.3.80"/><code code="{code}" displayName="{code}" {LOINC}>'
        '<originalText><reference value="#tsh"/></originalText></code><statusCode code="completed"/>'
        f'<effectiveTime value="20260311074500+0100"/>{value}{more}</observation>'
    )


def report(*inside: str, before: str = "") -> dict[str, Any]:
    relations = "".join(f'<entryRelationship typeCode="COMP">{each}</entryRelationship>' for each in inside)
    entry = (
        '<entry typeCode="DRIV"><templateId root="1.3.6.1.4.1.19376.1.3.1"/><templateId root="1.2.250.1.213.1.1.3.21"/>'
        f'<act classCode="ACT" moodCode="EVN"><code code="18719-5" {LOINC}/><statusCode code="completed"/>'
        f"{before}{relations}</act></entry>"
    )
    chapter = (
        '<section><templateId root="1.3.6.1.4.1.19376.1.3.3.2.2"/><templateId root="1.2.250.1.213.1.1.2.71"/>'
        f'<code code="18719-5" displayName="Biochimie" {LOINC}/>{TEXT}{entry}</section>'
    )
    around = (
        '<section><templateId root="1.3.6.1.4.1.19376.1.3.3.2.1"/><templateId root="1.2.250.1.213.1.1.2.70"/>'
        f'<code code="18719-5" displayName="Biochimie" {LOINC}/><component>{chapter}</component></section>'
    )
    made = bundle_from_cda(body(f"<component>{around}</component>"))
    assert not any("original document only" in each or "do not read" in each for each in messages(made))
    return made


NUMBER = '<value xsi:type="PQ" value="1.950" unit="m[IU]/L"/>'
RANGE = (
    '<referenceRange typeCode="REFV"><observationRange><value xsi:type="IVL_PQ"><low value="0.270" unit="m[IU]/L"/>'
    '<high value="4.200" unit="m[IU]/L"/></value></observationRange></referenceRange>'
)
METHOD = '<methodCode><originalText><reference value="#ecl"/></originalText></methodCode>'


def test_a_result_keeps_its_digits_its_range_and_its_method():
    made = report(result("3016-3", NUMBER, f"{METHOD}{RANGE}"))
    (told,) = resources(made, "Observation")
    assert str(told["valueQuantity"]["value"]) == "1.950"
    assert told["code"]["text"] == "Thyréostimuline"
    assert told["method"] == {"text": "ECL"}
    bounds = told["referenceRange"][0]
    assert [str(bounds[side]["value"]) for side in ("low", "high")] == ["0.270", "4.200"]


def test_an_earlier_result_is_an_observation_that_this_one_follows():
    former = (
        f'<observation classCode="OBS" moodCode="EVN"><code code="3016-3" {LOINC}/><statusCode code="completed"/>'
        '<effectiveTime value="20250912"/><value xsi:type="PQ" value="2.1" unit="m[IU]/L"/></observation>'
    )
    made = report(result("3016-3", NUMBER, f'<entryRelationship typeCode="REFR">{former}</entryRelationship>'))
    earlier, told = resources(made, "Observation")
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    sequel = next(each for each in told["extension"] if each["url"].endswith("observation-sequelTo"))
    assert links[sequel["valueReference"]["reference"]] is earlier
    assert earlier["effectiveDateTime"] == "2025-09-12"


def test_a_battery_groups_its_results_and_keeps_its_comment():
    comment = (
        '<component><act classCode="ACT" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.32"/>'
        '<text><reference value="#note"/></text></act></component>'
    )
    battery = (
        '<organizer classCode="BATTERY" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.78"/>'
        f'<code code="24348-5" {LOINC}/><statusCode code="completed"/>'
        f"<component>{result('3016-3', NUMBER)}</component>{comment}</organizer>"
    )
    made = report(battery)
    member, group = resources(made, "Observation")
    assert group["note"] == [{"text": "Prélèvement hémolysé"}]
    assert len(group["hasMember"]) == len(resources(made, "DiagnosticReport")[0]["result"]) == 1
    assert "hasMember" not in member


def test_a_sample_is_a_specimen_of_the_report():
    reception = (
        '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">'
        '<templateId root="1.2.250.1.213.1.1.3.107"/><code code="SPRECEIVE"/>'
        '<effectiveTime value="20260311093000+0100"/></act></entryRelationship>'
    )
    sample = (
        '<procedure classCode="PROC" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.77"/>'
        f'<code code="33882-2" {LOINC}/><effectiveTime value="20260311074500+0100"/><participant typeCode="PRD">'
        '<participantRole classCode="SPEC"><id root="1.2.3" extension="TUBE-7"/><playingEntity>'
        '<code code="SER" displayName="Sérum" codeSystem="2.16.840.1.113883.18.311"/></playingEntity>'
        f"</participantRole></participant>{reception}</procedure>"
    )
    (specimen,) = resources(made := report(sample, result("3016-3", NUMBER)), "Specimen")
    assert specimen["type"]["coding"][0]["display"] == "Sérum"
    assert specimen["collection"]["collectedDateTime"] == "2026-03-11T07:45:00+01:00"
    assert specimen["receivedTime"] == "2026-03-11T09:30:00+01:00"
    assert specimen["identifier"][1]["value"] == "TUBE-7"
    assert len(resources(made, "DiagnosticReport")[0]["specimen"]) == 1


def test_the_results_of_a_germ_name_it():
    isolate = (
        '<organizer classCode="CLUSTER" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.79"/>'
        '<statusCode code="completed"/><specimen typeCode="SPC"><specimenRole classCode="SPEC"><id root="1.2.3.4"/>'
        '<specimenPlayingEntity classCode="MIC"><code code="112283007" codeSystem="2.16.840.1.113883.6.96">'
        '<originalText><reference value="#germe"/></originalText></code></specimenPlayingEntity></specimenRole>'
        f"</specimen><component>{result('51480-2', NUMBER)}</component></organizer>"
    )
    made = report(isolate)
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    germs = [links[each["specimen"]["reference"]]["type"]["text"] for each in resources(made, "Observation")]
    assert germs == ["Escherichia coli", "Escherichia coli"]


VALIDATED = (
    '<participant typeCode="AUTHEN"><time><high value="20260311112000+0100"/></time><participantRole>'
    '<id root="1.2.250.1.71.4.2.1" extension="801234567898"/><playingEntity><name><given>Anne</given>'
    "<family>LEROY</family></name></playingEntity></participantRole></participant>"
)


def test_who_validated_a_report_and_when_is_kept():
    made = report(result("3016-3", NUMBER), before=VALIDATED)
    (told,) = resources(made, "DiagnosticReport")
    assert told["resultsInterpreter"][0]["display"] == "Anne LEROY"
    parts = {each["url"]: each for each in told["extension"][0]["extension"]}
    assert (parts["role"]["valueCode"], parts["time"]["valueDateTime"]) == (
        "authenticator",
        "2026-03-11T11:20:00+01:00",
    )


def test_who_validated_a_battery_is_kept_beside_it():
    battery = (
        '<organizer classCode="BATTERY" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.78"/>'
        f'<code code="18719-5" {LOINC}/><statusCode code="completed"/>{VALIDATED}'
        f"<component>{result('3016-3', NUMBER)}</component></organizer>"
    )
    around = next(each for each in resources(report(battery), "Observation") if "hasMember" in each)
    assert around["extension"][0]["extension"][0]["valueCode"] == "authenticator"


def test_the_laboratory_that_made_the_tests_is_the_performer():
    laboratory = (
        '<performer typeCode="PRF"><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="801234567833"/>'
        "<assignedPerson><name><family>MOREL</family></name></assignedPerson><representedOrganization>"
        '<id root="1.2.250.1.71.4.2.2" extension="1120456733"/><name>Laboratoire Exemple</name>'
        "</representedOrganization></assignedEntity></performer>"
    )
    made = report(result("3016-3", NUMBER), before=laboratory)
    (told,) = resources(made, "DiagnosticReport")
    assert told["performer"][0]["display"] == "MOREL"
    assert "Laboratoire Exemple" in [each.get("name") for each in resources(made, "Organization")]
