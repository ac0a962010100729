"""Who owns what, how shards hear each other, and what operators see and do."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from meetserver.ids import RoomId, ShardId


class Lease(Struct, frozen=True):
    """A live process. One that drains hands its rooms over and gets none; `weight` is its share of new rooms: 1 a whole
    one, 0 none. `address` is http://host:port of this very process, for operators; "" when it did not say."""

    shard: ShardId
    incarnation: str
    expires_at: datetime
    is_draining: bool = False
    weight: float = 1.0
    address: str = ""


class LeaseStore(Protocol):
    """A row per live process, by the store's own clock. Leases serve liveness; safety is the room's fence."""

    async def acquire(self, shard: ShardId, incarnation: str, ttl_s: float, address: str = "") -> Lease:
        """Become this shard now; an older incarnation of it is superseded at once."""

    async def renew(
        self, shard: ShardId, incarnation: str, ttl_s: float, *, is_draining: bool = False, weight: float = 1.0
    ) -> bool:
        """False: the lease ran out or was superseded; start a new incarnation."""

    async def release(self, shard: ShardId, incarnation: str) -> None: ...

    async def live(self) -> list[Lease]:
        """Those that have not run out, by shard id."""

    async def mark_dead(self, shard: ShardId, incarnation: str) -> bool:
        """Before taking its rooms over: end the lease if it has run out. False: it lives."""


class Bus(Protocol):
    """Carries hints and live frames between processes, never the only copy of anything."""

    @property
    def is_up(self) -> bool:
        """Whether, as far as is known, what is published now goes out, and all that is subscribed to comes in."""

    async def publish(self, channel: str, message: bytes) -> None: ...

    async def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `handler` for each message from now on; the answer ends it. In order per publisher."""

    async def close(self) -> None: ...


class ShardStatus(Struct, frozen=True):
    """One live process. `weight` 1 takes its share of new rooms, 0 none; counts are its own, as of its last word."""

    id: ShardId
    address: str
    is_draining: bool
    weight: float
    rooms: int
    members: int
    level: int
    """0 calm … 3 sheds durable commands."""
    loop_lag_ms: float
    commit_lag_ms: float


class RoomStatus(Struct, frozen=True):
    """One room that is awake, or that rests in quarantine (`is_quarantined`, and then with no members)."""

    id: RoomId
    owner: ShardId
    epoch: int
    seq: int
    members: int
    mailbox: int
    """Commands that wait, decided or not."""
    commit_lag_ms: float
    """Age of the commit under way; 0 when there is none."""
    is_quarantined: bool = False


class Operations(Protocol):
    """What operators see and do, whichever shard they ask. Raises NotFound for a room that sleeps or a shard that is
    not live, Conflict for a shard that takes no rooms, Unavailable for a shard that does not answer."""

    async def shards(self) -> list[ShardStatus]: ...
    async def rooms(self) -> list[RoomStatus]:
        """Those that are awake, of all shards that answer, by id."""

    async def room(self, room: RoomId) -> RoomStatus: ...
    async def drain(self, shard: ShardId) -> None:
        """Have it hand its rooms over and end, as at SIGTERM."""

    async def move(self, room: RoomId, shard: ShardId) -> None:
        """Until the shards change next, the room is that one's."""

    async def sleep(self, room: RoomId) -> None:
        """Save it and let it go; whoever is in it wakes it again."""

    async def quarantine(self, room: RoomId) -> None:
        """Close it to everybody until it is released."""

    async def release(self, room: RoomId) -> None:
        """End its quarantine."""
