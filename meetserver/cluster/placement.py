"""Where a room is, or should be: the database first, then the ring."""

from collections.abc import Callable
from typing import Protocol

from meetserver.cluster import ring
from meetserver.cluster.owned import OwnedRooms
from meetserver.cluster.way import Resting
from meetserver.errors import Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease, RoomLog


class Members(Protocol):
    """A membership, as far as rooms need it."""

    shard: ShardId
    members: tuple[Lease, ...]
    on_change: list[Callable[[], None]]

    async def refresh(self) -> None:
        """Look now who is alive."""

    async def drain(self) -> None:
        """Tell everybody that this one goes."""


class Placement:
    def __init__(self, store: RoomLog, members: Members, owned: OwnedRooms) -> None:
        self._store = store
        self._members = members
        self._owned = owned
        self.me = members.shard

    async def place(self, room: RoomId) -> ShardId:
        """Who owns the room: who the database names, if that one is alive; else who should. Raises NotFound, Resting,
        Unavailable."""
        if self._owned.get(room) is not None:
            return self.me
        where = await self._store.whereabouts(room)
        if where.is_quarantined:
            raise Resting("this room failed again and again and rests until an operator releases it")
        if where.owner in {lease.shard for lease in self._members.members if not lease.is_draining}:
            assert where.owner is not None
            return where.owner
        return self.candidate(room)

    def candidate(self, room: RoomId) -> ShardId:
        """Who should own it, whoever does. Raises Unavailable when all are about to stop."""
        chosen = ring.owner(room, self._members.members)
        if chosen is None:
            raise Unavailable("no server takes rooms just now", retry_after_s=1)
        return chosen

    async def owner(self, room: RoomId) -> ShardId | None:
        """Who runs it, as the database has it: this process may not have heard yet that another took it. None when it
        sleeps. Raises NotFound, Unavailable."""
        owner = (await self._store.whereabouts(room)).owner
        if owner == self.me:
            return None if self._owned.get(room) is None else owner
        return owner if owner in {lease.shard for lease in self._members.members} else None
