"""Seals the few values that the database keeps for us but must not be able to read: AES-256-GCM, the key outside it.

The file of the key holds one key a line, 32 bytes in hexadecimal: the first seals, all open, so that a key is replaced
by writing the new one above.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from usager_server.private_files import openness

KEY_BYTES, NONCE_BYTES, NAME_BYTES = 32, 12, 4


class SealError(Exception):
    """A key that will not do, or a value that none of our keys opens; the text is for the operator, without the key."""


class Sealer:
    """Seals and opens with the keys of an installation.

    Shape   a sealed value: 4 bytes that name the key, 12 of nonce, the ciphertext with its tag. purpose is bound to it,
            so that what was sealed for one use, or one tenant, opens for no other.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise SealError(f"a sealing key has {KEY_BYTES} bytes")
        self._keys = {_name(key): AESGCM(key) for key in keys}
        self._first = _name(keys[0])

    def seal(self, purpose: str, clear: bytes) -> bytes:
        """Return a value that only `open` with the same purpose gives back."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._first + nonce + self._keys[self._first].encrypt(nonce, clear, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """Return what was sealed. Errors: SealError when another key or purpose did it, or it was altered."""
        key = self._keys.get(sealed[:NAME_BYTES])
        start = NAME_BYTES + NONCE_BYTES
        if key is None or len(sealed) < start:
            raise SealError("a sealed value was made with a key that is not in USAGER_SEALING_KEY_FILE")
        try:
            return key.decrypt(sealed[NAME_BYTES:start], sealed[start:], purpose.encode())
        except InvalidTag:
            raise SealError("a sealed value was altered, or belongs elsewhere") from None


def read_keys(path: Path) -> list[bytes]:
    """Return the keys of a file.

    Errors  SealError, with the number of the line, never its content; also when everyone may read or write the file.
    """
    try:
        if wrong := openness(path):
            raise SealError(wrong)
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise SealError(f"{path} cannot be read: {type(error).__name__}") from error
    keys = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            key = bytes.fromhex(line.strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise SealError(f"{path}, line {number}: a key is {KEY_BYTES} bytes in hexadecimal")
        keys.append(key)
    if not keys:
        raise SealError(f"{path} holds no key")
    return keys


def own_key_file(data_dir: Path) -> Path:
    """Return the file of the key that an installation makes for itself, made if it is not there.

    Order   of processes that start at once, one makes it and the others read it.
    """
    path = data_dir / "keys" / "sealing.key"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_suffix(f".{os.getpid()}")
    made.touch(mode=0o600)
    made.write_text(f"{secrets.token_hex(KEY_BYTES)}\n", encoding="ascii")
    with suppress(FileExistsError):
        os.link(made, path)
    made.unlink()
    return path


def _name(key: bytes) -> bytes:
    return sha256(b"usager sealing key" + key).digest()[:NAME_BYTES]
