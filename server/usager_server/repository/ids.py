"""Numbers and ids that the server makes alone, without asking the database: they grow with time and never meet."""

import os
import secrets
import time
from uuid import UUID

EPOCH_MILLISECONDS = 1_577_836_800_000  # 2020-01-01
PROCESS_BITS = 10
COUNTER_BITS = 12

_VERSION_AND_VARIANT = (0x7 << 76) | (0x2 << 62)
_COUNTER_LIMIT = 1 << COUNTER_BITS
_RANDOM_BITS = (1 << 62) - 1


class RowNumbers:
    """Row numbers of one process: 41 bits of milliseconds since 2020, 10 of the process, 12 of a counter.

    Order   strictly growing, even when the clock steps back or a millisecond is used up (then it runs ahead).
    """

    def __init__(self, process: int | None = None) -> None:
        self.process = secrets.randbelow(1 << PROCESS_BITS) if process is None else process
        self._milliseconds = 0
        self._counter = 0

    def next(self) -> int:
        """Return the next number."""
        now = time.time_ns() // 1_000_000 - EPOCH_MILLISECONDS
        self._counter += 1
        if now > self._milliseconds:
            self._milliseconds, self._counter = now, 0
        elif self._counter == _COUNTER_LIMIT:
            self._milliseconds, self._counter = self._milliseconds + 1, 0
        return (self._milliseconds << PROCESS_BITS | self.process) << COUNTER_BITS | self._counter


# One per process: `opening.py` gives it a number of its own, from the database.
row_numbers = RowNumbers()


def new_uuid() -> UUID:
    """Return a UUID of version 7. Source: RFC 9562 5.7."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | _VERSION_AND_VARIANT | (random >> 64 & 0xFFF) << 64 | random & _RANDOM_BITS)


def uuid_milliseconds(key: UUID) -> int:
    """Return the time a UUID of version 7 was made, in milliseconds since 1970."""
    return key.int >> 80
