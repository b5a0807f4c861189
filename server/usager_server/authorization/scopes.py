"""What is granted of the scopes that are asked for: never more than asked, never more than the client may have."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from usager_server.access.roles import ceiling
from usager_server.access.scopes import LETTERS, BadScope, Scope, parse_scopes, scopes_text
from usager_server.authorization.clients import ADMINISTRATION
from usager_server.authorization.errors import OAuthError

OPENID, FHIR_USER = "openid", "fhirUser"
LAUNCH, LAUNCH_PATIENT = "launch", "launch/patient"
OFFLINE, ONLINE = "offline_access", "online_access"
OF_ADMINISTRATION = ("administrator", "auditor")
Check = Callable[[Scope], None]
"""Refuses a scope whose parameters could not be held. Errors: BadScope."""

FOR_PEOPLE = (OPENID, FHIR_USER, LAUNCH, LAUNCH_PATIENT, OFFLINE, ONLINE)


@dataclass(frozen=True, slots=True)
class Granted:
    """Scopes that go together: those on resources, and the other words."""

    scopes: Sequence[Scope] = ()
    words: Sequence[str] = ()

    @property
    def text(self) -> str:
        """Return them as a token carries them."""
        return " ".join(filter(None, [*self.words, scopes_text(self.scopes)]))

    @property
    def needs_patient(self) -> bool:
        """Whether they mean something for one patient only."""
        return LAUNCH_PATIENT in self.words or any(scope.context == "patient" for scope in self.scopes)

    @property
    def is_offline(self) -> bool:
        """Whether they outlive the session of the person."""
        return OFFLINE in self.words


def without_clinical(granted: Granted) -> Granted:
    """Return what is left for an account of administration: scopes on a type that its roles reach (SC.SSI/IAM.92).

    Shape   a scope on every type (`user/*`) is clinical, whatever the roles make of it; so is a patient in context,
            whom the person would look for by name.
    """
    words = [word for word in granted.words if word not in (LAUNCH, LAUNCH_PATIENT)]
    return Granted(tuple(scope for scope in granted.scopes if _is_of_administration(scope)), words)


def read_scopes(text: str) -> Granted:
    """Return scopes as they were granted before."""
    return Granted(parse_scopes(text), _words(text))


def granted_to_person(asked: str, allowed: str) -> Granted:
    """Return what a client gets when it acts for a person; what it may not have, and what nobody knows, is left out.

    Errors  OAuthError invalid_scope when a scope cannot be read, or when nothing is left.
    """
    scopes = _common(asked, allowed)
    refused = [scope for scope in scopes if scope.context == "system"]
    words = [word for word in _words(asked) if word in FOR_PEOPLE and word in allowed.split()]
    if refused or not (scopes or OPENID in words):
        raise _invalid("system/ scopes are for client_credentials" if refused else _nothing_left(allowed))
    return Granted(scopes, words)


def granted_to_client(asked: str, allowed: str) -> Granted:
    """Return what a client gets when it acts by itself. Errors: OAuthError invalid_scope, as `granted_to_person`."""
    scopes = _common(asked, allowed)
    words = [ADMINISTRATION] if ADMINISTRATION in asked.split() and ADMINISTRATION in allowed.split() else []
    if any(scope.context != "system" for scope in scopes):
        raise _invalid("patient/ and user/ scopes need a person: use authorization_code")
    if not scopes and not words:
        raise _invalid(_nothing_left(allowed))
    return Granted(scopes, words)


def narrowed(asked: str, granted: Granted) -> Granted:
    """Return a part of what was granted. Errors: OAuthError invalid_scope when more is asked for (RFC 6749 6)."""
    scopes = _parsed(asked)
    within = _intersection(scopes, granted.scopes)
    words = [word for word in _words(asked) if word in granted.words]
    if any(scope not in within for scope in scopes) or (not scopes and not words):
        raise _invalid("this is more than was granted")
    return Granted(tuple(scopes), words)


def holdable(granted: Granted, check: Check) -> Granted:
    """Return what is granted when each scope can be held as it is narrowed: one that cannot would open nothing.

    Errors  OAuthError invalid_scope, with the parameter that will not do.
    """
    try:
        for scope in granted.scopes:
            check(scope)
    except BadScope as error:
        raise _invalid(str(error)) from error
    return granted


def check_registered(text: str, check: Check) -> None:
    """Refuse the scopes of a registration that could never be granted, since they cannot be held as they are narrowed.

    Errors  OAuthError invalid_client_metadata, with the parameter that will not do.
    """
    try:
        for scope in _allowed(text):
            check(scope)
    except BadScope as error:
        raise OAuthError("invalid_client_metadata", f"scope: {error}") from error


def _common(asked: str, allowed: str) -> tuple[Scope, ...]:
    return _intersection(_parsed(asked), _allowed(allowed))


def _allowed(text: str) -> Sequence[Scope]:
    """Return the scopes of a registration, where those for people and those for the client itself stand together."""
    return [scope for word in text.split() for scope in parse_scopes(word)]


def _parsed(text: str) -> Sequence[Scope]:
    try:
        return parse_scopes(text)
    except BadScope as error:
        raise _invalid(str(error)) from error


def _intersection(some: Iterable[Scope], others: Sequence[Scope]) -> tuple[Scope, ...]:
    met = [each for one in some for other in others if (each := _meeting(one, other)) is not None]
    return tuple(dict.fromkeys(met))


def _meeting(one: Scope, other: Scope) -> Scope | None:
    """Return what two scopes both permit: the narrower type, the common letters, the conditions of both."""
    if one.context != other.context or (one.type != other.type and "*" not in (one.type, other.type)):
        return None
    letters = "".join(letter for letter in LETTERS if letter in one.letters and letter in other.letters)
    kind = other.type if one.type == "*" else one.type
    parameters = tuple(sorted({*one.parameters, *other.parameters}))
    return Scope(one.context, kind, letters, parameters) if letters else None


def _is_of_administration(scope: Scope) -> bool:
    return scope.context == "user" and scope.type != "*" and bool(ceiling(OF_ADMINISTRATION, scope.type))


def _words(text: str) -> list[str]:
    return [word for word in dict.fromkeys(text.split()) if word in (*FOR_PEOPLE, ADMINISTRATION)]


def _nothing_left(allowed: str) -> str:
    return f"none of these scopes is among those of the client, which are: {allowed}"


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_scope", description)
