"""Whether a PDF is what it says: the marks of PDF/A-1 that its bytes show. A claim is checked, nothing is proven.

PDF/A-1 allows no object streams, so that every dictionary is in clear: what is looked for can be seen without reading
the file. Apache PDFBox Preflight or veraPDF prove the rest.
"""

import re
from collections.abc import Iterator

HEADER = re.compile(rb"%PDF-1\.[0-4][\r\n ]")
PART = re.compile(rb"""pdfaid:part(?:\s*=\s*["']|>)\s*([0-9]+)""")
LEVEL = re.compile(rb"""pdfaid:conformance(?:\s*=\s*["']|>)\s*([A-Za-z]+)""")
STREAM = re.compile(rb"stream\r?\n.*?endstream", re.DOTALL)
NAME_END = rb"(?=[\s/<>\[\]()])"
FORBIDDEN = {
    "it is encrypted": re.compile(rb"/Encrypt" + NAME_END),
    "it holds JavaScript": re.compile(rb"/(?:JavaScript|JS)" + NAME_END),
    "it holds another file": re.compile(rb"/EmbeddedFiles" + NAME_END),
    "it starts a program": re.compile(rb"/Launch" + NAME_END),
    "it is compressed with LZW": re.compile(rb"/LZWDecode" + NAME_END),
    "it has object streams (PDF 1.5)": re.compile(rb"/ObjStm" + NAME_END),
}
TRAILER_BYTES = 2048


def faults(data: bytes) -> Iterator[str]:
    """Yield what keeps these bytes from being a PDF/A-1, in a few words each."""
    if not HEADER.match(data):
        yield f"its version is {data[5:8].decode('ascii', 'replace')}, and PDF/A-1 is PDF 1.4"
    part, level = PART.search(data), LEVEL.search(data)
    if part is None:
        yield "its metadata claim no PDF/A"
    elif part[1] != b"1":
        yield f"its metadata claim PDF/A-{part[1].decode('ascii')}"
    elif level is None or level[1].upper() not in (b"A", b"B"):
        yield "its metadata claim no level of PDF/A-1"
    clear = STREAM.sub(b"stream endstream", data)
    yield from (text for text, mark in FORBIDDEN.items() if mark.search(clear))
    if b"/GTS_PDFA1" not in clear:
        yield "it has no output intent for its colours"
    if b"%%EOF" not in data[-TRAILER_BYTES:]:
        yield "its end is missing"
