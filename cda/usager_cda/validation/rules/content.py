"""The files in a document: base64 that decodes, content that is what it calls itself, PDF/A-1."""

import base64
import binascii
from collections.abc import Iterator

from usager_cda.file_types import PDF, STARTS, TEXTS, seen
from usager_cda.tree import Element, child
from usager_cda.validation.pdf import faults
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import Subject


def files(subject: Subject) -> Iterator[Remark]:
    """A file is base64 that decodes into what its mediaType says; the PDF of an N1, and a copy, are PDF/A-1.

    Source  CI-SIS, Structuration minimale; référentiel DUI vague 2, SC.CDA/DD.02.
    """
    for element, is_body in _files(subject):
        if element.get("representation") == "B64":
            data = _decoded(element)
            if isinstance(data, str):
                yield remark("file-base64", "error", data, element, "base64")
            elif not data:
                yield remark("file-empty", "error", "The file is empty", element)
            else:
                yield from _judged(element, data, is_body=is_body)
        elif is_body and element.get("mediaType") not in (None, *TEXTS):
            text = f"The file is {element.get('mediaType')} and does not say that it is base64"
            yield remark("file-base64", "error", text, element, 'representation="B64"')


def _files(subject: Subject) -> Iterator[tuple[Element, bool]]:
    """Yield what holds a file, and whether it is the body of the document."""
    body = subject.body
    text = child(body, "text")
    if text is not None and body is not None and body.tag.endswith("nonXMLBody"):
        yield text, True
    for media in subject.all("observationMedia", "regionOfInterest"):
        value = child(media, "value")
        if value is not None:
            yield value, False


def _judged(element: Element, data: bytes, *, is_body: bool) -> Iterator[Remark]:
    media_type = element.get("mediaType") or ("text/plain" if not is_body else "")
    starts = STARTS.get(media_type)
    if starts is not None and not data.startswith(starts):
        text = f"The file is not the {media_type} that it is said to be"
        yield remark("file-media-type", "error", text, element, seen(data))
        return
    if media_type in TEXTS and (kind := seen(data)) is not None:
        yield remark(
            "file-media-type", "error", f"The file is not the {media_type} that it is said to be", element, kind
        )
    if media_type == PDF:
        found = "; ".join(faults(data))
        if found:
            yield remark("file-pdf-a", "error" if is_body else "warning", f"The PDF is no PDF/A-1: {found}", element)


def _decoded(element: Element) -> bytes | str:
    """Return the bytes of a file, or why they are none."""
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        return f"The file is not base64: {error}"


RULES = {"file-base64": files, "file-empty": files, "file-media-type": files, "file-pdf-a": files}
