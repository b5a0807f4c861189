"""Documents for the eye: a CDA as a page or as a PDF, with the refusals of the library in FHIR's terms."""

from usager_cda import CDAError, TooLargeXML
from usager_server.errors import Issue, TooLarge, Unavailable, Unprocessable

MOST_BYTES = 20 * 1024 * 1024
NOT_BY_PRODUCER = (
    "La feuille de style du producteur n'est pas utilisée : le document n'en apporte pas, ou elle présente un risque."
)


def page_of_document(data: bytes) -> bytes:
    """Return the page of a stored CDA. Errors: Unprocessable (422), TooLarge (413)."""
    from usager_cda.render import html_from_cda

    try:
        return html_from_cda(data)
    except CDAError as error:
        raise _refusal(error) from error


def page_by_producer(data: bytes) -> tuple[bytes, str]:
    """Return the page that the producer's style sheet makes, and its policy; ours, which says why, when it must do.

    Errors  Unprocessable (422), TooLarge (413).
    """
    from usager_cda.render import StyleRefused, html_by_producer, html_from_cda
    from usager_cda.render.producer import POLICY

    try:
        return html_by_producer(data), POLICY
    except StyleRefused:
        return html_from_cda(data, note=NOT_BY_PRODUCER), page_policy()
    except CDAError as error:
        raise _refusal(error) from error


def pdf_of_document(data: bytes) -> bytes:
    """Return the PDF of a stored CDA: the one it carries, else its header and sections printed.

    Errors  Unprocessable (422), TooLarge (413); Unavailable (503) when this machine cannot print.
    """
    from usager_cda.pdf import PrinterMissing, pdf_from_cda  # long to import, and seldom asked for

    try:
        return pdf_from_cda(data)
    except CDAError as error:
        raise _refusal(error) from error
    except PrinterMissing as error:
        raise Unavailable(str(error)) from error


def page_policy() -> str:
    """Return the Content-Security-Policy that the page of a document is made for."""
    from usager_cda.render.page import content_security_policy

    return content_security_policy()


def _refusal(error: CDAError) -> TooLarge | Unprocessable:
    """A document that is stored is no bad request: it is one that cannot be shown."""
    too_large = isinstance(error, TooLargeXML)
    code = "too-long" if too_large else "business-rule"
    issues = [Issue(finding.severity, code, str(finding), finding.expression) for finding in error.findings]
    return (TooLarge if too_large else Unprocessable)(issues=issues)
