"""What a validation found: remarks, and which layers were applied to the document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from usager_cda.tree import Element, line_of, xpath_of

OWN = "usager"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong with a document, or odd.

    Shape   rule names it for ever (docs/cda/validation.md lists those of the layer "usager"); severity is error,
            warning or information; expected says what would be right. layer is who says it.
    """

    rule: str
    severity: str
    message: str
    expected: str | None = None
    line: int | None = None
    xpath: str | None = None
    layer: str = OWN

    def __str__(self) -> str:
        """Return the remark with its place, as one line of text."""
        place = ", ".join(filter(None, (f"line {self.line}" if self.line else "", self.xpath or "")))
        expected = f"; expected {self.expected}" if self.expected else ""
        return f"{self.message}{expected}{f' ({place})' if place else ''}"

    def as_json(self) -> dict[str, Any]:
        """Return the remark as plain values, what is not known left out."""
        names = ("layer", "rule", "severity", "message", "expected", "line", "xpath")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found.

    Shape   applied: the layers in their order, each with the milliseconds it took. left_out: layers that were asked for
            and could not be applied, each with the reason.
    """

    remarks: Sequence[Remark] = ()
    applied: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        """Tell whether nothing is wrong: warnings do not count."""
        return not any(remark.severity == "error" for remark in self.remarks)

    def count(self, severity: str) -> int:
        """Return how many remarks are of a severity."""
        return sum(remark.severity == severity for remark in self.remarks)


def remark(rule: str, severity: str, message: str, element: Element | None, expected: str | None = None) -> Remark:
    """Return a remark about an element."""
    if element is None:
        return Remark(rule, severity, message, expected)
    return Remark(rule, severity, message, expected, line_of(element), xpath_of(element))
