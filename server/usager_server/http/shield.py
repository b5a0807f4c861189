"""What every answer bears, whichever room it comes from, so that a browser makes nothing else of it."""

Headers = list[tuple[bytes, bytes]]

HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
SHIELD = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


def shielded(headers: Headers, *, is_secure: bool) -> Headers:
    """Return the headers of an answer with those of the shield that it has not set itself. Time: under 1 µs.

    Shape   is_secure: the server is reached by https, and clients are told never to come otherwise, nor to what lies
            under its name.
    """
    said = {name for name, _ in headers}
    added = [header for header in SHIELD if header[0] not in said]
    return [*headers, *added, HTTPS_ONLY] if is_secure else [*headers, *added]
