"""From what follows the name of an API to its address there: below the API it stays, whatever is written."""

import re
from urllib.parse import unquote_to_bytes, urlsplit

import httpx

# What a path may hold (RFC 3986), with % for what is encoded; neither a backslash nor a control character.
PATH = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
QUERY = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@%/?\[\]|{}^`\"<>-]*")
ENCODED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
NEVER_INSIDE = (b"/", b"\\", b"%", b"\0")  # once decoded: a second decoding must not find a path in a segment


class WrongPath(Exception):
    """The path may not be sent; the text says why, without the path."""


def address(base_url: str, path: bytes, query: bytes) -> httpx.URL:
    """Return the address of a path below an API, written as it came.

    Shape   path is what follows /send/{backend}/, still encoded.
    Errors  WrongPath: dots that climb, encoded slashes or percent signs, empty segments, another host.
    """
    if ENCODED.search(path) or ENCODED.search(query):
        raise WrongPath("a percent sign is followed by two hexadecimal digits")
    if not PATH.fullmatch(path) or not QUERY.fullmatch(query):
        raise WrongPath("it holds a character that an address may not hold")
    segments = path.split(b"/")
    for place, segment in enumerate(segments):
        _check(segment, is_last=place == len(segments) - 1)
    base = urlsplit(base_url).path.rstrip("/").encode()
    target = base + b"/" + path + (b"?" + query if query else b"")
    return httpx.URL(base_url).copy_with(raw_path=target)


def _check(segment: bytes, *, is_last: bool) -> None:
    decoded = unquote_to_bytes(segment)
    if not segment and not is_last:
        raise WrongPath("a segment is empty")
    if any(each in decoded for each in NEVER_INSIDE) or any(byte < 0x20 or byte == 0x7F for byte in decoded):
        raise WrongPath("a segment holds an encoded slash, percent sign or control character")
    if decoded.partition(b";")[0] in (b".", b".."):  # some servers take "..;x" for ".."
        raise WrongPath("a segment climbs")
    if segment.endswith(b":") and not is_last:
        raise WrongPath("an address is no path")
