"""How long a piece of work may take, as a test may say it on any machine."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail unless the block takes less than so many seconds of this thread's own processor time.

    Neither other threads count, nor what the garbage collector would spend on the many objects that earlier tests left
    behind: late in a whole run that alone takes more than a second.
    """
    gc.collect()
    gc.freeze()
    began = thread_time()
    try:
        yield
        taken = thread_time() - began
    finally:
        gc.unfreeze()
    assert taken < seconds, f"It took {taken:.3f} s of processor time, and may take {seconds:g} s"
