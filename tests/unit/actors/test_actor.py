import asyncio
from typing import Any

import pytest

from meetserver.actors.actor import BATCH, Actor


class Listener(Actor):
    """Keeps what it hears; fails at "fail", ends at "end"."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []
        self.batches: list[int] = []

    def receive(self, message: Any) -> None:
        if message == "fail":
            raise ValueError("asked to")
        if message == "end":
            self.interrupt("asked to")
        self.heard.append(message)

    def after_batch(self) -> None:
        self.batches.append(len(self.heard))

    async def run(self) -> None:
        self.end = await self.awake()


async def test_messages_wait_until_it_is_awake_and_come_in_order() -> None:
    actor = Listener()
    for number in range(3):
        actor.tell(number)
    actor.tell("end")
    await actor.run()
    assert actor.heard == [0, 1, 2, "end"]
    assert actor.end == "asked to"


async def test_a_batch_is_bounded_so_that_the_loop_gets_its_turn() -> None:
    actor = Listener()
    for number in range(BATCH + 1):
        actor.tell(number)
    running = asyncio.create_task(actor.run())
    while len(actor.heard) <= BATCH:  # noqa: ASYNC110  (turns of the loop are what is tested)
        await asyncio.sleep(0)
    actor.tell("end")
    await running
    assert actor.batches == [BATCH, BATCH + 1]


async def test_what_a_handler_raises_ends_it() -> None:
    actor = Listener()
    actor.tell("fail")
    actor.tell("later")
    with pytest.raises(ValueError, match="asked to"):
        await actor.run()
    assert actor.mailbox.drain() == ["later"]
