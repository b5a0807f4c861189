"""The FHIR R4 interactions, one file each: what FHIR says must happen."""
