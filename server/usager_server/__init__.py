"""Usager: an open, FHIR-native back end for the dossier usager informatisé."""

__version__ = "0.1.0"
