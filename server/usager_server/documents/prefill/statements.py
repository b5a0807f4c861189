"""The searches of a record that several outlines share, and what makes a statement one that still holds."""

from collections.abc import Callable
from typing import Any

from usager_server.documents.prefill.outline import Fill, Group, Tree

CISIS = "1.2.250.1.213.1.1.4.322"
LOINC = "2.16.840.1.113883.6.1"
OVER = frozenset({"inactive", "remission", "resolved"})
WITHDRAWN = frozenset({"entered-in-error", "refuted"})
DIRECTIVES_SCOPE = "adr"


def codes_in(concepts: Any) -> set[str]:
    """Return the codes of a CodeableConcept, or of a list of them."""
    listed = concepts if isinstance(concepts, list) else [concepts] if concepts else []
    return {str(coding.get("code")) for concept in listed for coding in concept.get("coding", ())}


def is_valid(resource: Tree) -> bool:
    """Say whether a statement stands: neither entered in error nor refuted."""
    said = codes_in(resource.get("verificationStatus")) | {str(resource.get("status"))}
    return not said & WITHDRAWN


def is_over(resource: Tree) -> bool:
    """Say whether a Condition or an allergy says that it is over; one that does not say so goes on."""
    return bool(codes_in(resource.get("clinicalStatus")) & OVER)


def _goes_on(resource: Tree) -> bool:
    return not is_over(resource)


def _is(*statuses: str) -> Callable[[Tree], bool]:
    return lambda resource: resource.get("status") in statuses


def _is_directive(resource: Tree) -> bool:
    return resource.get("status") == "active" and DIRECTIVES_SCOPE in codes_in(resource.get("scope"))


PROBLEMS = Fill("Condition", keeps=_goes_on)
HISTORY = Fill("Condition", keeps=is_over)
ALLERGIES = Fill("AllergyIntolerance", keeps=_goes_on)
TREATMENTS = Fill("MedicationStatement?status=active")
PRESCRIPTIONS = Fill("MedicationRequest?status=active&intent=order")
ACTS = Fill("Procedure", keeps=_is("completed"))
DEVICES = Fill("DeviceUseStatement", keeps=_is("active"))
ALERTS = Fill("Flag", keeps=_is("active"))
FAMILY = Fill("FamilyMemberHistory", keeps=_is("completed", "partial", "health-unknown"))
VACCINATIONS = Fill("Immunization", keeps=_is("completed"))
DIRECTIVES = Fill("Consent", keeps=_is_directive)
ADVERSE_EFFECTS = Fill("AdverseEvent")
REQUESTS = Fill("ServiceRequest?status=active")
RECOMMENDED_VACCINES = Fill("ImmunizationRecommendation", most=1)
RELATIVES = Fill("RelatedPerson", keeps=lambda resource: resource.get("active") is not False)
CARERS = Fill("CareTeam", keeps=_is("active", "proposed"))
GOALS = Fill("Goal", keeps=lambda resource: resource.get("lifecycleStatus") in ("accepted", "active", "on-hold"))
CARE_PLANS = Fill("CarePlan", keeps=_is("active", "on-hold"))
HABITS = Fill("Observation?_sort=-date", codes="habit", one_of_each=True)
BELONGINGS = Fill("Observation?_sort=-date", codes="belongings", one_of_each=True)
VITAL_SIGNS = Fill(
    "Observation?_sort=-date",
    codes="vital-sign",
    panels=("http://loinc.org|85354-9",),
    one_of_each=True,
    group=Group("vital-signs", LOINC, "85353-1", "Signes vitaux"),
)
EVALUATIONS = Fill(
    "Observation?category=survey&_sort=-date",
    one_of_each=True,
    group=Group("survey", CISIS, "GEN-092.04.24", "Autre évaluation"),
)
RESULTS = Fill(
    "Observation?category=laboratory&_sort=-date",
    one_of_each=True,
    group=Group("laboratory", LOINC, "26436-6", "Examens de biologie"),
    most=50,
)

# By the code of their section: what every summary of a medical record holds.
SUMMARY = {
    "11450-4": (PROBLEMS,),
    "11348-0": (HISTORY,),
    "47519-4": (ACTS,),
    "48765-2": (ALLERGIES,),
    "10160-0": (TREATMENTS, PRESCRIPTIONS),
    "29762-2": (HABITS,),
    "10157-6": (FAMILY,),
}
