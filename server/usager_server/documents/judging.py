"""A CDA document judged for a caller: our own rules, and the pack that the operator names; findings as an outcome."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from usager_cda.validation import Remark, Report, check_document
from usager_cda.validation.engine import RulesEngine
from usager_cda.validation.pack import PackError
from usager_server.canonicals import canonical
from usager_server.errors import Unavailable
from usager_server.settings import Settings

RULE_SYSTEM = canonical("CodeSystem", "cda-rule")
CODES = {
    "xml": "structure",
    "root": "structure",
    "size": "too-long",
    "code-unknown": "code-invalid",
    "code-display": "code-invalid",
    "code-system": "code-invalid",
    "ins-form": "value",
    "ins-key": "value",
    "reference-dangling": "not-found",
    "entry-id-duplicate": "duplicate",
    "anchor-duplicate": "duplicate",
}
OWN, SCHEMA = "usager", "xsd"
STEP = re.compile(r"^(.*?)(?:\[(\d+)\])?$")

Outcome = dict[str, Any]


def judge(data: bytes, settings: Settings) -> Report:
    """Return the findings on a document. Time: 60 s at most once the rules are compiled; call it in a thread.

    Errors  Unavailable (503) when the rules that the operator names cannot be used.
    """
    if settings.cda_rules is None:
        return check_document(data)
    try:
        return _engine(settings.cda_rules, settings.data_dir / "cda-rules").validate(data)
    except PackError as error:
        raise Unavailable(f"The rules of USAGER_CDA_RULES cannot be used: {error}") from error


@cache
def _engine(folder: Path, kept: Path) -> RulesEngine:
    """Return the engine of this process. Its worker ends with it: the pipe that feeds it closes."""
    return RulesEngine(folder, kept)


def outcome_of(report: Report) -> Outcome:
    """Return the findings as an OperationOutcome.

    Shape   details.coding is the rule; location the XPath, expression the same place as a FHIRPath of the CDA model;
            a layer that could not be applied is a warning.
    """
    issues = [*map(_issue, report.remarks), *_left_out(report.left_out)]
    if not issues:
        layers = ", ".join(report.applied)
        text = f"All OK: nothing was found by {layers}"
        issues = [{"severity": "information", "code": "informational", "diagnostics": text}]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(remark: Remark) -> Outcome:
    issue: Outcome = {"severity": remark.severity, "code": _code(remark)}
    coding = {"system": RULE_SYSTEM, "code": f"{remark.layer}:{remark.rule}".replace(" ", "_")}
    issue["details"] = {"coding": [coding], "text": remark.message or remark.rule}
    issue["diagnostics"] = str(remark)
    if remark.xpath:
        issue["location"] = [remark.xpath]
        issue["expression"] = [_fhirpath(remark.xpath)]
    return issue


def _code(remark: Remark) -> str:
    if remark.layer == OWN:
        return CODES.get(remark.rule, "business-rule")
    return "structure" if remark.layer == SCHEMA else "invariant"


def _left_out(reasons: Mapping[str, str]) -> Iterator[Outcome]:
    for layer, reason in reasons.items():
        yield {"severity": "warning", "code": "not-supported", "diagnostics": f"{layer} was not applied: {reason}"}


def _fhirpath(xpath: str) -> str:
    """Return /ClinicalDocument/author[2]/time as ClinicalDocument.author[1].time."""
    steps = []
    for step in xpath.strip("/").split("/"):
        found = STEP.match(step)
        name, number = found.groups() if found else (step, None)
        steps.append(f"{name}[{int(number) - 1}]" if number else name)
    return ".".join(steps)
