"""The style sheet that a document brings along: run where it can do no harm, and what it makes is cleaned.

A document that displays itself is a style sheet that holds the document (CI-SIS, document auto-présentable). Off unless
asked for: whoever wrote the sheet may show other words than those of the document.
"""

import subprocess
import sys

from lxml import etree

from usager_cda.errors import CDAError, refusal
from usager_cda.read import header_of
from usager_cda.render.cleaning import cleaned_page
from usager_cda.safety import LIMITS, SELF_DISPLAYING, XSL, Limits, parse_document, parse_xml
from usager_cda.telling.identity import identity_of
from usager_cda.tree import Element, line_of

# What could bring in another sheet, or write.
FORBIDDEN = frozenset((f"{XSL}import", f"{XSL}include", f"{XSL}document"))
TIME_SECONDS = 10
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; object-src data:; frame-src data:; "
    "base-uri 'none'; form-action 'none'"
)


class StyleRefused(CDAError):
    """A document brings no style sheet, or one that will not be run; the finding says why."""


def html_by_producer(data: bytes, style_sheet: bytes | None = None, limits: Limits = LIMITS) -> bytes:
    """Return the page that the producer's style sheet makes of a document, cleaned.

    Shape   style_sheet is the file that the document names; without it, the sheet that the document is.
    Errors  StyleRefused, when ours must do (`html_from_cda`); UnreadableXML, TooLargeXML, NotConformant.
    Time    at most 5 seconds of CPU and 512 MiB, in a process of its own.
    """
    identity = identity_of(header_of(parse_document(data, limits)).header.patient, is_qualified=True)
    sheet = data if style_sheet is None else style_sheet
    _check(parse_xml(sheet, limits))
    told = " · ".join(f"{label} : {value}" for label, value in identity.traits)
    return cleaned_page(_run(sheet, data), told, POLICY)


def _check(sheet: Element) -> None:
    if sheet.tag not in SELF_DISPLAYING:
        raise StyleRefused(refusal("The document brings no style sheet; expected one inside it (auto-présentable)"))
    if sheet.get("version") not in (None, "1.0"):
        raise StyleRefused(refusal(f"The style sheet is XSLT {sheet.get('version')}; expected 1.0"))
    for element in sheet.iter(etree.Element):
        if element.tag in FORBIDDEN or "extension-element-prefixes" in element.attrib:
            name = etree.QName(element).localname
            raise StyleRefused(refusal(f"The style sheet uses {name}, which is not run", line=line_of(element)))


def _run(sheet: bytes, data: bytes) -> str:
    given = len(sheet).to_bytes(8, "big") + sheet + data
    command = [sys.executable, "-I", "-m", "usager_cda.render.foreign"]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=TIME_SECONDS, check=False, env={})  # noqa: S603
    except (subprocess.TimeoutExpired, OSError) as error:
        raise StyleRefused(refusal("The style sheet takes too long, or cannot be run on this machine")) from error
    if done.returncode != 0:
        why = done.stderr.decode("utf-8", "replace").rpartition("\n")[2][:300] or "it takes too long or too much memory"
        raise StyleRefused(refusal(f"The style sheet will not run: {why}"))
    return done.stdout.decode("utf-8", "replace")
