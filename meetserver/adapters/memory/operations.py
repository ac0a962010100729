"""ports.Operations over shards and rooms that are only numbers."""

from collections.abc import Iterable

from msgspec.structs import replace

from meetserver.errors import Conflict, NotFound, Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import RoomStatus, ShardStatus


class MemoryOperations:
    """Change `shard_statuses` and `room_statuses` as a cluster would; `deaf` shards do not answer."""

    def __init__(self, shards: Iterable[ShardStatus] = (), rooms: Iterable[RoomStatus] = ()) -> None:
        self.shard_statuses = {shard.id: shard for shard in shards}
        self.room_statuses = {room.id: room for room in rooms}
        self.deaf: set[ShardId] = set()

    async def shards(self) -> list[ShardStatus]:
        return [self.shard_statuses[shard] for shard in sorted(self.shard_statuses)]

    async def rooms(self) -> list[RoomStatus]:
        rooms = (self.room_statuses[room] for room in sorted(self.room_statuses))
        return [room for room in rooms if room.owner not in self.deaf]

    async def room(self, room: RoomId) -> RoomStatus:
        return self._answering(room)

    async def drain(self, shard: ShardId) -> None:
        status = self._shard(shard)
        self._hear(shard)
        self.shard_statuses[shard] = replace(status, is_draining=True)

    async def move(self, room: RoomId, shard: ShardId) -> None:
        status = self._answering(room)
        target = self.shard_statuses.get(shard)
        if target is None or target.is_draining:
            raise Conflict(f"{shard} takes no rooms")
        self._hear(shard)
        self.room_statuses[room] = replace(status, owner=shard, epoch=status.epoch + 1)

    async def sleep(self, room: RoomId) -> None:
        del self.room_statuses[self._answering(room).id]

    async def quarantine(self, room: RoomId) -> None:
        self.room_statuses[room] = replace(self._answering(room), is_quarantined=True, members=0, mailbox=0)

    async def release(self, room: RoomId) -> None:
        if self._answering(room).is_quarantined:
            del self.room_statuses[room]

    def _shard(self, shard: ShardId) -> ShardStatus:
        if shard not in self.shard_statuses:
            raise NotFound("there is no such shard")
        return self.shard_statuses[shard]

    def _answering(self, room: RoomId) -> RoomStatus:
        if room not in self.room_statuses:
            raise NotFound("this room is not awake")
        status = self.room_statuses[room]
        self._hear(status.owner)
        return status

    def _hear(self, shard: ShardId) -> None:
        if shard in self.deaf:
            raise Unavailable(f"{shard} does not answer", retry_after_s=1)
