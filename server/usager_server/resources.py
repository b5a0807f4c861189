"""The one import of fhir.resources, so the FHIR release is chosen here: its R4B models, kept to what R4 has.

R4B differs from R4 in a few resource types and three widened reference targets; wire validation runs on the official R4
definitions (`validation/`), so these classes are a convenience to build and read resources with, never the judge.
"""

from importlib import import_module
from typing import Any

from usager_server.errors import Invalid

R4B_ONLY = frozenset(
    {
        "AdministrableProductDefinition",
        "Citation",
        "ClinicalUseDefinition",
        "EvidenceReport",
        "Ingredient",
        "ManufacturedItemDefinition",
        "MedicinalProductDefinition",
        "NutritionProduct",
        "PackagedProductDefinition",
        "RegulatedAuthorization",
        "SubscriptionStatus",
        "SubscriptionTopic",
        "SubstanceDefinition",
    }
)


def model(resource_type: str) -> Any:
    """Return the pydantic class of a resource type. Errors: Invalid (400) when R4 has no such type."""
    if resource_type in R4B_ONLY or not resource_type.isidentifier():
        raise Invalid(f"{resource_type} is not a resource type of FHIR R4")
    try:
        return getattr(import_module(f"fhir.resources.R4B.{resource_type.lower()}"), resource_type)
    except (ImportError, AttributeError) as error:
        raise Invalid(f"{resource_type} is not a resource type of FHIR R4") from error
