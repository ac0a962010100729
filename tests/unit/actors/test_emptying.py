"""Deleted messages leave the log right after the deletion."""

import asyncio

from meetserver import limits
from meetserver.actors.emptying import Emptying
from meetserver.chat.messages import Deleted, Edited
from meetserver.errors import Unavailable
from meetserver.ids import RoomId

ROOM, OTHER = RoomId("room"), RoomId("other")


class Emptier:
    def __init__(self) -> None:
        self.emptied: list[tuple[RoomId, list[int]]] = []
        self.gate = asyncio.Event()
        self.is_away = False

    async def empty(self, room: RoomId, seqs: list[int]) -> None:
        await self.gate.wait()
        if self.is_away:
            raise Unavailable("the database is away")
        self.emptied.append((room, seqs))


async def test_it_empties_what_was_deleted_and_nothing_else() -> None:
    emptier = Emptier()
    emptying = Emptying(emptier)
    for room, event in (
        (ROOM, Deleted("5-k")),
        (ROOM, Edited("6-k", "x")),
        (ROOM, Deleted("7-k")),
        (OTHER, Deleted("8-k")),
    ):
        emptying.on_fact(room, event, None)
    emptier.gate.set()
    await emptying.close()
    assert sorted(emptier.emptied) == [(OTHER, [8]), (ROOM, [5, 7])]


async def test_what_cannot_be_emptied_now_is_left_and_the_next_is_tried() -> None:
    emptier = Emptier()
    emptying = Emptying(emptier)
    emptier.is_away = True
    emptier.gate.set()
    emptying.on_fact(ROOM, Deleted("5-k"), None)
    await emptying.close()
    emptier.is_away = False
    emptying.on_fact(ROOM, Deleted("6-k"), None)
    await emptying.close()
    assert emptier.emptied == [(ROOM, [6])]


async def test_only_so_many_wait() -> None:
    emptier = Emptier()
    emptying = Emptying(emptier)
    for seq in range(1, limits.EMPTYING_WAITING + 3):
        emptying.on_fact(ROOM, Deleted(f"{seq}-k"), None)
    emptier.gate.set()
    await emptying.close()
    assert sum(len(seqs) for _, seqs in emptier.emptied) == limits.EMPTYING_WAITING
