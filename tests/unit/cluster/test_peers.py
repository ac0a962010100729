"""The links of shards that come and go."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from meetserver import limits
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.memory.clock import LoopClock
from meetserver.cluster.link import Link
from meetserver.cluster.parcels import Detach, Parcel
from meetserver.cluster.peers import Peers, inbox_of
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease
from tests.simulation.virtual_time import run_virtual

A, B = (Lease(ShardId(name), "1", datetime(9999, 1, 1, tzinfo=UTC)) for name in "ab")


class Shard:
    """Implements `peers.Members` and `peers.Upper`."""

    def __init__(self, lease: Lease, buses: list[MemoryBus], *members: Lease) -> None:
        self.shard = lease.shard
        self.members = members
        self.bus = MemoryBus(buses)
        self.peers = Peers(self.bus, self, LoopClock())
        self.rooms: list[tuple[RoomId, int, int]] = []
        self.had: list[Parcel] = []
        self.resets = 0
        self.compared: list[tuple[list[tuple[RoomId, int, int]], bool]] = []

    def link_up(self, link: Link) -> None:
        """It is seen in `peers.up`."""

    def link_reset(self, link: Link) -> None:
        self.resets += 1

    def link_has(self, link: Link, parcel: Parcel) -> None:
        self.had.append(parcel)
        if parcel == Detach(RoomId("bad")):
            raise ZeroDivisionError

    def link_compares(self, link: Link, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None:
        self.compared.append((rooms, is_whole))

    def rooms_of(self, peer: ShardId) -> list[tuple[RoomId, int, int]]:
        return self.rooms


def play(scene: Callable[[Shard, Shard], Awaitable[None]]) -> None:
    async def run() -> None:
        buses: list[MemoryBus] = []
        a, b = Shard(A, buses, A, B), Shard(B, buses, A, B)
        for shard in (a, b):
            await shard.peers.start(shard)
        await asyncio.sleep(2)
        await scene(a, b)
        for shard in (a, b):
            await shard.peers.close()

    run_virtual(run())


def link(shard: Shard, peer: Lease) -> Link:
    found = shard.peers.link(peer.shard)
    assert found is not None
    return found


def test_shards_that_live_have_links_that_stay_up() -> None:
    async def scene(a: Shard, b: Shard) -> None:
        assert a.peers.up == [link(a, B)]
        await asyncio.sleep(10 * limits.LINK_SILENCE_S)
        assert b.peers.up == [link(b, A)]
        assert (a.resets, b.resets) == (0, 0)

    play(scene)


def test_what_one_turn_says_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(a: Shard, b: Shard) -> None:
        published: list[str] = []
        publish = a.bus.publish

        async def noted(channel: str, message: bytes) -> None:
            published.append(channel)
            await publish(channel, message)

        await asyncio.sleep(0.5)
        monkeypatch.setattr(a.bus, "publish", noted)
        parcels = [Detach(RoomId(str(number))) for number in range(50)]
        for parcel in parcels:
            link(a, B).send(parcel)
        await asyncio.sleep(0.001)
        assert published == [inbox_of(B.shard)]
        assert b.had == parcels

    play(scene)


def test_one_parcel_s_trouble_is_not_the_others() -> None:
    async def scene(a: Shard, b: Shard) -> None:
        for name in ("bad", "good"):
            link(a, B).send(Detach(RoomId(name)))
        await asyncio.sleep(0.1)
        assert b.had == [Detach(RoomId("bad")), Detach(RoomId("good"))]

    play(scene)


def test_a_member_that_is_gone_has_no_link_and_one_that_comes_back_has() -> None:
    async def scene(a: Shard, b: Shard) -> None:
        gone = link(a, B)
        a.members = (A,)
        a.peers.follow()
        assert (a.peers.link(B.shard), a.resets, gone.is_up) == (None, 1, False)
        await asyncio.sleep(limits.LINK_SILENCE_S + 1)
        assert (b.peers.up, b.resets) == ([], 1)
        a.members = (A, B)
        a.peers.follow()
        await asyncio.sleep(2)
        assert a.peers.up == [link(a, B)]
        assert b.peers.up == [link(b, A)]

    play(scene)


def test_what_is_no_packet_or_nobody_s_is_left() -> None:
    async def scene(a: Shard, b: Shard) -> None:
        await a.bus.publish(inbox_of(B.shard), b"\xc1nonsense")
        stranger = Link(ShardId("c"), B.shard, a.peers, lambda: 1, lambda: 0.0)
        await a.bus.publish(inbox_of(B.shard), stranger.exchange([], is_whole=True))
        await asyncio.sleep(1)
        assert b.peers.link(ShardId("c")) is None
        assert b.peers.up == [link(b, A)]

    play(scene)


@pytest.mark.parametrize("more", [0, 1])
def test_rooms_are_compared_all_at_once_up_to_a_number_and_then_in_turns(more: int) -> None:
    async def scene(a: Shard, b: Shard) -> None:
        a.rooms = [(RoomId(f"r{number}"), 1, number) for number in range(limits.LINK_EXCHANGE_ROOMS + more)]
        b.compared.clear()
        await asyncio.sleep(3 * limits.LINK_EXCHANGE_S)
        assert {is_whole for _, is_whole in b.compared} == {more == 0}
        assert {len(rooms) for rooms, _ in b.compared} == {limits.LINK_EXCHANGE_ROOMS}
        assert {room for rooms, _ in b.compared for room in rooms} == set(a.rooms)

    play(scene)
