"""Which sockets the watch ends, and when it asks."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any, cast

import pytest

from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import Hello
from meetserver.actors.session import Session
from meetserver.errors import NotFound, Refusal, Unavailable
from meetserver.http.session_watch import SessionWatch
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Command, Role
from meetserver.ports import RoomReply
from meetserver.rooms.messages import Leave


class FakeEdge:
    """Notes which links it closes."""

    room = RoomId("room")

    def __init__(self) -> None:
        self.ended: list[tuple[int, str]] = []

    def closed(self, link: int, refusal: Refusal) -> None:
        self.ended.append((link, refusal.code))


class World:
    """The database, the rooms and the edge, as the watch sees them."""

    def __init__(self) -> None:
        self.over: set[str] = set()
        self.is_away = False
        self.asked_for: list[set[str]] = []
        self._asked = asyncio.Event()
        self.left: list[Command] = []
        self.edge = FakeEdge()
        self.watch = SessionWatch(self.ended_among, cast(Any, self))

    async def ended_among(self, sessions: Collection[str]) -> set[str]:
        self.asked_for.append(set(sessions))
        self._asked.set()
        if self.is_away:
            raise Unavailable("the database cannot be reached")
        return self.over & set(sessions)

    async def ask(
        self, room: RoomId, command: Command, *, role: Role = "host", by: ParticipantId | None = None
    ) -> RoomReply | None:
        self.left.append(command)
        raise NotFound("there is nobody like that in the room")

    def socket(self, link: int, auth_session: str | None) -> Session:
        session = Session(link, cast(Any, None), cast(Any, None))
        session.hello = Hello(
            session=SessionId(f"s{link}"),
            participant=ParticipantId(f"p{link}"),
            name="Ann",
            role="host",
            after_seq=0,
            reply=b"",
            auth_session=auth_session,
        )
        self.watch.add(cast(EdgeRoom, self.edge), session)
        return session

    async def looked(self, times: int) -> None:
        async with asyncio.timeout(20):
            while len(self.asked_for) < times:
                self._asked.clear()
                await self._asked.wait()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("meetserver.limits.SESSION_WATCH_S", 0.02)
    world = World()
    world.watch.start()
    yield world
    await world.watch.close()


async def test_only_sockets_of_ended_sessions_end(world: World) -> None:
    world.socket(1, "ann")
    world.socket(2, "ann")
    world.socket(3, "ben")
    await world.looked(1)
    world.over.add("ann")
    await world.looked(len(world.asked_for) + 2)
    assert {link for link, _ in world.edge.ended} == {1, 2}
    assert {code for _, code in world.edge.ended} == {"unauthenticated"}
    assert Leave(ParticipantId("p1"), "signed_out") in world.left


async def test_who_comes_is_looked_at_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.looked(1)
    monkeypatch.setattr("meetserver.limits.SESSION_WATCH_S", 3600)
    await world.looked(2)  # the last of the short rounds
    world.over.add("ann")
    world.socket(1, "ann")
    await world.looked(3)
    assert world.asked_for[-1] == {"ann"}
    await asyncio.sleep(0)
    assert world.edge.ended == [(1, "unauthenticated")]


async def test_while_the_database_is_away_nobody_is_thrown_out(world: World) -> None:
    world.is_away = True
    world.over.add("ann")
    world.socket(1, "ann")
    await world.looked(3)
    assert world.edge.ended == []
    world.is_away = False
    await world.looked(len(world.asked_for) + 2)
    assert (1, "unauthenticated") in world.edge.ended


async def test_guests_and_who_has_gone_are_not_asked_about(world: World) -> None:
    world.socket(1, None)
    gone = world.socket(2, "ann")
    stays = world.socket(3, "ann")
    world.watch.remove(gone)
    await world.looked(len(world.asked_for) + 2)
    assert world.asked_for[-1] == {"ann"}
    world.watch.remove(stays)
    await world.looked(len(world.asked_for) + 2)
    assert world.asked_for[-1] == set()
