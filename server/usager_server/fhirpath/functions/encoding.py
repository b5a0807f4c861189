"""Strings in other clothes: encode, decode, escape, unescape. Source: FHIRPath N1, 5.6.13 to 5.6.16."""

import base64
import binascii
import html
import re
from collections.abc import Callable, Mapping

import orjson

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.functions.strings import text
from usager_server.fhirpath.nodes import EMPTY, Compiled, Failure, Frame, Items

_Change = Callable[[str], str]


def _json(subject: str) -> str:
    return orjson.dumps(subject).decode()[1:-1]


def _from_json(subject: str) -> str:
    return _JSON_ESCAPE.sub(lambda match: str(orjson.loads(f'"{match[0]}"')), subject)


_JSON_ESCAPE = re.compile(
    r"(?:\\u[0-9a-fA-F]{4})+|\\.", re.DOTALL
)  # together: two may be the halves of a surrogate pair


_ENCODE: Mapping[str, _Change] = {
    "hex": lambda subject: subject.encode().hex(),
    "base64": lambda subject: base64.b64encode(subject.encode()).decode(),
    "urlbase64": lambda subject: base64.urlsafe_b64encode(subject.encode()).decode(),
}
_DECODE: Mapping[str, _Change] = {
    "hex": lambda subject: bytes.fromhex(subject).decode(),
    "base64": lambda subject: base64.b64decode(subject, validate=True).decode(),
    "urlbase64": lambda subject: base64.b64decode(subject, altchars=b"-_", validate=True).decode(),
}
_ESCAPE: Mapping[str, _Change] = {"html": lambda subject: html.escape(subject), "json": _json}
_UNESCAPE: Mapping[str, _Change] = {"html": html.unescape, "json": _from_json}


def _named(name: str, changes: Mapping[str, _Change]) -> None:
    @function(name, 1)
    def apply(frame: Frame, source: Items, form: Compiled) -> Items:
        subject, wanted = text(source), text(form(frame))
        if subject is None or wanted is None:
            return EMPTY
        change = changes.get(wanted)
        if change is None:
            raise Failure(f"{name}() knows {', '.join(changes)}, not {wanted!r}")
        try:
            return [change(subject)]
        except (ValueError, binascii.Error):
            return EMPTY


_named("encode", _ENCODE)
_named("decode", _DECODE)
_named("escape", _ESCAPE)
_named("unescape", _UNESCAPE)
