"""Doing together what is asked at once: requests that run side by side share a statement, and a flush to disk."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from usager_server.errors import Unavailable

AT_ONCE = 2
ENOUGH = 16
LINES_KNOWN = 500

PAUSE_SECONDS = 0.001
"""How long a call waits at most for those who were in the one before: the least that the timers of the loop know."""

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class Line(Generic[Item, Result]):
    """Those who wait for their turn under one key.

    Shape   working: how many calls of work are under way or about to be; is_called: whether one of them is about to be.
            lately: how many were in the call that ended last. more: done when as many wait again, while a call waits
            for them.
    """

    waiting: list[tuple[Item, asyncio.Future[Result]]] = field(default_factory=list)
    working: int = 0
    is_called: bool = False
    lately: int = 0
    more: asyncio.Future[None] | None = None

    @property
    def wants_more(self) -> bool:
        """Whether a call of work is to begin."""
        return not self.is_called and (not self.working or (self.working < AT_ONCE and len(self.waiting) >= ENOUGH))

    @property
    def expects_more(self) -> bool:
        """Whether others are about to come: those who have just been answered together ask again together."""
        return len(self.waiting) < self.lately


class Together(Generic[Key, Item, Result]):
    """Gives `work` all that was asked under a key when its turn has come: who comes meanwhile is in the next turn.

    Shape   one call of work at a time for a key, of at most `most` items; it returns a result for each, in their
            order. Alone, one waits for nobody; under load each costs a fraction of a statement. A second call is made
            once ENOUGH wait: while one is written to disk, others are answered.
    Time    a call waits for those who were in the one before, though no longer than PAUSE_SECONDS: they were answered
            together, and each comes back with its next request a moment after the other. The first would otherwise be
            written alone, and all others wait for that. One who was alone waits for nobody.
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
        line = self._lines.get(key) or self._new_line(key)
        line.waiting.append((item, result))
        if line.more is not None and len(line.waiting) >= line.lately:
            _end(line.more)
        if line.wants_more:
            line.working, line.is_called = line.working + 1, True
            # It begins when the loop turns: those whose requests were read off the wire with this one are in it too.
            task = loop.create_task(self._empty(key, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await result

    def _new_line(self, key: Key) -> Line[Item, Result]:
        if len(self._lines) >= LINES_KNOWN:
            self._lines = {known: line for known, line in self._lines.items() if line.working}
        line = self._lines[key] = Line()
        return line

    async def _empty(self, key: Key, line: Line[Item, Result]) -> None:
        while True:
            if line.expects_more:
                await _gather(line)
            line.is_called = False
            together = line.waiting[: self._most]
            if not together:  # they were told already that the database is down
                break
            del line.waiting[: self._most]
            try:
                await self._answer(key, together)
            except Unavailable as error:
                _refuse([*together, *line.waiting], error)
                line.waiting.clear()
            line.lately = len(together)
            if line.is_called or not line.waiting:  # the other call takes those who wait
                break
            line.is_called = True
        line.working -= 1

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


async def _gather(line: Line[Any, Any]) -> None:
    """Wait until as many are there as were lately, or for PAUSE_SECONDS."""
    loop = asyncio.get_running_loop()
    line.more = loop.create_future()
    timer = loop.call_later(PAUSE_SECONDS, _end, line.more)
    await line.more
    timer.cancel()
    line.more = None


def _end(wait: asyncio.Future[None]) -> None:
    if not wait.done():
        wait.set_result(None)


def _refuse(together: Sequence[tuple[Any, asyncio.Future[Any]]], error: Exception) -> None:
    for _, waiting in together:
        if not waiting.done():
            waiting.set_exception(error)
