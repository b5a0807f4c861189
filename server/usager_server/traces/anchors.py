"""Anchors: now and then the head of a chain is signed and kept outside the database, which then cannot be rewritten.

An anchor is a line of text: a JWS (RFC 7515) signed with Ed25519 (RFC 9864), whose payload names the tenant, the number
and the hash of a link, the instant, and the digest of the line before it, so that a line taken out is missed. One that
a restoration leaves says so: the tenant's anchors of later links, made before it, are of traces that are lost. One that
is made before old traces are removed says which, and what of them is kept.
"""

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from usager_server.private_files import openness

ALGORITHM = "Ed25519"
ALGORITHMS = [ALGORITHM]


@dataclass(frozen=True, slots=True)
class Removal:
    """What is taken out of a chain, from its beginning: the traces before a row number, but those of versions.

    Shape   kept: the digest of the links of those that stay (`verifying.py`). archive: the SHA-256, in hexadecimal, of
            the file where all of them are, from the end of the removal before.
    """

    before: int
    kept: bytes
    archive: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of a tenant's chain, as it was at an instant.

    Shape   restored: the chain was brought back to this link then. removal: this link is no head, but that of the last
            trace that is removed; every trace to be removed has this link or one before it.
    """

    tenant: int
    seq: int
    hash: bytes
    at: datetime
    restored: bool = False
    removal: Removal | None = None


class BadAnchors(Exception):
    """The file of anchors, or the key, is not what it should be; the text says which line."""


def signing_key(path: Path) -> OKPKey:
    """Return the private key of a file (PEM), which is made when there is none, for its owner's eyes only.

    Errors  BadAnchors when the file holds no Ed25519 key, or everyone may read or write it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    if wrong := openness(path):
        raise BadAnchors(wrong)
    try:
        key = OKPKey.import_key(path.read_bytes())
    except (ValueError, JoseError) as error:
        raise BadAnchors(f"{path} holds no Ed25519 key in PEM") from error
    if key.curve_name != "Ed25519":
        raise BadAnchors(f"{path} holds a key of {key.curve_name}; Ed25519 is wanted")
    return key


def add_anchors(path: Path, key: OKPKey, anchors: Sequence[Anchor]) -> list[str]:
    """Sign anchors, append them to the file and return the lines; they are on disk when this returns.

    Order   of processes that add at once (a worker, `usager audit archive`), one waits for the other: each line follows
            the one before it.
    Errors  OSError, and nothing was added: half a line would be the end of the file for good.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    made = []
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        before = content.decode("ascii").splitlines()[-1] if content else ""
        for anchor in anchors:
            before = _signed(anchor, key, before)
            made.append(before)
        _append(file, len(content), "".join(f"{line}\n" for line in made).encode("ascii"))
    return made


def _append(file: FileIO, size: int, added: bytes) -> None:
    try:
        while added:
            added = added[file.write(added) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(size)
        raise


def read_anchors(path: Path, key: OKPKey) -> list[Anchor]:
    """Return the anchors of a file, oldest first; none when there is no file.

    Errors  BadAnchors for a line that was altered, or does not follow the one before it.
    """
    anchors, before = [], ""
    lines = _whole(path).decode("ascii", "replace").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            payload: dict[str, Any] = orjson.loads(jws.deserialize_compact(line, key, algorithms=ALGORITHMS).payload)
        except (ValueError, JoseError) as error:
            raise BadAnchors(f"{path}, line {number}: it was not signed with this key, or was altered") from error
        if payload["before"] != _digest(before):
            raise BadAnchors(f"{path}, line {number}: the line before it is missing or another one")
        instant = datetime.fromtimestamp(payload["at"], UTC)
        link = payload["seq"], bytes.fromhex(payload["hash"])
        removal = _removal(payload.get("removal"))
        anchors.append(Anchor(payload["tenant"], *link, instant, payload.get("restored", False), removal))
        before = line
    return anchors


def _whole(path: Path) -> bytes:
    """Return what a file holds while nobody adds to it."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return file.read()


def _removal(told: dict[str, Any] | None) -> Removal | None:
    return None if told is None else Removal(told["before"], bytes.fromhex(told["kept"]), told["archive"])


def _signed(anchor: Anchor, key: OKPKey, before: str) -> str:
    payload: dict[str, Any] = {
        "tenant": anchor.tenant,
        "seq": anchor.seq,
        "hash": anchor.hash.hex(),
        "at": int(anchor.at.timestamp()),
        "before": _digest(before),
        **({"restored": True} if anchor.restored else {}),
    }
    if (removal := anchor.removal) is not None:
        payload["removal"] = {"before": removal.before, "kept": removal.kept.hex(), "archive": removal.archive}
    return jws.serialize_compact({"alg": ALGORITHM}, orjson.dumps(payload), key, algorithms=ALGORITHMS)


def _digest(line: str) -> str:
    return sha256(line.encode()).hexdigest()
