"""Files of secrets as an operator makes them: for their owner alone."""

from pathlib import Path


def private_file(path: Path, text: str) -> Path:
    """Write a file that nobody else on this machine reads; return it."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
    return path
