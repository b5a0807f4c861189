"""Documents: CDA <-> FHIR for the server, in its own terms; the only room that imports usager_cda."""
