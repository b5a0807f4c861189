"""The members of a zip from anywhere, never on a disk: bounded, with plain names, each one once."""

import io
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from usager_cda.errors import CDAError, refusal

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
DRIVE = re.compile(r"[A-Za-z]:")
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
FREELY_COMPRESSED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class XDMLimits:
    """The bounds of an archive. Unit: sizes in bytes; ratio is how much a member over 1 MiB may grow."""

    size_bytes: int = 50 * 1024 * 1024
    total_bytes: int = 200 * 1024 * 1024
    members: int = 200
    ratio: int = 100
    name_characters: int = 200


XDM_LIMITS = XDMLimits()


class UnsafeArchive(CDAError):
    """The bytes are no zip that may be opened; the finding says why, and of which member."""


def members_of(data: bytes, limits: XDMLimits = XDM_LIMITS) -> dict[str, bytes]:
    """Return the files of an archive by name, as they are written in it.

    Errors  UnsafeArchive: no zip, cut short, too large, too many, compressed too well, encrypted, a name that leads out
            or is there twice, a link, an archive inside. Nothing is unpacked before all names and sizes are looked at.
    """
    if len(data) > limits.size_bytes:
        raise _unsafe(f"it has {len(data)} bytes; at most {limits.size_bytes} are read")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_all(infos, data, limits)
            return {info.filename: _content(archive, info) for info in infos if not info.is_dir()}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise _unsafe(f"it is no whole zip: {error}") from error


def _check_all(infos: Sequence[zipfile.ZipInfo], data: bytes, limits: XDMLimits) -> None:
    if len(infos) > limits.members:
        raise _unsafe(f"it has {len(infos)} members; at most {limits.members} are read")
    for info in infos:
        _check(info, limits)
    if sum(info.file_size for info in infos) > limits.total_bytes:
        raise _unsafe(f"it would unpack to more than {limits.total_bytes} bytes")
    # Members that share their bytes make a bomb that no ratio shows.
    if sum(info.compress_size for info in infos) > len(data):
        raise _unsafe("its members overlap")
    seen: set[str] = set()
    for info in infos:
        name = unicodedata.normalize("NFC", info.filename).casefold().rstrip("/")
        if name in seen:
            raise _unsafe("the name is there twice, letter case aside", info)
        seen.add(name)


def _check(info: zipfile.ZipInfo, limits: XDMLimits) -> None:
    name = info.orig_filename
    if len(name) > limits.name_characters or not name:
        raise _unsafe(f"a name has {len(name)} characters; expected 1 to {limits.name_characters}")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise _unsafe("a name holds a control character")
    if name.startswith("/") or "\\" in name or DRIVE.match(name) or ".." in name.split("/"):
        raise _unsafe("the name leads out of the archive; expected a relative one, without ..", info)
    if info.flag_bits & ENCRYPTED:
        raise _unsafe("it is encrypted; expected plain members", info)
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _unsafe("it is a link or a device; expected a file", info)
    if info.compress_type not in METHODS:
        raise _unsafe("its compression is unusual; expected deflate or none", info)
    if info.file_size > FREELY_COMPRESSED_BYTES and info.file_size > limits.ratio * max(info.compress_size, 1):
        raise _unsafe(f"it would grow more than {limits.ratio} times", info)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a member, and never one more than it declares."""
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise _unsafe(f"it has not the {info.file_size} bytes it declares", info)
    if content.startswith(ARCHIVES):
        raise _unsafe("it is an archive itself", info)
    return content


def _unsafe(message: str, info: zipfile.ZipInfo | None = None) -> UnsafeArchive:
    where = f"{info.filename!r} in the archive" if info else "The archive"
    return UnsafeArchive(refusal(f"{where} is refused: {message}"))
