"""`usager cda render`: files in, pages or PDFs out, one after the other."""

from collections.abc import Sequence
from pathlib import Path

from usager_server.documents import batch
from usager_server.documents.showing import page_of_document, pdf_of_document

SHOWN = {"html": page_of_document, "pdf": pdf_of_document}


def run(paths: Sequence[Path], out: Path, shape: str) -> int:
    """Write the page or the PDF of each document, and return the exit code."""
    return batch.run(paths, out, ".xml", lambda data: batch.Made({f".{shape}": SHOWN[shape](data)}), "shown")
