"""The keys of the backups, in the age format: recipients, for whom they are encrypted, and identities, who open them.

A machine that only makes backups needs no identity, and cannot read what it wrote. Nobody can write a file that the
identity opens without the recipient: it is no secret, yet nothing to publish.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyrage import IdentityError, RecipientError, x25519

from usager_server.backup.errors import BackupRefused
from usager_server.backup.limits import KEYS_LIMIT_BYTES
from usager_server.private_files import openness


@dataclass(frozen=True, slots=True)
class Keys:
    """What a file of keys holds. Shape: the recipient of each identity is among the recipients."""

    recipients: Sequence[x25519.Recipient]
    identities: Sequence[x25519.Identity]


def read_keys(path: Path | None) -> Keys:
    """Return the keys of a file: a recipient (`age1…`) or an identity (`AGE-SECRET-KEY-1…`) a line, # for remarks.

    Errors  BackupRefused, with the number of the line, never its content; also when others may read the file.
    """
    if path is None:
        raise BackupRefused("USAGER_BACKUP_KEY_FILE is not set: `usager backup key FILE` makes one")
    recipients, identities = [], []
    for number, line in enumerate(_lines(path), 1):
        if not (word := line.strip()) or word.startswith("#"):
            continue
        try:
            if word.startswith("age1"):
                recipients.append(x25519.Recipient.from_str(word))
            else:
                identities.append(x25519.Identity.from_str(word))
        except (RecipientError, IdentityError):
            raise BackupRefused(f"{path}, line {number}: neither age1… nor AGE-SECRET-KEY-1…") from None
    if not recipients and not identities:
        raise BackupRefused(f"{path} holds no key")
    return Keys([*recipients, *(each.to_public() for each in identities)], identities)


def make_key(path: Path) -> str:
    """Write a new identity to a file that is not there yet, for its owner's eyes only, and return its recipient."""
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"# recipient: {recipient}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise BackupRefused(f"{path} is there already: a key that is lost opens no backup any more") from None
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror}") from error
    return recipient


def _lines(path: Path) -> Sequence[str]:
    try:
        if wrong := openness(path):
            raise BackupRefused(wrong)
        if path.stat().st_size > KEYS_LIMIT_BYTES:
            raise BackupRefused(f"{path} is no file of keys: it is too large")
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        raise BackupRefused(f"{path} cannot be read: {type(error).__name__}") from error
