"""Doing together what is asked at once: requests that run side by side share a statement, and a flush to disk."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from usager_server.errors import Unavailable

AT_ONCE = 2
ENOUGH = 4

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class Line(Generic[Item, Result]):
    """Those who wait for their turn under one key.

    Shape   working: how many calls of work are under way or about to be; is_called: whether one of them is about to be.
    """

    waiting: list[tuple[Item, asyncio.Future[Result]]] = field(default_factory=list)
    working: int = 0
    is_called: bool = False

    @property
    def wants_more(self) -> bool:
        """Whether a call of work is to begin."""
        return not self.is_called and (not self.working or (self.working < AT_ONCE and len(self.waiting) >= ENOUGH))


class Together(Generic[Key, Item, Result]):
    """Gives `work` all that was asked under a key when its turn has come: who comes meanwhile is in the next turn.

    Shape   one call of work at a time for a key, of at most `most` items; it returns a result for each, in their
            order. Alone, one waits for nobody; under load each costs a fraction of a statement. A second call is made
            once ENOUGH wait: while one is written to disk, others are answered.
    Errors  those of work, told to each who was in it. Of several that fail together each is tried alone, so that what
            is wrong with one harms no other. When the database does not answer, those who wait behind are told too, so
            that nobody waits longer for their turn than work does for a connection.
    """

    def __init__(self, work: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Result]]], *, most: int) -> None:
        self._work, self._most = work, most
        self._lines: dict[Key, Line[Item, Result]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def done(self, key: Key, item: Item) -> Result:
        """Return the result of an item."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line()
        line.waiting.append((item, result))
        if line.wants_more:
            line.working, line.is_called = line.working + 1, True
            # It begins when the loop turns: those whose requests were read off the wire with this one are in it too.
            task = loop.create_task(self._empty(key, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await result

    async def _empty(self, key: Key, line: Line[Item, Result]) -> None:
        line.is_called = False
        while line.waiting:
            together = line.waiting[: self._most]
            del line.waiting[: self._most]
            try:
                await self._answer(key, together)
            except Unavailable as error:
                _refuse([*together, *line.waiting], error)
                line.waiting.clear()
        line.working -= 1
        if not line.working:
            del self._lines[key]

    async def _answer(self, key: Key, together: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work(key, [item for item, _ in together])
        except Exception as error:
            if isinstance(error, Unavailable):
                raise
            if len(together) == 1:
                _refuse(together, error)
                return
            for one in together:
                await self._answer(key, [one])
            return
        for (_, waiting), result in zip(together, results, strict=True):
            if not waiting.done():  # else its client has gone
                waiting.set_result(result)


def _refuse(together: Sequence[tuple[Any, asyncio.Future[Any]]], error: Exception) -> None:
    for _, waiting in together:
        if not waiting.done():
            waiting.set_exception(error)
