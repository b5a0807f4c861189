"""What an account may say of a person, checked one by one, each refusal naming its attribute. Source: SC.SSI/IE.33."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from usager_server.access.roles import ceiling
from usager_server.accounts.account import Kind
from usager_server.accounts.rpps import checked_rpps
from usager_server.errors import Issue, Unprocessable

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII)
ROLE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
PRACTITIONER = re.compile(r"Practitioner/[A-Za-z0-9.-]{1,64}", re.ASCII)
RESOURCE_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
EMAIL = re.compile(
    r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}", re.ASCII
)
TELEPHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
NAME_CHARACTERS, MOST = 100, 100

CLINICAL = ("rpps", "practitioner", "profession", "specialty", "mssante", "structures")


def checked(given: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """Return attributes as they are stored; None takes one away.

    Errors  Unprocessable (422), with an issue for each attribute that is unknown or wrong.
    """
    found: dict[str, Any] = {}
    issues: list[Issue] = []
    for name, value in given.items():
        try:
            found[name] = _checked(name, value, kind)
        except Unprocessable as refusal:
            issues.extend(refusal.issues)
    if issues:
        raise Unprocessable("; ".join(it.diagnostics for it in issues), issues=issues)
    return found


def checked_username(value: Any) -> str:
    """Return a user name. Errors: Unprocessable (422)."""
    if not isinstance(value, str) or not USERNAME.fullmatch(value):
        raise refusal("username", "3 to 64 characters: lower case letters, digits, . _ @ -")
    return value


def checked_contact(kind: str, value: Any) -> str:
    """Return an e-mail address or a telephone number (+33612345678). Errors: Unprocessable (422)."""
    if not isinstance(value, str):
        raise refusal(kind, "a text")
    if kind == "email":
        if len(value) > 254 or not EMAIL.fullmatch(value):
            raise refusal(kind, "an e-mail address")
        return value
    number = re.sub(r"[ .()-]", "", value)
    number = f"+33{number[1:]}" if re.fullmatch(r"0[1-9][0-9]{8}", number) else number
    if not TELEPHONE.fullmatch(number):
        raise refusal(kind, "a telephone number with its country: +33612345678")
    return number


def refusal(name: str, wanted: str) -> Unprocessable:
    """Return the refusal of an attribute, saying what would be right."""
    return Unprocessable(f"{name} is {wanted}", name, code="value")


def _checked(name: str, value: Any, kind: Kind) -> Any:
    if name not in CHECKS:
        raise refusal(name[:40], f"no attribute of an account; there are {', '.join(CHECKS)}")
    if value is None and name not in ("family", "given", "roles"):
        return None
    if name in CLINICAL and kind is Kind.PRIVILEGED:
        raise refusal(name, "not for an account of administration: clinical work has an account of its own")
    found = CHECKS[name](name, value)
    if name == "roles" and kind is Kind.PRIVILEGED and ceiling(found, "Patient"):
        raise refusal(name, "without those of clinical work, for an account of administration: it has one of its own")
    return found


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > NAME_CHARACTERS or not value.isprintable():
        raise refusal(name, f"a text of 1 to {NAME_CHARACTERS} characters")
    return " ".join(value.split())


def _rpps(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise refusal(name, "a text of 11 digits")
    return checked_rpps(value)


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise refusal(name, wanted)
        return value

    return check


def _list_of(pattern: re.Pattern[str], wanted: str) -> Callable[[str, Any], tuple[str, ...]]:
    def check(name: str, value: Any) -> tuple[str, ...]:
        is_list = isinstance(value, list) and len(value) <= MOST
        if not is_list or not all(isinstance(it, str) and pattern.fullmatch(it) for it in value):
            raise refusal(name, f"a list, of {MOST} at most, of {wanted}")
        return tuple(dict.fromkeys(value))

    return check


CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "family": _name,
    "given": _name,
    "rpps": _rpps,
    "profession": _matching(CODE, "the code of a profession, such as 60"),
    "specialty": _matching(CODE, "the code of a speciality"),
    "mssante": _matching(EMAIL, "an address of MSSanté"),
    "practitioner": _matching(PRACTITIONER, "a reference, Practitioner/…"),
    "roles": _list_of(ROLE, "names of roles"),
    "structures": _list_of(RESOURCE_ID, "ids of Organizations, or null for all"),
}
