"""The manifest of a plugin (`adds.toml`): what each of its profiles adds, for requests that come while it is off.

It is read without importing the plugin, and only when such a request comes. A plugin that is on is compared with its
manifest at start, so that it tells the truth.
"""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path

import structlog

FILE = "adds.toml"

log = structlog.get_logger()


class ManifestError(ValueError):
    """A manifest that cannot be read; the text names its file."""


def read_manifest(module: str) -> Mapping[str, Collection[str]] | None:
    """Return what each profile of a plugin adds ("Task?decision", "Patient/$do"), by key; None without a manifest."""
    folder = _folder(module)
    if folder is None or not (path := folder / FILE).exists():
        return None
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path}: {error}") from error
    for key, names in content.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ManifestError(f"{path}: {key} is no list of names")
    return content


class Inactive:
    """What the installed profiles that are off would add; their manifests are read when first asked."""

    def __init__(self, entries: Mapping[str, EntryPoint], active: Collection[str]) -> None:
        self._off = {key: entry for key, entry in entries.items() if key not in active}
        self._keys: dict[str, list[str]] | None = None

    def told(self, name: str) -> str | None:
        """Return the sentence that says which profile brings a name ("Task?decision"), or None when none does."""
        if self._keys is None:
            self._keys = {}
            for key, added in self._added():
                self._keys.setdefault(added, []).append(key)
        keys = self._keys.get(name)
        return f"it comes with the profile {' or '.join(keys)}, which is off (USAGER_PROFILES)" if keys else None

    def _added(self) -> Iterator[tuple[str, str]]:
        for key, entry in self._off.items():
            try:
                manifest = read_manifest(entry.module) or {}
            except ManifestError as error:  # of a plugin that is off: a request goes on without it
                log.warning("manifest_unreadable", profile=key, error=str(error))
                continue
            yield from ((key, name) for name in manifest.get(key, ()))


def differences(manifest: Mapping[str, Iterable[str]], keys: Iterable[str], registered: Collection[str]) -> list[str]:
    """Return what a manifest leaves out of what is registered under these keys, and what it promises besides."""
    promised = {name for key in keys for name in manifest.get(key, ())}
    missing = [f"{name} is registered and not listed" for name in sorted(set(registered) - promised)]
    return missing + [f"{name} is listed and not registered" for name in sorted(promised - set(registered))]


def _folder(module: str) -> Path | None:
    """Return the folder of a plugin's package, found without importing it; None for a module in no package."""
    top, *inner = module.split(".")[:-1] or [""]
    spec = find_spec(top) if top else None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).joinpath(*inner)
