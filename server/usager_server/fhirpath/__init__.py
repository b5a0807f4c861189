"""FHIRPath over raw JSON trees: text -> syntax tree -> closures typed by the definitions."""

from usager_server.fhirpath.parser import parse

__all__ = ["parse"]
