"""Archives made by hand, as somebody else would make them, well or badly."""

import io
import zipfile
from collections.abc import Mapping

from tests.cda.documents import EXAMPLES, everything

LETTER = (EXAMPLES / "lettre-de-liaison.xml").read_bytes()
ID, OTHER_ID = b"2.25.264665220010003236527935720731892256873", b"2.25.12"
OTHER = LETTER.replace(ID, OTHER_ID).replace(b"Lettre de", b"Autre lettre de")
EVERYTHING = everything()


def zipped(members: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    """Return a zip of these members, in their order, duplicates included."""
    out = io.BytesIO()
    listed = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in listed:
            archive.writestr(name, content)
    return out.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """Return the members of a zip."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
