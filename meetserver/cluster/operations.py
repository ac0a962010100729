"""What operators see and do of shards and rooms, whichever shard they ask (`ports.Operations`)."""

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from meetserver.actors.pressure import Pressure
from meetserver.cluster.calls import Calls
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.owned import OwnedRooms
from meetserver.cluster.parcels import Order, Status, StatusQuestion
from meetserver.cluster.peers import Peers
from meetserver.cluster.placement import Members, Placement
from meetserver.errors import Conflict, NotFound, Refused, refused
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease, RoomLog, RoomStatus, ShardStatus


class ClusterOperations:
    """Implements `ports.Operations`. `drain_self` has this process end as at SIGTERM."""

    def __init__(
        self,
        store: RoomLog,
        members: Members,
        owned: OwnedRooms,
        placement: Placement,
        peers: Peers,
        calls: Calls,
        pressure: Pressure,
        drain_self: Callable[[], None],
    ) -> None:
        self._store = store
        self._members = members
        self._owned = owned
        self._placement = placement
        self._peers = peers
        self._calls = calls
        self._pressure = pressure
        self._drain_self = drain_self

    # --- ports.Operations

    async def shards(self) -> list[ShardStatus]:
        """A shard that does not answer is there with what its lease says."""
        statuses = {status.shard.id: status.shard for status in await self._statuses()}
        return [statuses.get(lease.shard) or _silent(lease) for lease in self._members.members]

    async def rooms(self) -> list[RoomStatus]:
        found = {room.id: room for status in await self._statuses() for room in status.rooms}
        for room, where in (await self._store.quarantined()).items():
            owner = where.owner or ShardId("")
            found[room] = RoomStatus(room, owner, where.epoch, 0, 0, 0, 0.0, is_quarantined=True)
        return [found[room] for room in sorted(found)]

    async def room(self, room: RoomId) -> RoomStatus:
        for status in await self.rooms():
            if status.id == room:
                return status
        raise NotFound("this room is not awake")

    async def drain(self, shard: ShardId) -> None:
        if shard not in {lease.shard for lease in self._members.members}:
            raise NotFound("there is no such shard")
        await self._order(Order("drain", RoomId(""), shard), shard)

    async def move(self, room: RoomId, shard: ShardId) -> None:
        await self._members.refresh()
        takers = {lease.shard for lease in self._members.members if not lease.is_draining}
        if shard not in takers:
            raise Conflict(f"{shard} takes no rooms")
        owner = await self._owner(room)
        if owner != shard:
            await self._order(Order("move", room, shard), owner)

    async def sleep(self, room: RoomId) -> None:
        await self._order(Order("sleep", room, self._members.shard), await self._owner(room))

    async def quarantine(self, room: RoomId) -> None:
        """First in the database, so that nobody starts it again."""
        await self._store.quarantine(room, on=True)
        owner = await self._placement.owner(room)
        if owner is not None:
            await self._order(Order("rest", room, owner), owner)

    async def release(self, room: RoomId) -> None:
        await self._store.quarantine(room, on=False)

    # --- other shards

    async def _statuses(self) -> list[Status]:
        others = [self._status_of(lease.shard) for lease in self._members.members if lease.shard != self._members.shard]
        found = await asyncio.gather(*others)
        return [self._own_status(), *(status for status in found if status is not None)]

    async def _status_of(self, shard: ShardId) -> Status | None:
        try:
            answer = await self._calls.ask(self._peers.link(shard), StatusQuestion())
        except Refused:
            return None
        return msgspec.msgpack.decode(answer.data, type=Status)

    async def _owner(self, room: RoomId) -> ShardId:
        owner = await self._placement.owner(room)
        if owner is None:
            raise NotFound("this room is not awake")
        return owner

    async def _order(self, order: Order, shard: ShardId) -> None:
        if shard == self._members.shard:
            await self._carry_out(order)
            return
        answer = await self._calls.ask(self._peers.link(shard), order)
        if answer.refusal is not None:
            raise refused(answer.refusal)

    # --- this one

    async def answer(self, asked: StatusQuestion | Order) -> Status | None:
        """To another shard."""
        match asked:
            case StatusQuestion():
                return self._own_status()
            case Order():
                await self._carry_out(asked)
                return None

    async def _carry_out(self, order: Order) -> None:
        if order.what == "drain":
            self._drain_self()
            return
        ref = self._owned.get(order.room)
        if ref is None:
            raise NotFound("this room is not awake")
        match order.what:
            case "move":
                await self._owned.hand_over(ref, order.shard)
            case "rest":
                await self._owned.hand_over(ref, None, reason="quarantined")
            case _:
                await self._owned.hand_over(ref, None)

    def _own_status(self) -> Status:
        lease = next(lease for lease in self._members.members if lease.shard == self._members.shard)
        pressure, refs = self._pressure, self._owned.all()
        shard = ShardStatus(
            id=lease.shard,
            address=lease.address,
            is_draining=lease.is_draining,
            weight=lease.weight,
            rooms=len(refs),
            members=pressure.members,
            level=pressure.level,
            loop_lag_ms=round(pressure.loop_lag_s * 1000, 1),
            commit_lag_ms=round(pressure.commit_lag_s * 1000, 1),
        )
        return Status(shard, _room_statuses(lease.shard, refs))


def _room_statuses(shard: ShardId, refs: Iterable[LocalRef]) -> list[RoomStatus]:
    return [
        RoomStatus(
            id=ref.room,
            owner=shard,
            epoch=ref.actor.epoch,
            seq=ref.actor.state.seq,
            members=len(ref.actor.attendance),
            mailbox=ref.actor.backlog,
            commit_lag_ms=round(ref.actor.commit_age_s * 1000, 1),
        )
        for ref in refs
    ]


def _silent(lease: Lease) -> ShardStatus:
    return ShardStatus(lease.shard, lease.address, lease.is_draining, lease.weight, 0, 0, 0, 0.0, 0.0)
