"""Documents made here: a document Bundle -> its CDA with its PDF inside, and the line of metadata of both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usager_server.documents.conversion import told
from usager_server.errors import Issue, Unavailable, Unprocessable

if TYPE_CHECKING:  # usager_cda finds its names when they are first used
    from usager_cda import Finding
    from usager_cda.header import Header

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Produced:
    """A document and its PDF, byte for byte the one it carries.

    Shape   header is what it says of itself; None when it was not written just now but read from the store. issues are
            the remarks of writing and printing it.
    """

    cda: bytes
    pdf: bytes
    header: "Header | None" = None
    issues: Sequence[Issue] = ()


def produce(bundle: Resource, base_url: str, pdf: bytes | None = None) -> Produced:
    """Return the document of a Bundle that holds a Composition; pdf takes the place of the one that would be printed.

    Errors  Unprocessable (422) with one issue for each thing that lacks, its FHIRPath in expression, or for each thing
            that keeps a PDF from being PDF/A-1; Unavailable (503) when this machine cannot print.
    """
    from usager_cda.pdf import PrinterMissing, document_with_pdf  # long to import, and seldom asked for

    try:
        with told():
            made = document_with_pdf(bundle, base_url=base_url, pdf=pdf)
    except PrinterMissing as error:
        raise Unavailable(str(error)) from error
    refuse_no_archive(
        made.pdf, "Composition.section.entry" if pdf is None else "Parameters.parameter.where(name = 'pdf')"
    )
    return Produced(made.document, made.pdf, made.header, issues_of(made.findings))


def refuse_no_archive(pdf: bytes, expression: str) -> None:
    """Refuse a PDF that is no PDF/A-1. Errors: Unprocessable (422). Source: CI-SIS, ISO 19005-1."""
    from usager_cda.validation.pdf import faults

    found = [Issue("error", "business-rule", f"The PDF is no PDF/A-1: {fault}", expression) for fault in faults(pdf)]
    if found:
        raise Unprocessable(issues=found)


def issues_of(findings: "Iterable[Finding]") -> Sequence[Issue]:
    """Return the remarks of the library as issues."""
    return [Issue(each.severity, _code(each.severity), str(each), each.expression) for each in findings]


def _code(severity: str) -> str:
    return "informational" if severity == "information" else "business-rule"


def metadata_of(bundle: Resource, produced: Produced, cda_url: str, pdf_url: str) -> Resource:
    """Return the DocumentReference of a document that was just produced from a Bundle."""
    from usager_cda.filing import FiledFile, document_reference_of

    if produced.header is None:
        raise ValueError("a document read from the store has its metadata there")
    files = FiledFile(produced.cda, cda_url), FiledFile(produced.pdf, pdf_url)
    made: Resource = document_reference_of(bundle, produced.header, *files)
    return made
