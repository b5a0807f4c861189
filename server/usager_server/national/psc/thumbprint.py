"""x5t#S256, the thumbprint that binds a token to the certificate of its TLS client, in the two forms met."""

import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

Style = Literal["rfc8705", "hex-base64"]


def rfc8705(certificate: bytes) -> str:
    """Return the thumbprint of a certificate in DER: base64url of its digest, unpadded. Source: RFC 8705 3.1."""
    return urlsafe_b64encode(sha256(certificate).digest()).rstrip(b"=").decode()


def hex_base64(certificate: bytes) -> str:
    """Return base64 of the hexadecimal text of the digest, as the examples of the CI-SIS transport volume hold it."""
    return b64encode(sha256(certificate).hexdigest().encode()).decode()


THUMBPRINTS: Mapping[Style, Callable[[bytes], str]] = MappingProxyType({"rfc8705": rfc8705, "hex-base64": hex_base64})


def style_of(claimed: str, certificate: bytes) -> Style | None:
    """Return in which form a claim names this certificate, None when it names another; in constant time."""
    found: Style | None = None
    for style, build in THUMBPRINTS.items():
        if hmac.compare_digest(claimed.encode(), build(certificate).encode()):
            found = style
    return found
