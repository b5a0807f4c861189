"""Converts CI-SIS CDA documents to and from FHIR R4; knows no server, no network, no database."""

from usager_cda.document import bundle_from_cda, cda_from_bundle, references_needed
from usager_cda.errors import CDAError, Finding, IncompleteDocument, NotConformant, TooLargeXML, UnreadableXML
from usager_cda.read import ReadHeader, read_header
from usager_cda.safety import LIMITS, Limits

__all__ = [
    "LIMITS",
    "CDAError",
    "Finding",
    "IncompleteDocument",
    "Limits",
    "NotConformant",
    "ReadHeader",
    "TooLargeXML",
    "UnreadableXML",
    "bundle_from_cda",
    "cda_from_bundle",
    "read_header",
    "references_needed",
]
