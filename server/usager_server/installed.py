"""Which profiles are installed: their entry points, found without importing any plugin."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

GROUP = "usager.profiles"
GENERAL = "general"


class PluginError(Exception):
    """The profiles asked for cannot be served; the text is for the operator, one line."""


def installed() -> dict[str, EntryPoint]:
    """Return the entry point of every installed profile, by key."""
    found: dict[str, EntryPoint] = {}
    for entry in _entries(tuple(sys.path)):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise PluginError(f"the profile {entry.name} is claimed twice: by {whose(other)} and by {whose(entry)}")
        if entry.name == GENERAL:
            raise PluginError(f"the profile {GENERAL} is the server's own: {whose(entry)} may not claim it")
    return found


@lru_cache(maxsize=8)
def _entries(_path: tuple[str, ...]) -> Sequence[EntryPoint]:
    """Return the entry points on a path, looked for once: they are in the metadata of every distribution."""
    return tuple(entry_points(group=GROUP))


def refuse_unknown(keys: Iterable[str], entries: Mapping[str, EntryPoint] | None = None) -> None:
    """Refuse a profile that is not installed. Errors: PluginError, with the one that may be meant."""
    entries = installed() if entries is None else entries
    for key in keys:
        if key not in entries and key != GENERAL:
            close = get_close_matches(key, entries, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise PluginError(
                f"USAGER_PROFILES: {key} is not an installed profile; {hint}installed: {', '.join(entries)}"
            )


def whose(entry: EntryPoint) -> str:
    """Return where a plugin comes from, for people."""
    return f"{entry.value} ({entry.dist.name} {entry.dist.version})" if entry.dist else entry.value
