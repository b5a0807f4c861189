"""Converts CI-SIS CDA documents to and from FHIR R4; knows no server, no network, no database.

The names are looked up when first used: whoever converts nothing does not wait for what conversion needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usager_cda.document import Written as Written
    from usager_cda.document import bundle_from_cda as bundle_from_cda
    from usager_cda.document import cda_from_bundle as cda_from_bundle
    from usager_cda.document import references_needed as references_needed
    from usager_cda.document import write_document as write_document
    from usager_cda.errors import CDAError as CDAError
    from usager_cda.errors import Finding as Finding
    from usager_cda.errors import IncompleteDocument as IncompleteDocument
    from usager_cda.errors import NotConformant as NotConformant
    from usager_cda.errors import TooLargeXML as TooLargeXML
    from usager_cda.errors import UnreadableXML as UnreadableXML
    from usager_cda.read import ReadHeader as ReadHeader
    from usager_cda.read import read_header as read_header
    from usager_cda.safety import LIMITS as LIMITS
    from usager_cda.safety import Limits as Limits

_HOME = {
    "LIMITS": "safety",
    "CDAError": "errors",
    "Finding": "errors",
    "IncompleteDocument": "errors",
    "Limits": "safety",
    "NotConformant": "errors",
    "ReadHeader": "read",
    "TooLargeXML": "errors",
    "UnreadableXML": "errors",
    "Written": "document",
    "bundle_from_cda": "document",
    "cda_from_bundle": "document",
    "read_header": "read",
    "references_needed": "document",
    "write_document": "document",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
