"""The keys that sign our tokens: in a file of the operator's, outside the database, each under its id.

A key is published before it signs, and stays published until no token of it is alive:

    made ──PUBLISHED_FIRST──▶ signs ──the next one signs──▶ checks only ──RETIRED_AFTER──▶ `usager keys rotate` drops it
"""

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

ALGORITHM = "RS256"  # the one that OpenID Connect and RFC 9068 have everyone understand
KEY_BITS = 3072  # ANSSI: for use beyond 2030
PUBLISHED_FIRST = timedelta(minutes=10)
RETIRED_AFTER = timedelta(hours=2)
LOOK_AGAIN_SECONDS = 1.0


class KeysError(Exception):
    """The file of the signing keys will not do; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key and when it was made."""

    made: datetime
    key: RSAKey

    @property
    def id(self) -> str:
        """Return its kid: the thumbprint of RFC 7638."""
        return self.key.thumbprint()


class SigningKeys:
    """The keys of a file, read again when it changes: a rotation needs no restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0, 0)
        self._look_at = 0.0
        self._keys: Mapping[str, SigningKey] = {}
        self._published: Mapping[str, Any] = {}
        self._refresh()

    def signing(self) -> SigningKey:
        """Return the key that signs now."""
        self._refresh()
        return signing_key(list(self._keys.values()), datetime.now(UTC))

    def checking(self, key_id: str) -> RSAKey | None:
        """Return the key of an id; None when it is none of ours. The id is looked up, never followed."""
        self._refresh()
        found = self._keys.get(key_id)
        return None if found is None else found.key

    def public(self) -> Mapping[str, Any]:
        """Return the JWK Set to publish."""
        self._refresh()
        return self._published

    def _refresh(self) -> None:
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_AGAIN_SECONDS
        try:
            found = self._path.stat()
        except OSError as error:
            if self._keys:
                return  # someone is replacing it: what was read serves on
            raise KeysError(f"{self._path} cannot be read ({error.strerror}): usager keys rotate makes it") from error
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        if stamp != self._stamp:
            keys = read_keys(self._path)
            self._keys = {each.id: each for each in keys}
            self._published = {"keys": [_public(each) for each in keys]}
            self._stamp = stamp


def signing_key(keys: Sequence[SigningKey], moment: datetime) -> SigningKey:
    """Return the youngest key that was published long enough, else the oldest."""
    ready = [each for each in keys if each.made <= moment - PUBLISHED_FIRST]
    return max(ready, key=lambda it: it.made) if ready else min(keys, key=lambda it: it.made)


def ensure_keys(path: Path) -> None:
    """Make the file with a first key, unless it is there; of several processes, one does."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, [_new_key()], replacing=False)


def rotate(path: Path) -> SigningKey:
    """Add a key and drop those that nothing alive was signed with; return the new one."""
    keys = read_keys(path) if path.exists() else []
    now = datetime.now(UTC)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = _new_key()
    _write(path, [made, *still_needed(keys, now)], replacing=True)
    return made


def still_needed(keys: Sequence[SigningKey], moment: datetime) -> list[SigningKey]:
    """Return the keys that sign, will sign, or signed what may still be alive, youngest first."""
    ordered = sorted(keys, key=lambda it: it.made, reverse=True)
    kept = []
    for place, each in enumerate(ordered):
        replaced_at = ordered[place - 1].made + PUBLISHED_FIRST if place else None
        if replaced_at is None or moment < replaced_at + RETIRED_AFTER:
            kept.append(each)
    return kept


def state(each: SigningKey, keys: Sequence[SigningKey], moment: datetime) -> str:
    """Return what a key does now: next, signing or checking."""
    signing = signing_key(keys, moment)
    return "signing" if each.id == signing.id else "next" if each.made > signing.made else "checking"


def read_keys(path: Path) -> list[SigningKey]:
    """Return the keys of a file, youngest first. Errors: KeysError."""
    try:
        if path.stat().st_mode & 0o007:
            raise KeysError(f"{path} can be read by everyone: chmod o= it, then usager keys rotate")
        held = json.loads(path.read_text(encoding="ascii"))
        keys = [SigningKey(datetime.fromisoformat(it["made"]), RSAKey.import_key(it["key"])) for it in held["keys"]]
    except OSError as error:
        raise KeysError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeysError(f"{path} is no file of signing keys ({type(error).__name__})") from error
    if not keys or any(not each.key.is_private or each.made.tzinfo is None for each in keys):
        raise KeysError(f"{path} holds no private key")
    return sorted(keys, key=lambda it: it.made, reverse=True)


def _new_key() -> SigningKey:
    return SigningKey(datetime.now(UTC), RSAKey.generate_key(KEY_BITS, auto_kid=False))


def _public(each: SigningKey) -> dict[str, Any]:
    return {**each.key.as_dict(private=False), "kid": each.id, "alg": ALGORITHM, "use": "sig"}


def _write(path: Path, keys: Sequence[SigningKey], *, replacing: bool) -> None:
    held = {"keys": [{"made": each.made.isoformat(), "key": each.key.as_dict(private=True)} for each in keys]}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the start
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())
    if replacing:
        Path(name).replace(path)
        return
    try:
        with suppress(FileExistsError):  # another process was faster: its key is as good
            os.link(name, path)
    finally:
        Path(name).unlink()
