"""The document that a CDA operation was given: raw XML, a Binary, or base64 in a parameter."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from usager_server.errors import Invalid
from usager_server.interactions.session import OperationRequest
from usager_server.operations.definition import parameter
from usager_server.operations.parameters import given

NAMES = ("document", "resource")
DOCUMENT = parameter(
    "document",
    "Binary",
    "The CDA document: in a Binary, as base64Binary, or raw as the body (application/xml, text/xml)",
    least=1,
)


def document_of(request: OperationRequest) -> bytes:
    """Return the bytes of the document. Errors: Invalid (400) when there is none, or no base64."""
    if request.body:
        return request.body
    for name in NAMES:
        value = given(request, name)
        if value is not None:
            return _decoded(value, f"Parameters.parameter.where(name = '{name}')")
    text = "A CDA document is expected: raw XML, or a parameter named document that holds a Binary or base64"
    raise Invalid(text, "Parameters.parameter", code="required")


def _decoded(value: Any, expression: str) -> bytes:
    encoded = value.get("data") if isinstance(value, Mapping) else value
    if isinstance(value, Mapping) and value.get("resourceType") != "Binary":
        raise Invalid(f"The document is a {value.get('resourceType')}; expected a Binary", expression, code="value")
    if not isinstance(encoded, str) or not encoded:
        raise Invalid("The document has no data", f"{expression}.data", code="required")
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"The document is not base64: {error}", f"{expression}.data", code="value") from error
