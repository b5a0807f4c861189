"""What is asked at once is done together; one who asks alone waits for nobody, and one who fails harms no other."""

import asyncio
from collections.abc import Sequence

import pytest

from usager_server.errors import Unavailable
from usager_server.repository import together
from usager_server.repository.together import LINES_KNOWN, Together


class Work:
    """Doubles numbers once it may, and notes which came together. Errors: ValueError on 13; Unavailable on 0."""

    def __init__(self, most: int = 10, *, may_end: bool = True) -> None:
        self.may_end = asyncio.Event()
        if may_end:
            self.may_end.set()
        self.calls: list[list[int]] = []
        self.together = Together[str, int, int](self.done, most=most)

    async def done(self, key: str, items: Sequence[int]) -> list[int]:
        """Return the doubles."""
        self.calls.append(list(items))
        await self.may_end.wait()
        if 0 in items:
            raise Unavailable("down")
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]

    async def asked(self, *items: int) -> list[int | BaseException]:
        """Ask for all of them at once."""
        return await asyncio.gather(*(self.together.done("k", item) for item in items), return_exceptions=True)


async def turns() -> None:
    """Let the loop turn until all that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_ask_at_once_share_a_call_and_those_who_come_meanwhile_the_next() -> None:
    work = Work(may_end=False)
    first = asyncio.create_task(work.asked(1, 2))
    await turns()
    second = asyncio.create_task(work.asked(3, 4))
    await turns()
    work.may_end.set()
    assert await first + await second == [2, 4, 6, 8]
    assert work.calls == [[1, 2], [3, 4]]


async def test_a_second_call_is_made_once_enough_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "ENOUGH", 5)
    work = Work(may_end=False)
    first = asyncio.create_task(work.asked(1))
    await turns()
    waiting = asyncio.create_task(work.asked(2, 3))
    await turns()
    assert work.calls == [[1]]
    enough = asyncio.create_task(work.asked(4, 5, 6))
    await turns()
    assert work.calls == [[1], [2, 3, 4, 5, 6]]
    work.may_end.set()
    assert await first + await waiting + await enough == [2, 4, 6, 8, 10, 12]


def pausing(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> Work:
    """Return work whose calls wait so long for those who were in the one before."""
    monkeypatch.setattr(together, "PAUSE_SECONDS", seconds)
    return Work()


async def test_those_who_were_answered_together_are_awaited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    work = pausing(monkeypatch, seconds=600)
    await work.asked(1, 2, 3)
    first_back = asyncio.create_task(work.asked(4))
    await turns()
    assert work.calls == [[1, 2, 3]]
    assert await work.asked(5, 6) + await first_back == [10, 12, 8]
    assert work.calls == [[1, 2, 3], [4, 5, 6]]


async def test_those_who_do_not_come_back_are_awaited_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    work = pausing(monkeypatch, seconds=0.001)
    await work.asked(1, 2)
    assert await work.asked(3) == [6]
    assert work.calls == [[1, 2], [3]]


async def test_one_who_is_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    work = pausing(monkeypatch, seconds=600)
    assert await work.asked(1) + await work.asked(2) == [2, 4]


async def test_a_call_whose_waiters_were_told_of_a_failure_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "ENOUGH", 2)
    work = pausing(monkeypatch, seconds=0.001)
    await work.asked(1, 2, 3)
    work.may_end.clear()
    failing = asyncio.create_task(work.asked(0, 4, 5))
    await turns()
    behind = asyncio.create_task(work.asked(6, 7))  # a second call is about to be, and expects a third
    await asyncio.sleep(0)
    work.may_end.set()
    assert {type(each) for each in await failing} == {Unavailable}
    await behind
    assert await work.asked(8) == [16]


async def test_only_so_many_keys_are_remembered() -> None:
    work = Work()
    for number in range(LINES_KNOWN + 1):
        await work.together.done(f"k{number}", number + 100)
    assert len(work.together._lines) == 1


async def test_a_call_holds_so_many_at_most() -> None:
    work = Work(most=2)
    assert await work.asked(1, 2, 3) == [2, 4, 6]
    assert work.calls == [[1, 2], [3]]


async def test_what_is_wrong_with_one_harms_no_other() -> None:
    work = Work()
    one, wrong, other = await work.asked(1, 13, 2)
    assert (one, other) == (2, 4) and isinstance(wrong, ValueError)
    assert work.calls == [[1, 13, 2], [1], [13], [2]]


async def test_a_database_that_is_down_is_not_asked_again_for_each() -> None:
    work = Work()
    assert [type(each) for each in await work.asked(1, 0, 2)] == [Unavailable] * 3
    assert len(work.calls) == 1


async def test_who_waits_for_a_database_that_is_down_is_told_with_the_others() -> None:
    work = Work(most=2, may_end=False)
    first = asyncio.create_task(work.asked(1, 0))
    await turns()
    behind = asyncio.create_task(work.asked(2, 3))
    await turns()
    work.may_end.set()
    assert [type(each) for each in await first + await behind] == [Unavailable] * 4
    assert work.calls == [[1, 0]]
    assert await work.asked(4) == [8]


async def test_one_who_goes_keeps_nobody_else_from_an_answer() -> None:
    work = Work(may_end=False)
    gone = asyncio.create_task(work.together.done("k", 1))
    stays = asyncio.create_task(work.together.done("k", 2))
    await turns()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    work.may_end.set()
    assert await stays == 4
    assert await work.asked(3) == [6]


async def test_different_keys_do_not_wait_for_each_other() -> None:
    work = Work()
    await asyncio.gather(work.together.done("a", 1), work.together.done("b", 2))
    assert work.calls == [[1], [2]]
