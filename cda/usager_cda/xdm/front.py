"""What a person finds on opening the archive: INDEX.HTM and README.TXT. Names are those of ISO 9660: capitals, 8.3."""

from collections.abc import Sequence
from html import escape

from usager_cda.telling import wording
from usager_cda.xdm.write_metadata import Enclosed

UNTITLED = "Document"


def index_page(enclosed: Sequence[Enclosed], folder: str) -> bytes:
    """Return the page that leads to each document, in XHTML Basic as IHE asks."""
    items = "\n".join(_item(document, folder) for document in enclosed)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr">
<head><title>Documents de santé</title></head>
<body>
<h1>Documents de santé</h1>
<ul>
{items}
</ul>
<p><a href="{folder}/METADATA.XML">Métadonnées</a> · <a href="README.TXT">Lisez-moi</a></p>
</body>
</html>
""".encode()


def _item(document: Enclosed, folder: str) -> str:
    header = document.header
    when = wording.moment(header.time)
    title = escape(header.title or wording.label(header.code) or UNTITLED)
    version = f", version {header.version}" if header.version else ""
    return f'<li><a href="{folder}/{document.uri}">{title}</a>{version}{f", {escape(when)}" if when else ""}</li>'


def readme(enclosed: Sequence[Enclosed], product: str, contact: str) -> bytes:
    """Return who sent the archive, what it holds and how: CRLF, for the plainest of readers."""
    header = enclosed[0].header
    custodian = wording.structure(header.custodian)
    lines = [
        "Archive IHE XDM (Cross-Enterprise Document Media Interchange)",
        "",
        *([f"Structure : {custodian}"] if custodian else []),
        f"Logiciel : {product}",
        *([f"Contact : {contact}"] if contact else []),
        "",
        f"INDEX.HTM : la liste des documents ({len(enclosed)})",
        "IHE_XDM/SUBSET01/METADATA.XML : leurs métadonnées (ebRIM 3.0)",
        "IHE_XDM/SUBSET01/DOCnnnnn.XML : les documents (CDA R2)",
        "",
        "Ces documents portent des données de santé à caractère personnel, couvertes par le secret professionnel.",
        "",
    ]
    return "\r\n".join(lines).encode()
