"""What a module logs, as a test reads it."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import structlog
from structlog.testing import capture_logs


@contextmanager
def logged(module: ModuleType) -> Iterator[list[MutableMapping[str, Any]]]:
    """Yield the entries that a module logs in the block.

    Its logger keeps the set-up under which it logged first in this process, whichever test that was, and nothing else
    captures it then: the block gives it a new one.
    """
    kept = module.log
    module.log = structlog.get_logger()
    try:
        with capture_logs() as entries:
            yield entries
    finally:
        module.log = kept
