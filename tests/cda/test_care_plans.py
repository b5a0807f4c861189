"""Coded care plans both ways: the plan as a whole, its goals, its activities."""

import copy

from tests.cda.bodies import sections_of
from tests.cda.documents import example, resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda, cda_from_bundle, write_document

LOINC, CISIS = 'codeSystem="2.16.840.1.113883.6.1"', 'codeSystem="1.2.250.1.213.1.1.4.322"'


def read_again(bundle):
    return bundle_from_cda(cda_from_bundle(bundle))


def goal(mood: str, value: str, when: str = '<effectiveTime value="20261130"/>'):
    entry = (
        f'<entry><observation classCode="OBS" moodCode="{mood}"><templateId root="1.2.250.1.213.1.1.3.27"/>'
        f'<id root="1.2.3" extension="G"/><code code="GEN-158" displayName="Soins de réadaptation" {CISIS}/>'
        f'<text><reference value="#g"/></text><statusCode code="active"/>{when}{value}</observation></entry>'
    )
    head = f'<templateId root="1.2.250.1.213.1.1.2.158"/><code code="18776-5" {LOINC}/><title>Plan</title>'
    words = '<text><content ID="g">Marcher seul</content></text>'
    made = bundle_from_cda(body(f"<component><section>{head}{words}{entry}</section></component>"))
    assert not any("original document only" in each for each in messages(made))
    return made


def test_what_is_to_be_reached_is_a_goal_with_its_target():
    (told,) = resources(goal("GOL", '<value xsi:type="PQ" value="200" unit="m"/>'), "Goal")
    assert (told["lifecycleStatus"], told["description"]["coding"][0]["code"]) == ("active", "GEN-158")
    (target,) = told["target"]
    assert (target["dueDate"], target["detailQuantity"]["value"]) == ("2026-11-30", 200)


def test_what_is_only_proposed_is_a_request():
    made = goal("PRP", "")
    assert resources(made, "ServiceRequest")[0]["intent"] == "proposal"
    assert resources(made, "Goal") == []


def test_a_plan_lists_its_goals_and_its_activities():
    made = read_again(example("synthese-medicale"))
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    (plan,) = resources(made, "CarePlan")
    assert [links[each["reference"]]["resourceType"] for each in plan["goal"]] == ["Goal"]
    assert [links[each["reference"]["reference"]]["resourceType"] for each in plan["activity"]] == ["ServiceRequest"]
    assert links[sections_of(made)["18776-5"]["entry"][0]["reference"]] is plan


def test_a_goal_survives_both_ways():
    first = read_again(example("synthese-medicale"))
    (told,), (again,) = (resources(each, "Goal") for each in (first, read_again(first)))
    assert told["target"] == again["target"]
    assert told["target"][0]["detailRange"]["high"]["value"] == 63
    assert "60 kg à 63 kg" in sections_of(first)["18776-5"]["text"]["div"]


def test_what_a_section_lists_beside_its_plan_is_written_once():
    bundle = example("synthese-medicale")
    listed = next(each for each in resources(bundle, "Composition")[0]["section"] if each["title"] == "Plan de soins")
    listed["entry"] += [{"reference": "urn:uuid:objectif"}, {"reference": "urn:uuid:controle"}]
    assert len(resources(read_again(bundle), "Goal")) == 1


def test_an_activity_told_in_the_plan_alone_is_reported():
    bundle = copy.deepcopy(example("synthese-medicale"))
    detail = {"status": "not-started", "description": "Promenade"}
    resources(bundle, "CarePlan")[0]["activity"].append({"detail": detail})
    assert any("left out" in finding.message for finding in write_document(bundle).findings)
