"""How many people are in rooms, wherever these run, for lists: each shard says it of its own every few seconds, and
whoever shows a list asks nobody. limits.OCCUPANCY_S says how late it may be.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from meetserver import limits
from meetserver.cache import keys
from meetserver.cache.cached import Cached
from meetserver.ids import RoomId, ShardId

People: TypeAlias = Mapping[RoomId, int]


class _Told(Struct, frozen=True):
    """By one shard, of its rooms that are not empty."""

    people: dict[RoomId, int]


class Occupancy:
    """`here` answers how many people are in the rooms of this shard, `shards` which ones live, this one among them."""

    def __init__(
        self, cached: Cached, me: ShardId, shards: Callable[[], Iterable[ShardId]], here: Callable[[], People]
    ) -> None:
        self._cached = cached
        self._me = me
        self._shards = shards
        self._here = here

    async def tell(self) -> None:
        """The other shards, for ever."""
        while True:
            people = {room: count for room, count in self._here().items() if count}
            await self._cached.publish(keys.occupancy(self._me), _Told(people))
            await asyncio.sleep(limits.OCCUPANCY_S)

    async def of(self, rooms: Iterable[RoomId]) -> dict[RoomId, int | None]:
        """None for a room that may be in a shard which has said nothing of late. Raises nothing."""
        told = await asyncio.gather(*(self._of_shard(shard) for shard in self._shards()))
        nowhere = None if None in told else 0
        return {room: next((people[room] for people in told if people and room in people), nowhere) for room in rooms}

    async def _of_shard(self, shard: ShardId) -> People | None:
        if shard == self._me:
            return self._here()
        told = await self._cached.read(keys.occupancy(shard), _Told, _nothing_else)
        return None if told is None else told.people


async def _nothing_else() -> None:
    """There is no other place to read it from."""
