"""The file that a document carries: the body of an N1, or the copy of itself that an N3 brings along as a PDF."""

import base64
from dataclasses import dataclass

from usager_cda.body import content_of
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.tree import HL7, Element, attribute, child, children, descendant

COPY_SECTION = "1.2.250.1.213.1.1.2.243"
ATTACHED = "1.2.250.1.213.1.1.3.18"
COPY_TYPE = "55108-5"
PDF = "application/pdf"
TEXT = "text/plain"
EXTENSIONS = {PDF: "pdf", TEXT: "txt", "text/rtf": "rtf", "application/rtf": "rtf", "image/jpeg": "jpg"} | {
    "image/tiff": "tif",
    "image/png": "png",
    "image/gif": "gif",
}


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """A file in a document. is_body: the body of an N1, else the PDF copy of an N3."""

    media_type: str
    content: bytes
    is_body: bool

    @property
    def extension(self) -> str:
        """Return the usual extension of its name, without a dot."""
        return EXTENSIONS.get(self.media_type, "bin")

    @property
    def data_url(self) -> str:
        """Return the file as an address that holds it."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.content).decode('ascii')}"


def carried_file(data: bytes, limits: Limits = LIMITS) -> CarriedFile | None:
    """Return the file that a CDA carries, to be shown first; None when it has a structured body and no copy.

    Errors  UnreadableXML, TooLargeXML, NotConformant (no CDA, or base64 that is cut short).
    Source  CI-SIS, Volet Structuration minimale; section FR-Copie-de-document (1.2.250.1.213.1.1.2.243).
    """
    return file_of(parse_document(data, limits))


def file_of(root: Element) -> CarriedFile | None:
    """Return the file that a parsed document carries, or None. Errors: NotConformant."""
    body = descendant(root, "component/nonXMLBody/text")
    if body is not None:
        media_type = (attribute(body, "mediaType") or TEXT).lower()
        return CarriedFile(media_type, _content(body), is_body=True)
    value = _copy(root)
    return None if value is None else CarriedFile(PDF, _content(value), is_body=False)


def _content(element: Element) -> bytes:
    if attribute(element, "representation") == "B64":
        return content_of(element)
    return "".join(map(str, element.itertext())).encode()


def _copy(root: Element) -> Element | None:
    """Return the value of the PDF copy: first where it belongs, then wherever one says that it is one."""
    sections = root.iter(HL7 + "section")
    copies = (section for section in sections if _has_template(section, COPY_SECTION))
    for section in copies:
        for organizer in section.iter(HL7 + "organizer"):
            if (value := _pdf(organizer)) is not None:
                return value
    organizers = (each for each in root.iter(HL7 + "organizer") if _has_template(each, ATTACHED) and _is_copy(each))
    return next((value for each in organizers if (value := _pdf(each)) is not None), None)


def _has_template(element: Element, root: str) -> bool:
    return any(attribute(each, "root") == root for each in children(element, "templateId"))


def _is_copy(organizer: Element) -> bool:
    values = (descendant(each, "observation/value") for each in children(organizer, "component"))
    return any(attribute(value, "code") == COPY_TYPE for value in values)


def _pdf(organizer: Element) -> Element | None:
    for component in children(organizer, "component"):
        value = child(child(component, "observationMedia"), "value")
        if attribute(value, "mediaType") == PDF:
            return value
    return None
