"""Converts CI-SIS CDA documents to and from FHIR R4; knows no server, no network, no database."""
