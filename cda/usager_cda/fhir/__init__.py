"""The header as FHIR R4 resources, and back: a file for each part, both directions in it."""
