"""Ends this process when its parent is gone, kill -9 included: nothing that was started for a while stays for ever.

The parent holds the other end of the standard input, which the system closes with it.
"""

import os
import signal
from threading import Thread

STANDARD_INPUT = 0


def hold() -> None:
    """Raise SIGTERM in this process once its standard input is closed."""
    Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    while os.read(STANDARD_INPUT, 4096):  # not sys.stdin: its lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
