"""Letters around a stay: what their sections list, and what is asked for behind them."""

from typing import Any

from tests.cda.bodies import SNOMED, coded, section, sections_of
from tests.cda.documents import example, resources
from tests.cda.test_bodies import body, messages
from usager_cda import bundle_from_cda, cda_from_bundle

SUBJECT = {"reference": "urn:uuid:6f2c1c0e-2b0a-4d5c-9d3e-0d4c6f0a1b01"}
URGENT = coded("http://terminology.hl7.org/CodeSystem/v3-ActPriority", "UR", "Urgent")


def planned(**resource: Any) -> dict[str, Any]:
    """Return a medical summary whose care plan lists one resource, written and read again."""
    bundle = example("synthese-medicale")
    resources(bundle, "Composition")[0]["section"].append(section("18776-5", "urn:uuid:planned"))
    bundle["entry"].append({"fullUrl": "urn:uuid:planned", "resource": {"subject": SUBJECT, **resource}})
    return bundle_from_cda(cda_from_bundle(bundle))


def test_what_an_order_asks_for_survives_both_ways():
    made = planned(
        resourceType="ServiceRequest",
        status="active",
        intent="plan",
        category=[coded(SNOMED, "386053000", "procédure d'évaluation")],
        code=coded("urn:oid:1.2.250.1.213.1.1.4.322", "ORG-064", "Demande d'examen ou de suivi"),
        orderDetail=[{"text": "Suivi par le psychiatre à prévoir"}],
    )
    assert resources(made, "ServiceRequest")[-1]["orderDetail"] == [{"text": "Suivi par le psychiatre à prévoir"}]
    assert "Suivi par le psychiatre" in sections_of(made)["18776-5"]["text"]["div"]


def test_the_priority_of_a_visit_survives_both_ways():
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "Ambulatoire"}
    made = planned(resourceType="Encounter", status="planned", priority=URGENT, **{"class": kind})
    assert resources(made, "Encounter")[-1]["priority"]["coding"][0]["code"] == "UR"


def test_the_treatments_of_a_letter_are_told_by_their_section():
    treatment = (
        '<entry><substanceAdministration classCode="SBADM" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.42"/>'
        '<text><reference value="#m"/></text><statusCode code="completed"/><consumable><manufacturedProduct>'
        "<manufacturedMaterial><name>LEPONEX 100 mg</name></manufacturedMaterial></manufacturedProduct></consumable>"
        "</substanceAdministration></entry>"
    )
    head = '<templateId root="1.2.250.1.213.1.1.2.146"/><code code="10183-2" codeSystem="2.16.840.1.113883.6.1"/>'
    words = '<text><content ID="m">Leponex</content></text>'
    made = bundle_from_cda(body(f"<component><section>{head}{words}{treatment}</section></component>"))
    assert len(sections_of(made)["10183-2"]["entry"]) == len(resources(made, "MedicationStatement")) == 1
    assert not any("no template we know" in each for each in messages(made))
