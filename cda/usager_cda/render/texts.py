"""The words of an N1 whose file is text: plain, or RTF without its layout."""

from striprtf.striprtf import rtf_to_text

from usager_cda.errors import NotConformant, refusal
from usager_cda.render.files import TEXT, CarriedFile

RTF = ("text/rtf", "application/rtf")
MOST_RTF_BYTES = 5 * 1024 * 1024
ENCODINGS = ("utf-8-sig", "windows-1252")


def words_of(file: CarriedFile) -> str | None:
    """Return the text of a file that is text; None for another. Errors: NotConformant for RTF that is not."""
    if file.media_type == TEXT:
        return _decoded(file.content)
    if file.media_type not in RTF:
        return None
    if len(file.content) > MOST_RTF_BYTES or not file.content.lstrip().startswith(b"{\\rtf"):
        raise NotConformant(
            refusal(f"The body is not RTF of at most {MOST_RTF_BYTES} bytes", xpath="/ClinicalDocument")
        )
    words = rtf_to_text(file.content.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]  # has no types
    return str(words)


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")
