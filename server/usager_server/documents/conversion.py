"""The two conversions of usager_cda, with its refusals in FHIR's terms."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jiter

import usager_cda
from usager_server.errors import FHIRError, Invalid, Issue, TooLarge, Unprocessable
from usager_server.requirements import fulfils

if TYPE_CHECKING:  # usager_cda finds its names when they are first used
    from usager_cda import CDAError, Finding

Resource = dict[str, Any]

CDA_TYPES = ("application/xml", "text/xml", "application/cda+xml", "application/hl7-cda+xml")


@fulfils("SC.CDA/INT.04", "SC.CDA/INT.17")
def bundle_from_document(data: bytes) -> Resource:
    """Return the transaction Bundle of a CDA document.

    Shape   a matricule INS is one that was received: `temp` until INSi has confirmed it, of a Patient whose meta.source
            is the document.
    Errors  Invalid (400) when it is not XML that may be read, TooLarge (413) over a bound, Unprocessable (422) when it
            is no CDA or cannot be filed. The diagnostics say the line, the XPath and what was expected.
    """
    from usager_server.identity.matricule import as_received

    with told():
        made: Resource = _with_digits(usager_cda.bundle_from_cda(data))
    for entry in made["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"] = _from(made, as_received(entry["resource"]))
    return made


def _from(bundle: Resource, patient: Resource) -> Resource:
    """Return a Patient that says which document it was read from."""
    resources = (entry["resource"] for entry in bundle["entry"])
    document: Resource = next(each for each in resources if each["resourceType"] == "DocumentReference")
    return {**patient, "meta": {**patient.get("meta", {}), "source": document["masterIdentifier"]["value"]}}


def _with_digits(tree: Any) -> Any:
    """Return a tree of the library with its decimals as the server holds them: their digits as written."""
    if isinstance(tree, dict):
        return {name: _with_digits(held) if isinstance(held, DEEP) else held for name, held in tree.items()}
    if isinstance(tree, list):
        return [_with_digits(held) if isinstance(held, DEEP) else held for held in tree]
    return jiter.LosslessFloat(str(tree).encode()) if isinstance(tree, Decimal) else tree


DEEP = (dict, list, Decimal)


def references_needed(bundle: Resource, others: Iterable[Resource], base_url: str) -> set[str]:
    """Return the references ("Type/id") that a document needs and that neither the Bundle nor others hold."""
    return usager_cda.references_needed(bundle, others, base_url=base_url)


@contextmanager
def told() -> Iterator[None]:
    """Turn a refusal of the library into one of ours."""
    try:
        yield
    except usager_cda.CDAError as error:
        raise _refusal(error) from error


def _refusal(error: "CDAError") -> FHIRError:
    issues = [_issue(finding, error) for finding in error.findings]
    if isinstance(error, usager_cda.TooLargeXML):
        return TooLarge(issues=issues)
    return (Invalid if isinstance(error, usager_cda.UnreadableXML) else Unprocessable)(issues=issues)


def _issue(finding: "Finding", error: "CDAError") -> Issue:
    if isinstance(error, usager_cda.TooLargeXML):
        code = "too-long"
    elif isinstance(error, usager_cda.UnreadableXML):
        code = "structure"
    else:
        code = "required" if isinstance(error, usager_cda.IncompleteDocument) else "business-rule"
    return Issue(finding.severity, code, str(finding), finding.expression)
