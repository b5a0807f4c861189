"""FHIR's XML to the JSON tree that the house works on, and back: the same content in both."""

from usager_server.xmltext.reading import tree_from_xml
from usager_server.xmltext.writing import xml_from_tree

__all__ = ["tree_from_xml", "xml_from_tree"]
