"""Documents made here: a Bundle -> its CDA, with its PDF inside, and the line of metadata of both."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usager_server.documents.conversion import told
from usager_server.errors import Issue, Unavailable, Unprocessable
from usager_server.requirements import fulfils

if TYPE_CHECKING:  # usager_cda finds its names when they are first used, and printing is long to import
    from usager_cda import Finding
    from usager_cda.header import Header

Resource = dict[str, Any]

GIVEN_PDF = "Parameters.parameter.where(name = 'pdf')"
VSM = "vsm"


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


@fulfils("SC.CDA/DD.02", "SC.CDA/DD.12", "DOC/va1.04", "DOC/va1.05", "DOC/va1.06", "DOC/va1.24")
def produce(
    bundle: Resource,
    others: Iterable[Resource],
    base_url: str | None,
    *,
    writes_vsm: bool = False,
    pdf: bytes | None = None,
) -> Produced:
    """Return the document of a Bundle that holds a Composition.

    Shape   others are resources that the Bundle refers to without holding them; pdf takes the place of the one that
            would be printed; writes_vsm when the operator has the VSM written.
    Errors  Unprocessable (422) with one issue for each thing that lacks, its FHIRPath in expression, or for each thing
            that keeps a PDF from being PDF/A-1; Unavailable (503) when this machine cannot print.
    """
    if not writes_vsm:
        refuse_vsm(bundle)
    with _printing():
        from usager_cda.pdf import document_with_pdf

        made = document_with_pdf(bundle, others, base_url=base_url, pdf=pdf)
    faults = [*no_archive(made.pdf, "error", "Composition.section.entry" if pdf is None else GIVEN_PDF)]
    if faults:
        raise Unprocessable(issues=faults)
    return Produced(made.document, made.pdf, made.header, issues_of(made.findings))


def write(
    bundle: Resource, others: Iterable[Resource], base_url: str | None, *, writes_vsm: bool = False
) -> tuple[bytes, Sequence[Issue]]:
    """Return the document of a Bundle as it is, and the remarks: nothing is printed.

    Shape   a file that is a PDF and no PDF/A-1 is a remark.
    Errors  Unprocessable (422), as `produce`.
    """
    from usager_cda import write_document
    from usager_cda.render import carried_file

    if not writes_vsm:
        refuse_vsm(bundle)
    with told():
        made = write_document(bundle, others, base_url=base_url)
        file = carried_file(made.data)
    is_pdf = file is not None and file.media_type == "application/pdf"
    where = "DocumentReference.content.attachment"
    faults = no_archive(file.content, "warning", where) if file is not None and is_pdf else ()
    return made.data, [*issues_of(made.findings), *faults]


def is_printable(bundle: Resource, others: Iterable[Resource], base_url: str | None) -> bool:
    """Say whether a Bundle becomes a document with a PDF of its own; what is around a file that is there does not."""
    from usager_cda.pdf import is_printable as printable

    return printable(bundle, others, base_url=base_url)


def refuse_vsm(bundle: Resource) -> None:
    """Refuse a VSM, which the operator has not switched on. Errors: Unprocessable (422)."""
    from usager_cda.document import structured_model

    resources = (entry.get("resource") or {} for entry in bundle.get("entry", ()))
    found = (structured_model(each) for each in resources if each.get("resourceType") == "Composition")
    if any(model is not None and model.name == VSM for model in found):
        text = (
            "The VSM is not written here: make a medical summary (type 74207-2 or 60591-5, IPS-FR), or have the "
            "operator set USAGER_CDA_VSM=true"
        )
        raise Unprocessable(text, "Composition.type", code="not-supported")


def no_archive(pdf: bytes, severity: str, expression: str) -> Iterator[Issue]:
    """Yield what keeps a PDF from being PDF/A-1. Source: CI-SIS, ISO 19005-1."""
    from usager_cda.validation.pdf import faults

    for fault in faults(pdf):
        yield Issue(severity, "business-rule", f"The PDF is no PDF/A-1: {fault}", expression)


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


@contextmanager
def _printing() -> Iterator[None]:
    from usager_cda.pdf import PrinterMissing

    try:
        with told():
            yield
    except PrinterMissing as error:
        raise Unavailable(str(error)) from error
