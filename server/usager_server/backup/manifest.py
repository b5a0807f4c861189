"""The manifest of a backup: of what, when, with what, how much of it, and the sums of its parts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from usager_server.backup.errors import BackupDamaged
from usager_server.backup.parts import Part

FORM = 1
NAME = "manifest.json.age"


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a tenant's chain of traces: its number and its hash in hexadecimal."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Shape   form is the number of this form; made the instant of its snapshot; software the version of Usager, schema
            the step of its migrations; postgresql the major version of the server; rows how many each table has, heads
            the chain of each tenant, by its number; parts by the names of their files.
    """

    form: int
    made: datetime
    software: str
    schema: str
    postgresql: int
    rows: Mapping[str, int]
    heads: Mapping[int, Head]
    parts: Mapping[str, Part]


ADAPTER = TypeAdapter(Manifest)


def manifest_text(manifest: Manifest) -> bytes:
    """Return a manifest as JSON, for people too."""
    return orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)


def heads_told(heads: Mapping[int, tuple[int, bytes]]) -> Mapping[int, Head]:
    """Return the heads of chains as a manifest tells them."""
    return {tenant: Head(seq, hash_.hex()) for tenant, (seq, hash_) in heads.items()}


def parse_manifest(text: bytes) -> Manifest:
    """Return the manifest that a text holds. Errors: BackupDamaged when it is none of this form."""
    try:
        manifest = ADAPTER.validate_json(text)
    except ValidationError as error:
        raise BackupDamaged(f"{NAME} is not a manifest of this form") from error
    if manifest.form != FORM:
        raise BackupDamaged(f"{NAME} has the form {manifest.form}; this version reads {FORM}")
    return manifest
