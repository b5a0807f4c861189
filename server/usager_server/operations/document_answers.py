"""What the operations that make documents have in common: the PDF they are given, the forms they answer in."""

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from usager_server.documents.conversion import CDA_TYPES
from usager_server.errors import Invalid, Issue, operation_outcome
from usager_server.interactions.operation import warning
from usager_server.interactions.session import OperationRequest, Reply
from usager_server.operations.parameters import given, parameters, part

Resource = dict[str, Any]

CDA, PDF = "cda", "pdf"
RAW_TYPES = {CDA: CDA_TYPES, PDF: ("application/pdf",)}
BINARY_TYPES = {CDA: "text/xml", PDF: "application/pdf"}
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'"

# One is printed at a time: those who wait hold no thread and no connection.
press = asyncio.Semaphore(1)


def given_pdf(request: OperationRequest) -> bytes | None:
    """Return the PDF that the caller gives. Errors: Invalid (400)."""
    value, where = given(request, "pdf"), "Parameters.parameter.where(name = 'pdf')"
    if value is None:
        return None
    data = value.get("data") if isinstance(value, Mapping) else value
    try:
        return base64.b64decode("".join(str(data or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"The PDF is not base64: {error}", where, code="value") from error


def answer(
    request: OperationRequest, form: str, content: bytes, issues: Sequence[Issue], headers: Mapping[str, str]
) -> Reply:
    """Return a document in one form: raw, with its remarks in a Warning, or in Parameters with an outcome."""
    wanted = next((each for each in RAW_TYPES[form] if request.prefers_raw(each)), None)
    if wanted is None:
        return Reply(resource=_parameters(form, content, issues, headers), headers=headers)
    told = {"Warning": warning(issues)} if issues else {}
    if form == PDF:
        told |= {
            "Content-Disposition": 'inline; filename="document.pdf"',
            "Content-Security-Policy": f"{PDF_POLICY}; frame-ancestors 'none'",
        }
    media_type = f"{wanted}; charset=utf-8" if form == CDA else wanted
    return Reply(content=content, content_type=media_type, raw=True, headers={**headers, **told})


def _parameters(form: str, content: bytes, issues: Sequence[Issue], headers: Mapping[str, str]) -> Resource:
    data = base64.b64encode(content).decode("ascii")
    parts = [part("return", resource={"resourceType": "Binary", "contentType": BINARY_TYPES[form], "data": data})]
    if "Location" in headers:
        parts.append(part("document", valueReference={"reference": headers["Location"]}))
    if issues:
        parts.append(part("outcome", resource=operation_outcome(issues)))
    return parameters(*parts)
