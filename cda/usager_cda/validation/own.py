"""The layer that is always there: the document is read safely, then judged by our own rules."""

import time

from usager_cda.errors import CDAError, Finding, NotConformant, TooLargeXML
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.tree import Element
from usager_cda.validation import rules
from usager_cda.validation.report import OWN, Remark, Report
from usager_cda.validation.subject import Subject


def check_document(data: bytes, limits: Limits = LIMITS) -> Report:
    """Return what is wrong with a document, by our own rules alone.

    Shape   a document that cannot be read has one error, of rule xml, size or root, and nothing else.
    Time    the parse, and under 5 ms for a document of 800 elements.
    """
    began = time.perf_counter()
    try:
        remarks = check_tree(parse_document(data, limits))
    except CDAError as error:
        remarks = [_unreadable(error, finding) for finding in error.findings]
    return Report(remarks, {OWN: _milliseconds(began)})


def check_tree(root: Element) -> list[Remark]:
    """Return what our own rules find in a document that was read."""
    return rules.check(Subject(root))


def _unreadable(error: CDAError, finding: Finding) -> Remark:
    rule = "size" if isinstance(error, TooLargeXML) else "root" if isinstance(error, NotConformant) else "xml"
    return Remark(rule, "error", finding.message, line=finding.line, xpath=finding.xpath)


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1e3, 2)
