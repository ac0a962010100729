"""A room of east's, and people at west: over the link, through handovers and losses, to the end of it."""

import asyncio

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.cluster.parcels import Attach, NotOwner, Parcel
from meetserver.cluster.remote_ref import RemoteRef
from tests.simulation.person import Person
from tests.unit.cluster.houses import BOTH, ROOM, House, Shard, play

EAST, WEST = BOTH


async def there(house: House) -> tuple[Person, Person]:
    """Ann at east, where the room runs, and Bo at west."""
    ann, bo = await house.east.given("ann", role="host"), await house.west.given("bo")
    assert isinstance(house.west.router._ways[ROOM].owner, RemoteRef)
    return ann, bo


def runs_at(shard: Shard) -> bool:
    return shard.router.rooms.get(ROOM) is not None


def test_who_is_elsewhere_joins_says_and_hears() -> None:
    async def scene(house: House) -> None:
        ann, bo = await there(house)
        assert "ok" in await bo.ask(chat.Send(text="hi"))
        assert "ok" in await ann.ask(chat.Send(text="hello"))
        await asyncio.sleep(1)
        assert ann.seq == bo.seq == house.log.rooms[ROOM].last_seq
        assert not runs_at(house.west)

    play(scene)


def test_a_command_in_mid_handover_is_answered_once_by_the_successor() -> None:
    async def scene(house: House) -> None:
        ann, bo = await there(house)
        leaving = (replace(EAST, is_draining=True), WEST)
        ids = []
        for number in range(20):
            ids.append((bo, bo.command(chat.Send(text=f"b{number}"))))
            ids.append((ann, ann.command(chat.Send(text=f"a{number}"))))
            if number == 5:
                house.west.members.become(*leaving)
                house.east.members.become(*leaving)
            await asyncio.sleep(0.005)
        await asyncio.sleep(3)
        assert runs_at(house.west)
        assert not runs_at(house.east)
        assert all("ok" in person.replies[command] for person, command in ids)
        assert house.types().count("chat.sent") == 40
        assert "participant.left" not in house.types()

    play(scene)


def test_a_bye_said_while_the_owner_is_sought_reaches_it() -> None:
    async def scene(house: House) -> None:
        _, bo = await there(house)
        way = house.west.router._ways[ROOM]
        cy = await house.west.given("cy")
        assert cy._session is not None
        way.seek(pause_s=0.5)
        way.edge.detach(cy._session, bye=True)
        await asyncio.sleep(2)
        assert house.types()[-1] == "participant.left"
        assert "ok" in await bo.ask(chat.Send(text="still here"))

    play(scene)


def test_an_edge_attaches_anew_after_its_link_began_anew() -> None:
    async def scene(house: House) -> None:
        ann, bo = await there(house)
        link = house.west.router.link(house.east.name)
        assert link is not None
        command = bo.command(chat.Send(text="lost on its way"))
        link.reset("a test")
        await asyncio.sleep(3)
        assert "ok" in bo.replies[command]
        assert house.types().count("chat.sent") == 1
        assert ann.seq == bo.seq

    play(scene)


def test_a_cut_of_the_bus_loses_nothing() -> None:
    async def scene(house: House) -> None:
        ann, bo = await there(house)
        await house.west.bus.close()
        command = bo.command(chat.Send(text="into the dark"))
        assert "ok" in await ann.ask(chat.Send(text="are you there?"))
        await asyncio.sleep(limits.LINK_SILENCE_S + 1)
        house.west.peers.append(house.west.bus)
        await asyncio.sleep(4)
        assert "ok" in bo.replies[command]
        assert ann.seq == bo.seq == house.log.rooms[ROOM].last_seq

    play(scene)


def test_a_room_that_rests_is_closed_for_edges_elsewhere() -> None:
    async def scene(house: House) -> None:
        _, bo = await there(house)
        for _ in range(limits.RESTARTS):
            ref = house.east.router.rooms.get(ROOM)
            assert ref is not None
            ref.actor.fail(ZeroDivisionError())
            await asyncio.sleep(5)
        assert house.log.rooms[ROOM].is_quarantined
        assert bo.lost.is_set()
        assert ROOM not in house.west.router._ways

    play(scene)


def test_a_room_that_is_gone_ends_the_edges_that_seek_it() -> None:
    async def scene(house: House) -> None:
        _, bo = await there(house)
        house.log.delete(ROOM)
        house.west.router._ways[ROOM].seek(house.west.name)
        await asyncio.sleep(3)
        assert bo.lost.is_set()
        assert ROOM not in house.west.router._ways

    play(scene)


def test_comparing_notes_pulls_what_was_missed() -> None:
    async def scene(house: House) -> None:
        ann, bo = await there(house)
        way = house.west.router._ways[ROOM]
        durable, way.edge.durable = way.edge.durable, lambda frames: None  # type: ignore[method-assign]
        assert "ok" in await ann.ask(chat.Send(text="unheard"))
        await asyncio.sleep(0.1)
        way.edge.durable = durable  # type: ignore[method-assign]
        await asyncio.sleep(3 * limits.LINK_EXCHANGE_S)
        assert bo.seq == ann.seq == house.log.rooms[ROOM].last_seq

    play(scene)


def test_who_asks_the_wrong_shard_is_told_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(house: House) -> None:
        await there(house)
        back, there_ = house.west.router.link(EAST.shard), house.east.router.link(WEST.shard)
        assert back is not None
        assert there_ is not None
        answers: list[Parcel] = []
        monkeypatch.setattr(back, "send", answers.append)
        there_.send(Attach(ROOM, 7))
        await asyncio.sleep(0.1)
        assert answers == [NotOwner(ROOM, 7, "moved", EAST.shard)]
        assert not runs_at(house.west)

    play(scene)
