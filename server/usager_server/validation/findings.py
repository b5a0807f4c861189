"""What a checker found: paths are built on the way up, so a valid resource never pays for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from usager_server.errors import Issue
from usager_server.validation.limits import FINDINGS_LIMIT

TOKEN_LENGTH = 40

# Elements that may identify a person: what was written there is never repeated in an answer or a log.
PRIVATE = frozenset({"identifier", "name", "telecom", "address", "birthDate", "contact", "text", "photo", "id"})


# A text that begins so wants a subject: the offending value, or "the value" where it may not be shown.
_PREDICATES = ("is ", "does ", "points ", "stands ", "belongs ")


@dataclass(slots=True)
class Finding:
    """One breach.

    Shape   text says what is wrong and what would be right; token is the offending value, shown only where it
            identifies nobody; steps are the pieces of the path, innermost first.
    """

    code: str
    text: str
    token: str | None = None
    severity: str = "error"
    steps: list[str] = field(default_factory=list)

    def issue(self, root: str) -> Issue:
        """Return the finding as an issue of a resource of type `root`."""
        steps = self.steps[::-1]
        private = any(step.lstrip(".").partition("[")[0] in PRIVATE for step in steps)
        subject = "the value" if private or self.token is None else repr(short(self.token))
        text = f"{subject} {self.text}" if self.text.startswith(_PREDICATES) else self.text
        text = text[:1].upper() + text[1:]
        return Issue(self.severity, self.code, text, root + "".join(steps))


Findings = list[Finding]
"""The findings of one node; an empty list or None when all is well."""


def one(code: str, text: str, token: str | None = None, step: str | None = None) -> Findings:
    """Return a list of one error."""
    return [Finding(code, text, token, steps=[] if step is None else [step])]


def under(step: str, findings: Findings) -> Findings:
    """Return the findings, each one step further from the leaf."""
    for finding in findings:
        finding.steps.append(step)
    return findings


def is_refusal(findings: Sequence[Finding]) -> bool:
    """Tell whether one of them is an error."""
    return any(finding.severity == "error" for finding in findings)


def issues(root: str, findings: Sequence[Finding]) -> list[Issue]:
    """Return the issues of a resource of type `root`, a hundred at most: from there on, checkers need not go on.

    Order   errors first when there are more than can be shown: a warning never hides one.
    """
    if len(findings) <= FINDINGS_LIMIT:
        return [finding.issue(root) for finding in findings]
    shown = sorted(findings, key=lambda finding: finding.severity != "error")[:FINDINGS_LIMIT]
    text = f"there may be more than these {FINDINGS_LIMIT} issues"
    return [*(finding.issue(root) for finding in shown), Issue("information", "incomplete", text, root)]


def short(token: str) -> str:
    """Return at most 40 characters of a value."""
    return token if len(token) <= TOKEN_LENGTH else token[: TOKEN_LENGTH - 1] + "…"


def json_kind(value: object) -> str:
    """Return what a JSON value is, in JSON's words."""
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "a number"}
    return "null" if value is None else kinds.get(type(value), "a number")
