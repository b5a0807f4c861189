"""Functions of a text that remember what they answered: of short texts alone, so that nobody fills the memory."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

REMEMBERED_CHARACTERS = 128
"""The longest text that is remembered: a string of a resource may have a million characters, and each another one."""

Answer = TypeVar("Answer")


def remembering(most: int) -> Callable[[Callable[[str], Answer]], Callable[[str], Answer]]:
    """Return what makes a pure function of a text remember its last answers, at most so many."""

    def made(function: Callable[[str], Answer]) -> Callable[[str], Answer]:
        remembered = lru_cache(maxsize=most)(function)

        @wraps(function)
        def answer(text: str) -> Answer:
            return remembered(text) if len(text) <= REMEMBERED_CHARACTERS else function(text)

        return answer

    return made
