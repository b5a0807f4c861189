"""The parameters of an OAuth request: each at most once, all of them text."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from usager_server.authorization.errors import OAuthError
from usager_server.authorization.limits import OAUTH_PARAMETERS

PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")


def parse_form(text: str) -> Mapping[str, str]:
    """Return the parameters of a form or of a query; empty ones count as absent (RFC 6749 3.1).

    Errors  OAuthError invalid_request on one that comes twice, on control characters, on too many.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=OAUTH_PARAMETERS)
    except ValueError as error:
        raise OAuthError("invalid_request", f"At most {OAUTH_PARAMETERS} parameters, percent-encoded") from error
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            raise OAuthError("invalid_request", f"{name[:40]} is given twice")
        if not PRINTABLE.fullmatch(name + value):
            raise OAuthError("invalid_request", f"{name[:40]} holds a control character")
        form[name] = value
    return {name: value for name, value in form.items() if value}


def required(form: Mapping[str, str], name: str) -> str:
    """Return a parameter. Errors: OAuthError invalid_request when it is missing."""
    if name not in form:
        raise OAuthError("invalid_request", f"{name} is missing")
    return form[name]
