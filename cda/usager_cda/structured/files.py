"""Files inside a body (observationMedia) <-> attachments, their bytes as Binaries named by their content."""

import base64
import hashlib

from usager_cda.body import content_of
from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.errors import CDAError
from usager_cda.fhir.assembly import uuid_of
from usager_cda.structured.reading import Reading
from usager_cda.structured.writing import Writing
from usager_cda.tree import Element, Node, attribute, child


def read_file(media: Element, reading: Reading) -> Tree | None:
    """Return the Attachment of an observationMedia; its bytes are added as a Binary. None when they are not whole."""
    value = child(media, "value")
    if value is None or attribute(value, "representation") != "B64":
        reading.reader.report(media, "observationMedia holds no file in base64; it is kept in the original only")
        return None
    try:
        content = content_of(value)
    except CDAError as error:
        reading.reader.report(value, f"{error.findings[0].message}; it is kept in the original only")
        return None
    key = uuid_of("Binary", hashlib.sha256(content).hexdigest())
    media_type = attribute(value, "mediaType") or "application/octet-stream"
    reading.files.append((key, media_type, content))
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    return {
        "contentType": media_type,
        "url": f"Binary/{key}",
        "size": len(content),
        "hash": base64.b64encode(digest).decode("ascii"),
    }


def build_file(attachment: Tree, writing: Writing, key: str) -> Node | None:
    """Return the observationMedia of an attachment or a Binary; None, and a remark, when its bytes are not at hand."""
    binary = writing.find({"reference": attachment.get("url")}) if attachment.get("url") else None
    data = attachment.get("data") or (binary or {}).get("data")
    if not data:
        writing.report("The file is not in the Bundle; it is left out", "Attachment.data")
        return None
    value = node("value", data, mediaType=attachment.get("contentType"), representation="B64")
    return add(node("observationMedia", classCode="OBS", moodCode="EVN", ID=key), value)


def of_binary(binary: Tree) -> Tree:
    """Return a Binary as an Attachment."""
    return filled({"contentType": binary.get("contentType"), "data": binary.get("data")})
