"""Blood pressure: two vital signs of one moment are one Observation, and back."""

from lxml import etree

from tests.cda.bodies import LOINC as SYSTEM
from tests.cda.bodies import coded, said, section, summary
from tests.cda.documents import example, resources
from tests.cda.test_bodies import body
from usager_cda import bundle_from_cda, cda_from_bundle, write_document
from usager_cda.tree import HL7

ROOT, LOINC = "1.2.250.1.213.1.1.3.", 'codeSystem="2.16.840.1.113883.6.1"'


def sign(code: str, value: int, when: str = "20260312094000+0100", more: str = "") -> str:
    return (
        f'<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN"><templateId root="{ROOT}50"/>'
        f'<id root="1.2.3" extension="{code}"/><code code="{code}" {LOINC}/><text><reference value="#s{code}"/></text>'
        f'<statusCode code="completed"/><effectiveTime value="{when}"/>'
        f'<value xsi:type="PQ" value="{value}" unit="mm[Hg]"/>{more}</observation></component>'
    )


def signs(*inside: str):
    head = f'<templateId root="1.2.250.1.213.1.1.2.75"/><code code="8716-3" {LOINC}/>'
    words = '<text><content ID="s8480-6">132</content><content ID="s8462-4">74</content></text>'
    group = (
        f'<entry><organizer classCode="CLUSTER" moodCode="EVN"><templateId root="{ROOT}49"/>'
        f'<code code="85353-1" {LOINC}/><statusCode code="completed"/>{"".join(inside)}</organizer></entry>'
    )
    made = bundle_from_cda(body(f"<component><section>{head}{words}{group}</section></component>"))
    return {each["code"]["coding"][0]["code"]: each for each in resources(made, "Observation")}


def test_two_measures_of_one_moment_are_one_panel():
    found = signs(sign("8480-6", 132), sign("8462-4", 74))
    assert set(found) == {"85353-1", "85354-9"}
    panel = found["85354-9"]
    assert "valueQuantity" not in panel
    values = {each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"] for each in panel["component"]}
    assert values == {"8480-6": 132, "8462-4": 74}
    assert len(found["85353-1"]["hasMember"]) == 1


def test_two_measures_of_two_moments_stay_two():
    assert set(signs(sign("8480-6", 132), sign("8462-4", 74, "20260313"))) == {"85353-1", "8480-6", "8462-4"}


def test_several_measures_in_one_group_stay_apart():
    assert "85354-9" not in signs(sign("8480-6", 132), sign("8480-6", 128), sign("8462-4", 74))


def test_the_ids_and_the_words_of_both_are_kept():
    panel = signs(sign("8480-6", 132), sign("8462-4", 74))["85354-9"]
    told = [{each["url"].rpartition("/")[2]: each for each in part["extension"]} for part in panel["component"]]
    assert [each["narrativeLink"]["valueUrl"] for each in told] == ["#s8480-6", "#s8462-4"]
    assert [each["cda-id"]["valueIdentifier"]["value"] for each in told] == ["8480-6", "8462-4"]


def test_another_diastolic_value_is_another_panel():
    first, second = (signs(sign("8480-6", 132), sign("8462-4", each))["85354-9"] for each in (74, 75))
    assert first["identifier"][0] != second["identifier"][0]


def test_a_panel_is_written_as_two_vital_signs():
    root = etree.fromstring(cda_from_bundle(example("fiche-de-transfert")))
    codes = [each.get("code") for each in root.iterfind(f".//{HL7}component/{HL7}observation/{HL7}code")]
    assert codes == ["29463-7", "8480-6", "8462-4"]


def test_a_panel_with_a_note_survives_both_ways():
    bundle = example("fiche-de-transfert")
    panel = next(each for each in resources(bundle, "Observation") if "component" in each)
    panel["note"] = [{"text": "Au repos"}]
    first = bundle_from_cda(cda_from_bundle(bundle))
    assert said(bundle_from_cda(cda_from_bundle(first))) == said(first)
    (read,) = (each for each in resources(first, "Observation") if "component" in each)
    assert read["note"] == [{"text": "Au repos"}]


def test_vital_signs_that_stand_alone_are_grouped_by_moment():
    bundle = example("fiche-de-transfert")
    listed = next(each for each in resources(bundle, "Composition")[0]["section"] if each["title"].startswith("Const"))
    listed["entry"] = [{"reference": "urn:uuid:poids"}, {"reference": "urn:uuid:tension"}]
    made = write_document(bundle)
    assert [finding.expression for finding in made.findings] == ["Encounter.class"]
    groups = [each for each in resources(bundle_from_cda(made.data), "Observation") if "hasMember" in each]
    assert [len(each["hasMember"]) for each in groups] == [2]


def test_components_of_anything_else_are_told_to_be_left_out():
    part = {"code": coded(SYSTEM, "1-8", "Partie"), "valueBoolean": True}
    habit = {
        "fullUrl": "urn:uuid:habit",
        "resourceType": "Observation",
        "status": "final",
        "code": coded(SYSTEM, "72166-2", "Statut tabagique"),
        "component": [part],
    }
    made = write_document(summary(habit, sections=[section("29762-2", "urn:uuid:habit"), *vigilance()]))
    assert [finding.expression for finding in made.findings] == ["Observation.component"]


def vigilance():
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Aucun</div>'}
    return [section("30954-2", text=text)]
