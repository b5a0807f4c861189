"""The environment -> one frozen Settings: what is wrong or unknown is refused at start, by name."""

import os
from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from usager_server.settings import PREFIX, Settings, variable

TEST_PREFIX = "USAGER_TEST_"  # read by the tests' own fixtures, not by the server
PROXY_PREFIX = "USAGER_PROXY_"  # read by `usager proxy`, not by the server
SECRET = frozenset(
    {"database_url", "database_owner_url", "backup_database_url", "smtp_url"}
)  # may hold a password: its value is never shown


class SettingsError(Exception):
    """The environment holds something that this server refuses; the text is for the operator, one line a variable."""


def load_settings() -> Settings:
    """Return the settings of the environment. Errors: SettingsError, naming each variable that is wrong or unknown."""
    refuse_unknown(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(detail) for detail in error.errors(include_url=False))) from None


def is_ours(name: str) -> bool:
    """Tell whether an environment variable is a setting of the server."""
    return name.startswith(PREFIX) and not name.startswith((TEST_PREFIX, PROXY_PREFIX))


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise SettingsError when a USAGER_* variable is not a setting: a misspelt one would be silently ignored."""
    known = [variable(field) for field in Settings.model_fields]
    unknown = sorted(name for name in environment if is_ours(name) and name not in known)
    if unknown:
        raise SettingsError("\n".join(f"{name} is not a setting{_suggestion(name, known)}" for name in unknown))


def _suggestion(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; docs/settings.md lists them"


def _line(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return message
    field = str(detail["loc"][0])
    shown = "" if field in SECRET else f"={detail['input']}"
    return f"{variable(field)}{shown}: {message[0].lower()}{message[1:]}"
