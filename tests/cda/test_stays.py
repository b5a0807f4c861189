"""The export of a DUI read into FHIR: stays, their events, transports and what was observed beside."""

from typing import Any

from tests.cda.documents import resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda

CISIS = 'codeSystem="1.2.250.1.213.1.1.4.322"'
ROOT = "1.2.250.1.213.1.1"
AGENDA = '<id root="1.2.3" extension="EVN-1"/>'
WORDS = (
    '<text><table><tbody><tr><td ID="e">Entrée le 14</td><td ID="s">Sortie prévue le 5 mai</td>'
    '<td ID="t">Véhicule électrique</td></tr></tbody></table></text>'
)


def mode(number: int, mood: str, day: str, link: str) -> str:
    return (
        f'<component typeCode="COMP"><observation classCode="OBS" moodCode="{mood}">'
        f'<templateId root="{ROOT}.3.48.{number}"/>'
        f'<code code="ORG-07{number}" {CISIS}/><text><reference value="#{link}"/></text><statusCode code="completed"/>'
        f'<effectiveTime value="{day}"/><value xsi:type="CE" nullFlavor="NA"/></observation></component>'
    )


def stay(*modes: str) -> str:
    return (
        f'<entry><organizer classCode="CLUSTER" moodCode="EVN"><templateId root="{ROOT}.3.219"/>'
        '<statusCode code="completed"/>'
        f'<component typeCode="COMP"><encounter classCode="ENC" moodCode="EVN"><templateId root="{ROOT}.3.218"/>'
        f'<id root="1.2.3" extension="SEJ-1"/><code code="GEN-351" {CISIS}/><effectiveTime value="20230411"/>'
        '<participant typeCode="RESP"><participantRole><scopingEntity classCode="ENT"><desc>Les Chênes Verts</desc>'
        f"</scopingEntity></participantRole></participant></encounter></component>{''.join(modes)}"
        f'<component typeCode="COMP"><act classCode="ACT" moodCode="EVN"><templateId root="{ROOT}.3.36"/>{AGENDA}'
        f'<code code="GEN-367" {CISIS}/></act></component></organizer></entry>'
    )


EVENT = (
    f'<entry><encounter classCode="ENC" moodCode="EVN"><templateId root="{ROOT}.3.215"/>{AGENDA}'
    f'<code code="GEN-367" {CISIS}><qualifier><value code="MED-1298" {CISIS}/></qualifier></code>'
    '<effectiveTime><low value="20230414103000+0200"/><high value="20230414111500+0200"/></effectiveTime>'
    f'<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN"><templateId root="{ROOT}.3.216"/>'
    f'<code code="ORG-202" {CISIS}><qualifier><name code="GEN-346" displayName="Type de motorisation" {CISIS}/>'
    f'<value code="GEN-355" {CISIS}/></qualifier></code><text><reference value="#t"/></text>'
    '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
    f'<templateId root="{ROOT}.3.48"/><code code="GEN-353" {CISIS}/><statusCode code="completed"/>'
    '<value xsi:type="IVL_TS"><width value="10" unit="min"/></value></observation></entryRelationship></act>'
    '</entryRelationship><entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
    f'<templateId root="{ROOT}.3.217"/><code code="106199-3" codeSystem="2.16.840.1.113883.6.1"/>'
    '<statusCode code="completed"/><value xsi:type="CD" code="REALISE" codeSystem="1.2.250.1.213.3.3.250"/>'
    "</observation></entryRelationship></encounter></entry>"
)


def export(*modes: str) -> dict[str, Any]:
    stays = f'<section><templateId root="{ROOT}.2.249"/><code code="GEN-362" {CISIS}/>{WORDS}{stay(*modes)}</section>'
    events = (
        f'<section><templateId root="{ROOT}.2.248"/><code code="89793-4" codeSystem="2.16.840.1.113883.6.1"/>'
        f"{WORDS.replace(' ID=', ' styleCode=', 2)}{EVENT}</section>"
    )
    made = bundle_from_cda(body(f"<component>{stays}</component><component>{events}</component>"))
    assert not any("original document only" in each or "do not read" in each for each in messages(made))
    return made


def encounters(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["class"]["code"]: each for each in resources(bundle, "Encounter")}


def test_a_stay_tells_where_since_when_and_what_is_planned():
    made = export(mode(6, "EVN", "20230414", "e"), mode(7, "INT", "20230505", "s"))
    told = encounters(made)["GEN-351"]
    assert (told["status"], told["period"]) == ("in-progress", {"start": "2023-04-11"})
    assert told["serviceProvider"]["display"] == "Les Chênes Verts"
    planned, note = told["extension"]
    assert planned["valueDateTime"] == "2023-05-05"
    assert note["valueAnnotation"] == {"time": "2023-05-05", "text": "Sortie prévue le 5 mai"}


def test_a_stay_that_ends_after_the_document_is_planned_to_end():
    told = encounters(export(mode(7, "EVN", "29990505", "s")))["GEN-351"]
    assert (told["status"], told["extension"][0]["valueDateTime"]) == ("in-progress", "2999-05-05")


def test_a_stay_that_ended_is_finished():
    told = encounters(export(mode(7, "EVN", "20230505", "s")))["GEN-351"]
    assert (told["status"], told["period"]["end"]) == ("finished", "2023-05-05")


def test_a_stay_without_a_code_is_of_an_unknown_class():
    nameless = stay().replace(f'<code code="GEN-351" {CISIS}/>', "")
    section = f'<section><templateId root="{ROOT}.2.249"/><code code="GEN-362" {CISIS}/>{WORDS}{nameless}</section>'
    made = bundle_from_cda(body(f"<component>{section}</component>"))
    assert "UNK" in encounters(made)


def test_an_event_is_a_part_of_its_stay_with_its_kind_and_its_state():
    made = export()
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    event = encounters(made)["GEN-367"]
    assert links[event["partOf"]["reference"]] is encounters(made)["GEN-351"]
    assert (event["status"], event["type"][0]["coding"][0]["code"]) == ("finished", "MED-1298")


def test_a_transport_is_a_task_of_its_event_and_keeps_its_measures():
    made = export()
    links = {entry["fullUrl"]: entry["resource"] for entry in made["entry"]}
    (task,) = resources(made, "Task")
    assert links[task["encounter"]["reference"]] is encounters(made)["GEN-367"]
    assert task["input"][0]["type"]["text"] == "Type de motorisation"
    duration = next(each for each in resources(made, "Observation") if "focus" in each)
    assert links[duration["focus"][0]["reference"]] is task
    assert duration["valueQuantity"]["value"] == 10
