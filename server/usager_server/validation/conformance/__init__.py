"""Conformance resources: StructureDefinitions, ValueSets and CodeSystems, and how they apply to a tree."""

from usager_server.validation.conformance.registry import Conformance, read_folder

__all__ = ["Conformance", "read_folder"]
