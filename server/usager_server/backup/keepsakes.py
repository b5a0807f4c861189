"""The few files that an installation makes for itself beside the database, without which it would open only by half.

A file that the operator names by a setting is the operator's to keep: it may come from a vault.
"""

import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import IO

from usager_server.settings import Settings


def kept_files(settings: Settings) -> Mapping[str, Path]:
    """Return where such files are, or would be, by the names that they have in a backup."""
    files = {
        "sealing.key": (settings.sealing_key_file, settings.data_dir / "keys" / "sealing.key"),
        "signing-keys.json": (settings.signing_keys_file, settings.data_dir / "signing-keys.json"),
        "audit-key.pem": (settings.audit_key_file, settings.audit_key),
        "audit-anchors.txt": (settings.audit_anchors_file, settings.audit_anchors),
    }
    return {name: path for name, (named, path) in files.items() if named is None}


def open_kept(path: Path) -> IO[bytes]:
    """Return the content of such a file; of the anchors, whole lines only, since a worker may be adding one."""
    content = path.read_bytes()
    return BytesIO(content[: content.rfind(b"\n") + 1] if path.suffix == ".txt" else content)


def put_back(names: Mapping[str, Path], folder: Path) -> list[str]:
    """Move such files from a folder to where they belong, unless something is there; return the names of those moved.

    Shape   what is there is newer, or another installation's, and is never written over.
    """
    moved = []
    for name, path in names.items():
        if (folder / name).exists() and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(folder / name, path)
            moved.append(name)
    return moved
