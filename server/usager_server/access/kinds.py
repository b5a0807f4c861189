"""The kinds of resource types: about one person, shared by all, or neither."""

from collections.abc import Mapping, Sequence

DIRECTORY = frozenset(
    {
        "Endpoint",
        "HealthcareService",
        "Location",
        "Medication",
        "MedicationKnowledge",
        "Organization",
        "OrganizationAffiliation",
        "Practitioner",
        "PractitionerRole",
        "Schedule",  # the hours of a professional; FHIR has it in compartments by its actor
        "Slot",
        "Substance",
    }
)
"""What the records of persons refer to and no person owns."""

DEFINITIONS = frozenset(
    {
        "ActivityDefinition",
        "CapabilityStatement",
        "CatalogEntry",
        "ChargeItemDefinition",
        "CodeSystem",
        "CompartmentDefinition",
        "ConceptMap",
        "DeviceDefinition",
        "EventDefinition",
        "ExampleScenario",
        "GraphDefinition",
        "ImplementationGuide",
        "InsurancePlan",
        "Library",
        "Measure",
        "MessageDefinition",
        "NamingSystem",
        "ObservationDefinition",
        "OperationDefinition",
        "PlanDefinition",
        "Questionnaire",
        "SearchParameter",
        "SpecimenDefinition",
        "StructureDefinition",
        "StructureMap",
        "TerminologyCapabilities",
        "ValueSet",
    }
)
"""What says how things are done and holds nothing of anybody."""

SHARED = DIRECTORY | DEFINITIONS

BESIDES: Mapping[str, Sequence[str]] = {
    "Contract": ("patient",),
    "Device": ("patient",),
    "GuidanceResponse": ("patient",),
    "Task": ("patient",),
}
"""Types that FHIR R4 leaves out of the Patient compartment although they name the person they are about."""


def members(resource_type: str, compartment: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the search parameters that put a resource of this type in the record of a person, none when none do.

    Shape   compartment is the Patient compartment of FHIR R4. A Patient is in no record but their own: `link` is not
            followed.
    Source  FHIR R4 compartmentdefinition-patient.html.
    """
    if resource_type in SHARED or resource_type == "Patient":
        return ()
    return BESIDES.get(resource_type) or compartment.get(resource_type, ())
