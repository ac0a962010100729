"""Who is alive, as simulations and unit tests have it."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec.structs import replace

from meetserver.ids import ShardId
from meetserver.ports import Lease

EVER = datetime(9999, 1, 1, tzinfo=UTC)


class Alone:
    """The membership of a process that is the only one."""

    shard = ShardId("shard")
    incarnation = "1"

    def __init__(self) -> None:
        self.members: tuple[Lease, ...] = (Lease(self.shard, self.incarnation, EVER),)
        self.on_change: list[Callable[[], None]] = []

    async def refresh(self) -> None:
        """Nobody comes."""

    async def drain(self) -> None:
        self.members = (replace(self.members[0], is_draining=True),)
