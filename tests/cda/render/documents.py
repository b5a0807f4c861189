"""CDA documents made of the letter of docs/examples and another body."""

import base64
from pathlib import Path

LETTER = (Path(__file__).parents[3] / "docs" / "examples" / "lettre-de-liaison.xml").read_text("utf-8")
HEAD = LETTER[: LETTER.rindex("<component")]
PDF = b"%PDF-1.4\n% not much of a document\n"


def with_file(media_type: str, content: bytes) -> bytes:
    """Return an N1 document around a file."""
    data = base64.b64encode(content).decode()
    text = f'<text mediaType="{media_type}" representation="B64">{data}</text>'
    return f"{HEAD}<component><nonXMLBody>{text}</nonXMLBody></component></ClinicalDocument>".encode()


def structured(*sections: str) -> bytes:
    """Return an N3 document with these sections."""
    inside = "".join(f"<component>{section}</component>" for section in sections)
    return f"{HEAD}<component><structuredBody>{inside}</structuredBody></component></ClinicalDocument>".encode()


def section(title: str, text: str, more: str = "") -> str:
    """Return a section; more comes after its text."""
    return f"<section><title>{title}</title><text>{text}</text>{more}</section>"


def copy_of_the_document(content: bytes = PDF) -> str:
    """Return the section that holds the PDF copy of a document."""
    media = _media("copie", "application/pdf", content)
    organizer = f'<entry><organizer classCode="CLUSTER" moodCode="EVN">{media}</organizer></entry>'
    template = '<templateId root="1.2.250.1.213.1.1.2.243"/>'
    return f"<section>{template}<title>Copie du document</title><text>La copie</text>{organizer}</section>"


def attached(key: str, media_type: str, content: bytes, kind: str = "11488-4") -> str:
    """Return an entry that is an attached document of a type."""
    value = f'<observation classCode="OBS" moodCode="EVN"><value code="{kind}"/></observation>'
    template = '<templateId root="1.2.250.1.213.1.1.3.18"/>'
    inside = f"{template}<component>{value}</component>{_media(key, media_type, content)}"
    return f'<entry><organizer classCode="CLUSTER" moodCode="EVN">{inside}</organizer></entry>'


def _media(key: str, media_type: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    value = f'<value mediaType="{media_type}" representation="B64">{data}</value>'
    return (
        f'<component><observationMedia classCode="OBS" moodCode="EVN" ID="{key}">{value}</observationMedia></component>'
    )
