"""What a document's type and templates imply: its class (ASS_X04, ASS_X16), its format (ASS_A11, ASS_A12)."""

from collections.abc import Iterable
from functools import cache

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.systems import rows

CLASSES = "1.2.250.1.213.1.1.4.1"
OTHER_MODEL = Code("urn:asipSante:modelesHorsProfils:2011", "1.2.250.1.213.1.1.4.2.282")
UNSTRUCTURED_MEDIA = ("application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff")


@cache
def _classes() -> dict[str, Code]:
    return {row["type"]: Code(row["class"], CLASSES, row["label"]) for row in rows("classes.csv")}


@cache
def _formats() -> dict[tuple[str, str], Code]:
    return {(row["template"], row["media_type"]): Code(row["format"], row["system"]) for row in rows("formats.csv")}


def class_of(code: Code | None) -> Code | None:
    """Return the class of a type of document, or None when the tables do not know it."""
    return _classes().get(code.code or "") if code else None


def format_of(templates: Iterable[II], media_type: str | None) -> Code:
    """Return the XDS formatCode: by the media type of a non-structured body, else by the first model that has one."""
    kind = media_type or ""
    found = (_formats().get((template.root or "", kind)) for template in templates)
    return next((format_code for format_code in found if format_code), OTHER_MODEL)


def is_structured_format(code: str | None) -> bool:
    """Say whether a formatCode is that of a model of structured document."""
    return any(known.code == code for (_, media_type), known in _formats().items() if not media_type)
