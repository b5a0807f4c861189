"""The functions of FHIRPath N1 and of FHIR R4, grouped as the specification groups them."""

from usager_server.fhirpath.functions import (  # noqa: F401  # each fills the table
    boundaries,
    conversion,
    dates,
    encoding,
    existence,
    fhir,
    filtering,
    numbers,
    sets,
    strings,
    tree,
)
from usager_server.fhirpath.functions.registry import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function"]
