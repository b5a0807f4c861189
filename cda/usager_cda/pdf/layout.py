"""HTML of ours -> pages: WeasyPrint with our fonts and our style, and no way out: no network, no file, no other font.

Errors  PrinterMissing when the system library Pango is not installed. Time: the fonts and the style are read once.
"""

import logging
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from fontTools.ttLib import TTFont

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

ROOM = files("usager_cda").joinpath("pdf")
FONTS = ("NotoSans-Regular", "NotoSans-Bold", "NotoSans-Italic", "NotoSans-BoldItalic", "DejaVuSans-Symbols")
FONT_ADDRESS = "usager:font/"
# A character that no font of ours has: shown as such, never looked for in the fonts of the machine.
MISSING = "\ufffd"
LAYOUT = {"\t", "\n", "\r"}

Assets = Mapping[str, tuple[str, bytes]]


class PrinterMissing(Exception):
    """PDF cannot be made on this machine; the message says which system package it wants."""


# Pango and the configuration of fonts are shared by all documents, and are not made for two threads.
_press = Lock()


def pages_of(html: str, images: Assets) -> tuple[bytes, int]:
    """Return the PDF of a page of ours, and its number of pages; images are those its img elements name."""
    weasyprint, style, fonts = _printer()
    with _press, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile to be closed
        document = weasyprint.HTML(string=html, url_fetcher=_fetcher(images), media_type="print")
        rendered = document.render(stylesheets=[style], font_config=fonts)
        written = rendered.write_pdf(pdf_variant="pdf/a-1b", uncompressed_pdf=False, pdf_identifier=b"usager")
    return written, len(rendered.pages)


def drawable(text: str) -> tuple[str, int]:
    """Return a text in which what our fonts lack is replaced, and how many characters that was."""
    strange = set(text) - _characters()
    if not strange:
        return text, 0
    return text.translate({ord(letter): MISSING for letter in strange}), sum(map(text.count, strange))


@cache
def _characters() -> frozenset[str]:
    known = set(LAYOUT)
    for _, content in _fonts().values():
        known.update(map(chr, TTFont(BytesIO(content), lazy=True).getBestCmap()))
    return frozenset(known)


@cache
def _printer() -> tuple[Any, "CSS", "FontConfiguration"]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of machines without a font: we bring ours
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
    except OSError as error:
        raise PrinterMissing(f"PDF needs the system library Pango (Debian: libpangoft2-1.0-0): {error}") from error
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    fonts = FontConfiguration()
    text = ROOM.joinpath("document.css").read_text("utf-8")
    style = weasyprint.CSS(string=text, font_config=fonts, url_fetcher=_fetcher(_fonts()))
    return weasyprint, style, fonts


def _fonts() -> Assets:
    return {f"{FONT_ADDRESS}{name}": ("font/ttf", ROOM.joinpath("fonts", f"{name}.ttf").read_bytes()) for name in FONTS}


def _fetcher(assets: Assets) -> Any:
    """Return what WeasyPrint asks for every address: it gives our assets and knows no other way."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnAssets(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        def fetch(self, url: str, headers: object = None) -> Any:
            media_type, content = assets[url]
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    return OwnAssets()
