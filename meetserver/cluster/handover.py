"""Gives rooms to whom the ring wants when shards come, go or drain; takes those that a dead shard left; and the end of
it all at SIGTERM.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.close_codes import DRAIN
from meetserver.cluster import ring
from meetserver.cluster.owned import OwnedRooms
from meetserver.cluster.placement import Members, Placement
from meetserver.errors import MeetError
from meetserver.framing import text_frame
from meetserver.ids import RoomId, ShardId
from meetserver.ports import RoomLog
from meetserver.rooms.frames import Drain
from meetserver.wire import ephemeral_frame

log = logging.getLogger(__name__)


class Handover:
    """`edges` answers the edges of this process; `follow` has links follow the members."""

    def __init__(
        self,
        store: RoomLog,
        members: Members,
        owned: OwnedRooms,
        placement: Placement,
        background: Background,
        *,
        edges: Callable[[], list[EdgeRoom]],
        follow: Callable[[], None],
    ) -> None:
        self._store = store
        self._members = members
        self._owned = owned
        self._placement = placement
        self._background = background
        self._edges = edges
        self._follow = follow
        self._has_changed = asyncio.Event()
        self.is_draining = False

    async def start(self) -> int:
        """Load the rooms that somebody may come back to, or must be seen to leave, and that nobody has; how many.
        Raises Unavailable."""
        self._members.on_change.append(self._changed)
        adopted = await self._adopt()
        self._background.start(self._run())
        return adopted

    def _changed(self) -> None:
        self._follow()
        self._has_changed.set()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._has_changed.wait(), limits.EPOCHS_CHECK_S)
            is_changed = self._has_changed.is_set()
            self._has_changed.clear()
            try:
                # Also when nothing has: another may take a room from here just after this one looked.
                await self._owned.check_epochs()
                if is_changed:
                    await self._settle()
            except MeetError as error:
                log.warning("action=rooms_not_settled error=%s", error)
                await asyncio.sleep(limits.SEEK_PAUSE_S)
                self._has_changed.set()

    async def _settle(self) -> None:
        """After the shards changed: what is others' goes, what nobody has comes."""
        if not self.is_draining:
            await self._give(self._wanted_elsewhere())
            await self._adopt()

    def _wanted_elsewhere(self) -> dict[RoomId, ShardId]:
        """By the shards alone: how busy each is just now decides about new rooms, and moves none."""
        equals = [replace(lease, weight=1.0) for lease in self._members.members]
        wanted = {}
        for ref in self._owned.all():
            shard = ring.owner(ref.room, equals)
            if shard is not None and shard != self._members.shard:
                wanted[ref.room] = shard
        return wanted

    async def _give(self, rooms: dict[RoomId, ShardId]) -> None:
        if not rooms:
            return
        log.info("action=handing_over rooms=%d", len(rooms))
        refs = [ref for room in rooms if (ref := self._owned.get(room)) is not None]
        await asyncio.gather(*(self._owned.hand_over(ref, rooms[ref.room]) for ref in refs))

    async def _adopt(self) -> int:
        """Those with open sessions whose owner is not alive, and that belong here."""
        alive = {lease.shard for lease in self._members.members} - {self._members.shard}
        adopted = 0
        for room, owner in await self._store.rooms_with_sessions():
            if owner in alive or self._owned.get(room) is not None:
                continue
            if owner == self._members.shard or self._placement.candidate(room) == self._members.shard:
                await self._owned.start(room)
                adopted += 1
        return adopted

    # --- the end

    async def drain(self) -> None:
        """Hand the rooms over, close all sockets, let the rooms that nobody takes finish and save themselves; after
        `limits.DRAIN_S` go without them. Once."""
        if self.is_draining:
            return
        self.is_draining = self._owned.is_closing = True
        try:
            async with asyncio.timeout(limits.DRAIN_S):
                await self._drain()
        except TimeoutError:
            log.error("action=drain_timed_out rooms=%s", ",".join(ref.room for ref in self._owned.all()))

    async def _drain(self) -> None:
        await self._members.drain()
        has_others = any(not lease.is_draining for lease in self._members.members)
        if has_others:
            await self._give(self._wanted_elsewhere())
        await self._close_sockets(limits.DRAIN_BACK_AT_ONCE_MS if has_others else limits.DRAIN_BACK_LATER_MS)
        await asyncio.gather(*(self._owned.hand_over(ref, None) for ref in self._owned.all()))

    async def _close_sockets(self, retry_after_ms: int) -> None:
        edges = self._edges()
        sessions = sum(len(edge) for edge in edges)
        spread_s = min(limits.DRAIN_SPREAD_S, sessions / limits.DRAIN_SESSIONS_PER_S)
        farewell = text_frame(ephemeral_frame(Drain(retry_after_ms=retry_after_ms)))
        for edge in edges:
            await asyncio.sleep(spread_s * len(edge) / max(1, sessions) if spread_s > 0.1 else 0)
            edge.close_all(None, code=DRAIN, farewell=farewell)
