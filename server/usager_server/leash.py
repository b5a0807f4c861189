"""How a process ends: with its parent, kill -9 included, and cleanly at SIGTERM.

The parent holds the other end of the standard input, which the system closes with it.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType

STANDARD_INPUT = 0


def hold() -> None:
    """Raise SIGTERM in this process once its standard input is closed."""
    Thread(target=_wait, daemon=True).start()


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Have SIGTERM end this process as Ctrl-C does, so that what was begun is cleaned up."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wait() -> None:
    while os.read(STANDARD_INPUT, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
