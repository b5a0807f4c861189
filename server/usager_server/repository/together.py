"""Doing together what is asked at once: requests that run side by side share a statement, and a flush to disk."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from usager_server.errors import Unavailable

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Key, Item, Result]):
    """Gives `work` all that was asked under a key when its turn has come: who comes meanwhile is in the next turn.

    Shape   one call of work at a time for a key, of at most `most` items; it returns a result for each, in their
            order. Alone, one waits for nobody; under load each costs a fraction of a statement.
    Errors  those of work, told to each who was in it. Of several that fail together each is tried alone, so that what
            is wrong with one harms no other; not so when the database does not answer.
    """

    def __init__(self, work: Callable[[Key, Sequence[Item]], Awaitable[Sequence[Result]]], *, most: int) -> None:
        self._work, self._most = work, most
        self._queues: dict[Key, list[tuple[Item, asyncio.Future[Result]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def done(self, key: Key, item: Item) -> Result:
        """Return the result of an item."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Result] = loop.create_future()
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = []
            # It begins when the loop turns: those whose requests were read off the wire with this one are in it too.
            task = loop.create_task(self._empty(key, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        queue.append((item, result))
        return await result

    async def _empty(self, key: Key, queue: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        while queue:
            together = queue[: self._most]
            del queue[: self._most]
            await self._answer(key, together)
        del self._queues[key]

    async def _answer(self, key: Key, together: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work(key, [item for item, _ in together])
        except Exception as error:
            if len(together) > 1 and not isinstance(error, Unavailable):
                for one in together:
                    await self._answer(key, [one])
                return
            for _, waiting in together:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), result in zip(together, results, strict=True):
            if not waiting.done():  # else its client has gone
                waiting.set_result(result)
