"""SMART v2 scopes: their text read strictly, into what they permit.

Source  HL7 SMART App Launch 2, scopes and launch context.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args
from urllib.parse import parse_qsl, urlencode

Context = Literal["patient", "user", "system"]

LETTERS = "cruds"
"""create, read, update, delete, search: a scope names some of them, in this order."""

LENGTH_MOST = 4096
SCOPES_MOST = 100
PARAMETERS_MOST = 5

_SHAPE = re.compile(
    r"(patient|user|system)/(\*|[A-Z][A-Za-z]+)\.(?:(?=[cruds])(c?r?u?d?s?)|(read|write|\*))(?:\?(\S+))?", re.ASCII
)
_RESOURCE_SCOPE = re.compile(r"(?:patient|user|system)(?:/|$)", re.IGNORECASE)
# Chains, modifiers and _has hold a dot or a colon; what shapes an answer begins with an underscore, save these.
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9-]*|_id|_tag|_security|_profile", re.ASCII)
_PLAIN_VALUE = re.compile(r"[^\s,$\\]+")

FROM_V1 = {"read": "rs", "write": "cud", "*": LETTERS}
"""What the scopes of SMART v1 permit."""


class BadScope(ValueError):
    """A scope that cannot be read; the authorization server answers invalid_scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One resource scope: `patient/Observation.rs?category=laboratory`.

    Shape   type is a resource type, or `*`; letters those of LETTERS that it has, in their order. parameters narrow
            it: all of them hold for every resource it gives access to.
    """

    context: Context
    type: str
    letters: str
    parameters: tuple[tuple[str, str], ...] = ()

    def covers(self, resource_type: str, letter: str) -> bool:
        """Say whether the scope names this type and this letter."""
        return letter in self.letters and self.type in (resource_type, "*")

    def __str__(self) -> str:
        query = f"?{urlencode(self.parameters, safe='|:/')}" if self.parameters else ""
        return f"{self.context}/{self.type}.{self.letters}{query}"


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Return the resource scopes of a space-separated list, each once; openid, launch and what is unknown have none.

    Errors  BadScope when one cannot be read, when v1 and v2 are mixed, when system/ stands beside another context, or
            when there are too many.
    """
    if len(text) > LENGTH_MOST:
        raise BadScope(f"The scopes are over {LENGTH_MOST} characters")
    named = [word for word in text.split(" ") if _RESOURCE_SCOPE.match(word)]
    if len(named) > SCOPES_MOST:
        raise BadScope(f"{len(named)} resource scopes; at most {SCOPES_MOST} can be granted together")
    read = [_parsed(word) for word in named]
    if len({is_v1 for _, is_v1 in read}) > 1:
        raise BadScope("Scopes of SMART v1 (.read, .write, .*) and of v2 (.cruds) do not go together")
    scopes = tuple(dict.fromkeys(scope for scope, _ in read))
    refuse_mixed({scope.context for scope in scopes})
    return scopes


def parse_scope(text: str) -> Scope:
    """Return what one resource scope permits. Errors: BadScope, with what is wrong and what would be right."""
    return _parsed(text)[0]


def refuse_mixed(contexts: Iterable[str]) -> None:
    """Refuse system/ beside patient/ or user/: a program acts by itself or for somebody. Errors: BadScope."""
    found = set(contexts)
    if "system" in found and len(found) > 1:
        raise BadScope("system/ scopes do not go together with patient/ or user/ scopes")


def scopes_text(scopes: Sequence[Scope]) -> str:
    """Return scopes as a token carries them."""
    return " ".join(map(str, scopes))


def _parsed(text: str) -> tuple[Scope, bool]:
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise BadScope(
            f"{text[:100]!r} is not a scope: write patient|user|system, /, a resource type or *, a dot, some letters "
            f"of {LETTERS} in this order, each once"
        )
    context, resource_type, letters, v1, query = found.groups()
    assert context in get_args(Context)  # noqa: S101 - the pattern names them
    if v1 and query:
        raise BadScope(f"{text[:100]!r}: a scope of SMART v1 has no parameters")
    parameters = _parameters(text, query) if query else ()
    return Scope(cast(Context, context), resource_type, FROM_V1[v1] if v1 else letters, parameters), bool(v1)


def _parameters(text: str, query: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        raise BadScope(f"{text[:100]!r}: what follows the question mark is no query string") from error
    if len(pairs) > PARAMETERS_MOST:
        raise BadScope(f"{text[:100]!r}: at most {PARAMETERS_MOST} parameters narrow a scope")
    for name, value in pairs:
        if not _PARAMETER.fullmatch(name) or not _PLAIN_VALUE.fullmatch(value) or "\0" in value:
            raise BadScope(
                f"{text[:100]!r}: a scope takes name=value only, without modifier, chain, list or {name[:40]!r}"
            )
    return tuple(sorted(dict.fromkeys(pairs)))
