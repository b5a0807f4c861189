"""Which headers go on, in either direction."""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# Who calls us is not the API's affair, nor is what they call us with.
OURS = frozenset(
    {b"host", b"content-length", b"cookie", b"authorization", b"forwarded", b"client-cert", b"client-cert-chain"}
    | {b"expect", b"x-real-ip", b"via", b"dpop"}
)
# The date is that of our own listener, which gives one.
NEVER_BACK = frozenset({b"set-cookie", b"set-cookie2", b"authorization", b"date"})


def onwards(headers: Iterable[tuple[bytes, bytes]], bearer: str) -> Headers:
    """Return the headers of a request as the API gets them, with the token of the session."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | OURS | _named_by_connection(given)
    kept = [(name, value) for name, value in given if name not in dropped and not name.startswith(b"x-forwarded-")]
    return [*kept, (b"authorization", b"Bearer " + bearer.encode())]


def back(headers: Iterable[tuple[bytes, bytes]], bearer: str) -> Headers:
    """Return the headers of an answer as the caller gets them: no cookie of the API, no token that it repeats."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | NEVER_BACK | _named_by_connection(given)
    return [(name, value) for name, value in given if name not in dropped and bearer.encode() not in value]


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    )
