"""Which format a body is in, and which one the answer takes: JSON or XML, as headers and `_format` say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from usager_server.errors import NotAcceptable, UnsupportedMediaType

Format = Literal["json", "xml"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/fhir+json; charset=utf-8",
    "xml": "application/fhir+xml; charset=utf-8",
}
# The names that FHIR R4 http.html#mime-type asks servers to understand, and those that older clients send.
NAMES: dict[str, Format] = {
    "application/fhir+json": "json",
    "application/json+fhir": "json",
    "application/json": "json",
    "text/json": "json",
    "json": "json",
    "application/fhir+xml": "xml",
    "application/xml+fhir": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "xml": "xml",
}
OUR_VERSIONS = ("4.0", "4.0.1")
PLAIN_CHARSETS = ("utf-8", "utf8", "us-ascii")


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One choice of an Accept header."""

    name: str
    quality: float = 1.0
    parameters: dict[str, str] = field(default_factory=dict)

    def covers(self, media_type: str) -> bool:
        """Say whether the range allows a media type."""
        return self.name in ("*/*", media_type) or self.name == f"{media_type.partition('/')[0]}/*"


@lru_cache(maxsize=1024)
def answer_format(accept: str, parameter: str | None = None) -> Format:
    """Return the format of an answer.

    Order   `_format` overrides Accept; in Accept the highest q wins, the first one among equals; */* is JSON.
    Errors  NotAcceptable (406) when nothing that is asked for can be produced.
    """
    if parameter is not None:
        return _format_of_parameter(parameter)
    ranges = parse_accept(accept)
    for choice in ranges:
        found = _format_of_range(choice)
        if found is not None and choice.quality > 0:
            return found
    if not ranges:
        return "json"
    raise NotAcceptable(f"None of {accept!r} can be produced; application/fhir+json and application/fhir+xml can")


@lru_cache(maxsize=256)
def parse_accept(accept: str) -> Sequence[MediaRange]:
    """Return the choices of an Accept header, best first. A browser's text/html stands for JSON."""
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    return sorted(ranges, key=lambda choice: -choice.quality)


@lru_cache(maxsize=256)
def body_format(content_type: str) -> Format:
    """Return the format of a FHIR body. Errors: UnsupportedMediaType (415)."""
    media = _media_range(content_type)
    found = NAMES.get(media.name)
    if found is None or "/" not in media.name:
        raise UnsupportedMediaType(
            f"The Content-Type is {content_type!r}; this address reads application/fhir+json and application/fhir+xml"
        )
    if media.parameters.get("charset", "utf-8").lower() not in PLAIN_CHARSETS:
        raise UnsupportedMediaType(f"FHIR is written in UTF-8, not in {media.parameters['charset']!r}")
    if media.parameters.get("fhirversion", "4.0") not in OUR_VERSIONS:
        raise UnsupportedMediaType(f"This server speaks FHIR 4.0, not {media.parameters['fhirversion']}")
    return found


def is_fhir_type(content_type: str) -> bool:
    """Say whether a content type is one of FHIR's own, so that the body is a resource whatever the address."""
    return "fhir+" in content_type or "+fhir" in content_type


def media_name(content_type: str) -> str:
    """Return the media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def prefers_raw(accept: str, parameter: str | None, stored_type: str) -> bool:
    """Say whether the caller of a Binary wants its bytes: yes, unless it asks for a FHIR format.

    Source  FHIR R4 binary.html#rest.
    """
    if parameter is not None:
        return False
    for choice in parse_accept(accept):
        if is_fhir_type(choice.name):
            return False
        if choice.covers(media_name(stored_type)):
            return True
        if choice.name in NAMES:
            return False
    return True


def names_type(accept: str, parameter: str | None, media_type: str) -> bool:
    """Say whether the caller names a media type outright, before any FHIR format: a range that takes all names none."""
    if parameter is not None:
        return False
    for choice in parse_accept(accept):
        if choice.name == media_type and choice.quality > 0:
            return True
        if is_fhir_type(choice.name):
            return False
    return False


def _format_of_parameter(parameter: str) -> Format:
    # A plus sign that nobody percent-encoded arrives as a space: "application/fhir json".
    media = _media_range(parameter.replace(" ", "+", 1) if "/" in parameter else parameter)
    found = NAMES.get(media.name)
    if found is None or media.parameters.get("fhirversion", "4.0") not in OUR_VERSIONS:
        raise NotAcceptable(f"_format={parameter} cannot be produced; json and xml can")
    return found


def _format_of_range(choice: MediaRange) -> Format | None:
    if choice.parameters.get("fhirversion", "4.0") not in OUR_VERSIONS:
        return None
    if choice.name in ("*/*", "application/*", "text/html", "application/xhtml+xml", "text/*"):
        return "json"
    return NAMES.get(choice.name) if "/" in choice.name else None


def _media_range(text: str) -> MediaRange:
    name, *rest = text.split(";")
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in (p.partition("=") for p in rest)}
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        quality = 0.0
    return MediaRange(name.strip().lower(), quality, parameters)
