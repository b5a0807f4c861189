"""FHIR operations, one file each: its OperationDefinition above its handler. Plugins add theirs the same way."""
