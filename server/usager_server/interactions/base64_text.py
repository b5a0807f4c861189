"""base64Binary as FHIR writes it: white space is allowed, nothing else beside the alphabet."""

import binascii
from base64 import b64decode

from usager_server.errors import Invalid

WHITE_SPACE = str.maketrans("", "", " \t\r\n")


def decoded(text: str) -> bytes:
    """Return the bytes of a base64Binary. Errors: Invalid (400)."""
    try:
        return b64decode(text.translate(WHITE_SPACE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"The data are not base64: {error}", "Binary.data", code="value") from error
