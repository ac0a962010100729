"""What is said goes into the index soon after, room by room."""

import asyncio

import pytest

from meetserver import limits
from meetserver.actors.indexing import Indexing
from meetserver.chat.messages import Deleted, Edited, Reacted, Sent
from meetserver.errors import Unavailable
from meetserver.ids import ParticipantId, RoomId

ROOM, OTHER = RoomId("room"), RoomId("other")
HELLO = Sent("1-k", "Ann", "hello")


class Indexer:
    def __init__(self) -> None:
        self.followed: list[RoomId] = []
        self.has_been = asyncio.Event()
        self.is_away = False

    async def follow(self, room: RoomId) -> None:
        self.followed.append(room)
        self.has_been.set()
        if self.is_away:
            raise Unavailable("the database is away")

    async def was_asked(self, *rooms: RoomId) -> bool:
        async with asyncio.timeout(10):
            while len(self.followed) < len(rooms):
                await self.has_been.wait()
                self.has_been.clear()
        return self.followed == [*rooms]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INDEX_GATHER_S", 0)


async def test_what_is_said_about_messages_wakes_it_once_for_each_room() -> None:
    indexer = Indexer()
    indexing = Indexing(indexer)
    indexing.on_fact(OTHER, Reacted("1-k", "x", True, ParticipantId("ann")), None)
    for event in (HELLO, Edited("1-k", "bye"), Deleted("1-k")):
        indexing.on_fact(ROOM, event, None)
    indexing.soon(OTHER)
    assert await indexer.was_asked(ROOM, OTHER)
    await indexing.close()


async def test_a_room_that_cannot_be_followed_now_is_left_to_the_sweep() -> None:
    indexer = Indexer()
    indexing = Indexing(indexer)
    indexer.is_away = True
    indexing.soon(ROOM)
    assert await indexer.was_asked(ROOM)
    indexer.is_away = False
    indexing.soon(OTHER)
    assert await indexer.was_asked(ROOM, OTHER)
    await indexing.close()


async def test_only_so_many_rooms_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INDEX_WAITING", 2)
    indexer = Indexer()
    indexing = Indexing(indexer)
    for name in ("1", "2", "3"):
        indexing.soon(RoomId(name))
    assert await indexer.was_asked(RoomId("1"), RoomId("2"))
    await indexing.close()
    assert len(indexer.followed) == 2
