"""The kinds of files that a document carries, and how their bytes begin."""

import base64

PDF = "application/pdf"
STARTS = {
    PDF: (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
    "text/rtf": (b"{\\rtf",),
    "application/rtf": (b"{\\rtf",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF8",),
}
TEXTS = ("text/plain", "text/html", "text/xml")
HEAD = 2048  # characters of base64: more than any start, white space between them included
PDF_START_WITHIN = 1024  # readers look so far for it: ISO 32000-1, annex H, note 13


def seen(data: bytes) -> str | None:
    """Return the media type that the first bytes tell."""
    return next((name for name, starts in STARTS.items() if data.startswith(starts)), None)


def is_other(media_type: str, data: bytes) -> bool:
    """Tell whether bytes are certainly not of a media type: one that is not known here promises nothing."""
    if media_type == PDF and STARTS[PDF][0] in data[:PDF_START_WITHIN]:
        return False
    starts = STARTS.get(media_type)
    return seen(data) is not None if media_type in TEXTS else starts is not None and not data.startswith(starts)


def head_of(encoded: str) -> bytes:
    """Return how sound base64 begins, decoded."""
    start = "".join(encoded[:HEAD].split())
    return base64.b64decode(start[: len(start) // 4 * 4])
