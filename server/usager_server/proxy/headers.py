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
    | {b"expect", b"x-real-ip", b"via", b"dpop", b"x-client-cert"}
    # These have some servers do something else than the request line says, which is what was checked and traced.
    | {b"x-rewrite-url", b"x-http-method", b"x-http-method-override", b"x-method-override"}
)
FAMILIES = (b"x-forwarded-", b"x-original-", b"x-ssl-")
# The date is that of our own listener, which gives one.
NEVER_BACK = frozenset({b"set-cookie", b"set-cookie2", b"authorization", b"date"})
WITHOUT_BODY = (204, 304)


def onwards(headers: Iterable[tuple[bytes, bytes]], bearer: str) -> Headers:
    """Return the headers of a request as the API gets them, with the token of the session."""
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | OURS | _named_by_connection(given)
    kept = [(name, value) for name, value in given if not {name, _spelt(name)} & dropped and not _is_family(name)]
    return [*kept, (b"authorization", b"Bearer " + bearer.encode())]


def back(headers: Iterable[tuple[bytes, bytes]], bearer: str, status: int) -> Headers:
    """Return the headers of an answer as the caller gets them: no cookie of the API, no token that it repeats.

    Shape   a length is told when it is that of the body that goes with it.
    Source  RFC 9112 6.3: chunks win over a length; RFC 9110 8.6: the length of a 304 is that of another answer.
    """
    given = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | NEVER_BACK | _named_by_connection(given)
    if status in WITHOUT_BODY or any(name == b"transfer-encoding" for name, _ in given):
        dropped |= {b"content-length"}
    return [(name, value) for name, value in given if name not in dropped and bearer.encode() not in value]


def _spelt(name: bytes) -> bytes:
    """Return a name as CGI, WSGI and their like read it: to them _ and - are one."""
    return name.replace(b"_", b"-")


def _is_family(name: bytes) -> bool:
    return _spelt(name).startswith(FAMILIES)


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    return frozenset(
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    )
