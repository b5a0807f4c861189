"""Secrets are masked before anything is kept: the dossier goes to strangers."""

import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "••• masqué •••"

HEADERS = (
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "esante-api-key", "dpop",
)  # fmt: skip
FIELDS = "|".join(  # the headers too: the sandbox shows in JSON those that its stand-ins received
    (
        "access_token", "refresh_token", "id_token", "token", "client_secret", "client_assertion", "assertion",
        "password", "code_verifier", "subject_token", "actor_token", "ticket", "csrf", "reset",
        "proxy_session_id", "proxy_id_session", *HEADERS,
    )
)  # fmt: skip

IN_JSON = re.compile(rb'("(?:' + FIELDS.encode() + rb')"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
IN_QUOTED_JSON = re.compile(rb'(\\+"(?:' + FIELDS.encode() + rb')\\+"\s*:\s*\\+")(?:[^"\\]|\\+[^"\\])*', re.IGNORECASE)
IN_FORM = re.compile(rb"(^|[?&])(" + FIELDS.encode() + rb")=[^&\s#]*", re.IGNORECASE)


class Masking:
    """Masks what is secret by its place (headers, fields), and the secrets of this run wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in (secret, quote(secret, safe=""))}
        self._secrets = sorted((it.encode() for it in spellings), key=len, reverse=True)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return headers in which credentials are masked; the scheme ("Bearer") stays."""
        return tuple((name, self._header(name, value)) for name, value in headers)

    def text(self, text: str) -> str:
        """Return a text without secrets: an address, an error."""
        return self.body(text.encode()).decode()

    def body(self, content: bytes) -> bytes:
        """Return a body without secrets, whatever its format."""
        mask = MASK.encode()
        for secret in self._secrets:
            content = content.replace(secret, mask)
        content = IN_JSON.sub(rb'\1"' + mask + rb'"', content)
        content = IN_QUOTED_JSON.sub(rb"\1" + mask, content)
        return IN_FORM.sub(rb"\1\2=" + mask, content)

    def holds_secret(self, content: bytes) -> bool:
        """Tell whether bytes that cannot be masked, such as those of a PDF, hold a secret of this run."""
        return any(secret in content for secret in self._secrets)

    def _header(self, name: str, value: str) -> str:
        if name.lower() not in HEADERS:
            return self.text(value)
        scheme, found, _ = value.partition(" ")
        return f"{scheme} {MASK}" if found and name.lower().endswith("authorization") else MASK
