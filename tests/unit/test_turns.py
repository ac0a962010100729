"""Long work in turns: it comes to the same as at once, and others get theirs meanwhile."""

import asyncio
from collections.abc import Iterator

from meetserver import limits
from meetserver.turns import Turns, at_once, in_turns, paced


def counting(turns: int) -> Turns[int]:
    for _ in range(turns):
        yield
    return turns


def test_at_once_there_is_nobody_to_wait_for() -> None:
    assert at_once(counting(3)) == 3


class Others:
    """Everybody else on the loop; `had` turns so far."""

    def __init__(self) -> None:
        self.had = 0

    async def go_on(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.had += 1


async def others_during(work: asyncio.Future[object] | asyncio.Task[object]) -> int:
    others = Others()
    task = asyncio.create_task(others.go_on())
    await work
    task.cancel()
    return others.had


def lasting(turns: int, turn_s: float) -> Turns[int]:
    """Each turn takes so long."""
    time = asyncio.get_running_loop().time
    for _ in range(turns):
        until = time() + turn_s
        while time() < until:
            pass
        yield
    return turns


async def test_others_have_a_turn_after_each_that_was_long() -> None:
    work = asyncio.create_task(in_turns(lasting(4, limits.TURN_S * 1.1)))

    assert await others_during(work) >= 4
    assert work.result() == 4


async def test_pieces_come_whole_and_in_order_and_others_go_on_between_them() -> None:
    def pieces() -> Iterator[bytes]:
        for number, _ in enumerate(lasting(4, limits.TURN_S * 1.1)):
            yield b"%d" % number
            yield b""

    async def joined() -> list[bytes]:
        return [piece async for piece in paced(pieces())]

    work = asyncio.create_task(joined())

    assert await others_during(work) >= 3
    assert work.result() == [b"0", b"1", b"2", b"3"]
