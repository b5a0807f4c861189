"""Documents for the printer: a FHIR document Bundle, or any CDA -> a PDF/A-1b in French."""

from usager_cda.pdf.copying import DocumentWithPdf, document_with_pdf, is_printable
from usager_cda.pdf.layout import PrinterMissing
from usager_cda.pdf.printing import PrintedDocument, pdf_from_bundle, pdf_from_cda

__all__ = [
    "DocumentWithPdf",
    "PrintedDocument",
    "PrinterMissing",
    "document_with_pdf",
    "is_printable",
    "pdf_from_bundle",
    "pdf_from_cda",
]
