"""Looking at a printed document with other eyes than those that made it: PDFium for pages, ZXing for symbols."""

import pypdfium2
import zxingcpp


def texts(pdf: bytes) -> list[str]:
    """Return the text of each page, white space collapsed."""
    document = pypdfium2.PdfDocument(pdf)
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def symbols(pdf: bytes) -> list[list[str]]:
    """Return what a scanner reads on each page, at the resolution of an office printer."""
    document = pypdfium2.PdfDocument(pdf)
    images = (page.render(scale=300 / 72).to_pil() for page in document)
    return [[found.bytes.decode("ascii") for found in zxingcpp.read_barcodes(image)] for image in images]
