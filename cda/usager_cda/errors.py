"""What can go wrong with a document: always where it is, and what was expected there."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a document.

    Shape   severity is error, warning or information. line and xpath place it in a CDA; expression (FHIRPath) in FHIR.
    """

    severity: str
    message: str
    line: int | None = None
    xpath: str | None = None
    expression: str | None = None

    def __str__(self) -> str:
        """Return the remark with its place, as one line of text."""
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.xpath or "") if part)
        return f"{self.message} ({place})" if place else self.message


class CDAError(Exception):
    """A document that cannot be read or written; findings say why, one by one."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(str(finding) for finding in findings))
        self.findings: Sequence[Finding] = findings


class UnreadableXML(CDAError):
    """The bytes are not XML that may be read: malformed, wrongly encoded, or carrying a DOCTYPE."""


class TooLargeXML(UnreadableXML):
    """The document is over a bound: bytes, depth or number of nodes."""


class NotConformant(CDAError):
    """The XML is well-formed but is not a CDA document that can be understood."""


class IncompleteDocument(CDAError):
    """The FHIR resources lack what a CDA document must say."""


def refusal(message: str, *, line: int | None = None, xpath: str | None = None) -> Finding:
    """Return a finding of severity error."""
    return Finding("error", message, line, xpath)
