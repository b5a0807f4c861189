"""What a file of secrets must be: out of reach of whoever else works on this machine."""

import stat
from pathlib import Path


def openness(path: Path) -> str | None:
    """Return what is wrong when everyone on this machine may read or write a file, with what would be right; or None.

    Errors  OSError when it is not there, or may not be looked at.
    """
    if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return f"{path} can be read or written by everyone on this machine: chmod 600 {path}"
    return None
