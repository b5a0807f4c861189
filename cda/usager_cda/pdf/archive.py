"""The last pass: what WeasyPrint wrote -> a PDF that is PDF/A-1b to the letter, and always the same bytes.

Two things it writes are refused by validators: pictures with /Interpolate, and XMP namespaces declared above the
descriptions that use them. Source: ISO 19005-1, 6.2.4 and 6.7.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import pikepdf
from lxml import etree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP_META = "adobe:ns:meta/"
NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
OPENING, CLOSING = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n', b'\n<?xpacket end="r"?>'
PRODUCER = "Usager"


@dataclass(frozen=True, slots=True)
class Description:
    """What a PDF says of itself. Shape: written is an aware datetime."""

    title: str
    author: str
    written: datetime
    language: str = "fr-FR"


def archived(printed: bytes, description: Description) -> bytes:
    """Return the PDF/A-1b. The same input gives the same bytes."""
    with pikepdf.open(BytesIO(printed)) as pdf:
        _still_pictures(pdf)
        _describe(pdf, description)
        out = BytesIO()
        pdf.save(
            out,
            deterministic_id=True,
            force_version="1.4",
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
        return out.getvalue()


def _still_pictures(pdf: pikepdf.Pdf) -> None:
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream) and each.get("/Interpolate") is not None:
            each["/Interpolate"] = False


def _describe(pdf: pikepdf.Pdf, description: Description) -> None:
    """Say the same in the information dictionary and in the XMP packet, as 6.7.3 asks."""
    instant = description.written.astimezone(UTC)
    date = pikepdf.String(f"D:{instant:%Y%m%d%H%M%S}+00'00'")
    pdf.trailer["/Info"] = pdf.make_indirect(
        pikepdf.Dictionary(
            Title=pikepdf.String(description.title),
            Author=pikepdf.String(description.author),
            Creator=pikepdf.String(PRODUCER),
            Producer=pikepdf.String(PRODUCER),
            CreationDate=date,
            ModDate=date,
        )
    )
    packet = pikepdf.Stream(pdf, OPENING + _rdf(description, f"{instant:%Y-%m-%dT%H:%M:%S}+00:00") + CLOSING)
    packet["/Type"], packet["/Subtype"] = pikepdf.Name("/Metadata"), pikepdf.Name("/XML")
    pdf.Root["/Metadata"] = pdf.make_indirect(packet)
    pdf.Root["/Lang"] = pikepdf.String(description.language)


def _rdf(description: Description, instant: str) -> bytes:
    meta = etree.Element(f"{{{XMP_META}}}xmpmeta", nsmap={"x": XMP_META})
    rdf = etree.SubElement(meta, f"{{{RDF}}}RDF", nsmap={"rdf": RDF})
    _put(rdf, "pdfaid", {"part": "1", "conformance": "B"})
    _put(rdf, "pdf", {"Producer": PRODUCER})
    _put(rdf, "xmp", {"CreatorTool": PRODUCER, "CreateDate": instant, "ModifyDate": instant})
    core = _put(rdf, "dc", {})
    _list(core, "title", "Alt", description.title, {XML_LANG: "x-default"})
    _list(core, "creator", "Seq", description.author)
    _list(core, "language", "Bag", description.language)
    return etree.tostring(meta, encoding="utf-8")


def _put(rdf: etree._Element, prefix: str, values: dict[str, str]) -> etree._Element:
    """Add the description of one namespace, declared on itself: validators refuse it on the element above."""
    namespace = NAMESPACES[prefix]
    made = etree.SubElement(rdf, f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""}, nsmap={prefix: namespace})
    for name, value in values.items():
        etree.SubElement(made, f"{{{namespace}}}{name}").text = value
    return made


def _list(core: etree._Element, name: str, kind: str, value: str, attributes: dict[str, str] | None = None) -> None:
    holder = etree.SubElement(etree.SubElement(core, f"{{{NAMESPACES['dc']}}}{name}"), f"{{{RDF}}}{kind}")
    etree.SubElement(holder, f"{{{RDF}}}li", attributes or {}).text = value
