"""An edge's way to the room's owner, wherever that is just now. It looks for the owner, attaches, and when the owner is
lost it does so again; what the edge says meanwhile is said again by then, as nothing of it has an answer.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from meetserver import limits
from meetserver.actors.edge import EdgeRoom, Owner
from meetserver.actors.envelopes import Detached
from meetserver.cluster import parcels
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.parcels import EndReason
from meetserver.cluster.remote_ref import RemoteRef
from meetserver.errors import NotFound, Refused, Unavailable
from meetserver.ids import RoomId, ShardId

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.01


class Resting(Unavailable):
    """The room is in quarantine."""


class Cluster(Protocol):
    """Where rooms are, and how to get there."""

    me: ShardId

    async def place(self, room: RoomId) -> ShardId:
        """Who owns the room, or should. Raises NotFound, Resting, Unavailable."""

    async def own(self, room: RoomId) -> LocalRef:
        """The room, running here. Raises Unavailable."""

    def link(self, shard: ShardId) -> Link | None: ...


class Elsewhere(Struct, frozen=True):
    """Not the owner, and why; who it is, if that is known."""

    reason: EndReason = "moved"
    owner: ShardId | None = None


class Way:
    """Implements `actors.edge.Owner` and `local_ref.Watcher`. `edge` is set by whoever makes both; `on_end` is told
    when there is nowhere to go: the room is "gone" or "quarantined"."""

    edge: EdgeRoom

    def __init__(self, room: RoomId, cluster: Cluster, on_end: Callable[[EdgeRoom, EndReason], None]) -> None:
        self._room = room
        self._cluster = cluster
        self._on_end = on_end
        self._owner: LocalRef | RemoteRef | None = None
        self._byes: list[Detached] = []
        self._answer: asyncio.Future[Elsewhere] | None = None
        self._attempt = 0
        self._hint: ShardId | None = None
        self._search: asyncio.Task[None] | None = None
        self._is_closed = False
        self._attached_at = 0.0
        self._compared_seq = 0

    @property
    def owner(self) -> LocalRef | RemoteRef | None:
        """None while it is being looked for."""
        return self._owner

    # --- actors.edge.Owner

    def tell(self, message: Any) -> None:
        if (owner := self._present()) is not None:
            owner.tell(message)
        elif isinstance(message, Detached):
            self._byes.append(message)

    def tell_control(self, message: Any) -> None:
        if (owner := self._present()) is not None:
            owner.tell_control(message)

    def _present(self) -> Owner | None:
        """A room that is being handed over hears no more, or it would never come to its end."""
        if isinstance(self._owner, LocalRef) and self._owner.is_ending:
            return None
        return self._owner

    # --- what becomes of the owner

    def owner_restarted(self) -> None:
        byes, self._byes = self._byes, []
        for message in byes:
            self.tell_control(message)
        self.edge.owner_restarted()

    def owner_ended(self, reason: EndReason, owner: ShardId | None) -> None:
        if reason in ("gone", "quarantined"):
            self._on_end(self.edge, reason)
        else:
            self.seek(owner, pause_s=limits.SEEK_PAUSE_S if reason == "stale" else 0)

    def attached(self, attempt: int, link: Link) -> None:
        """The owner took an Attach of ours: at once, as what it says next counts already."""
        if attempt == self._attempt and self._search is not None:
            self._search.cancel()
            self._search = None
            self._arrive(RemoteRef(self._room, link))

    def turned_away(self, attempt: int, answer: Elsewhere) -> None:
        """To an Attach of ours."""
        if attempt == self._attempt and self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def leads_over(self, link: Link) -> bool:
        return isinstance(self._owner, RemoteRef) and self._owner.link is link

    # --- comparing notes with an owner elsewhere

    def compare(self, epoch: int, seq: int) -> None:
        """The owner was there at this time. What was missing at the last comparison already does not come by itself."""
        applied = self.edge.applied
        if applied is not None and applied < self._compared_seq:
            self.edge.attached(epoch, self._compared_seq, [])
        self._compared_seq = seq

    def is_unknown(self) -> None:
        """The owner does not speak of the room: what is new may cross with that, what is old is a mistake."""
        if asyncio.get_running_loop().time() - self._attached_at > limits.LINK_SILENCE_S:
            log.warning("action=edge_unknown room=%s", self._room)
            self.seek()

    # --- looking for it

    def seek(self, hint: ShardId | None = None, *, pause_s: float = 0.0) -> None:
        """Look for the owner, first at `hint`, who is said to have the room now."""
        self._leave()
        if self._is_closed:
            return
        self._hint = hint
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Elsewhere(owner=hint))
        if self._search is None:
            self._search = asyncio.get_running_loop().create_task(self._look_for_owner(pause_s), name="way")

    def _leave(self) -> None:
        owner, self._owner = self._owner, None
        if isinstance(owner, LocalRef):
            owner.unwatch(self)

    async def _look_for_owner(self, pause_s: float) -> None:
        try:
            while (found := await self._try(pause_s)) is None:
                pause_s = FIRST_PAUSE_S if self._hint is not None else limits.SEEK_PAUSE_S
        except NotFound:
            self._search = None
            self._on_end(self.edge, "gone")
        except Resting:
            self._search = None
            self._on_end(self.edge, "quarantined")
        else:
            self._search = None
            self._arrive(found)

    async def _try(self, pause_s: float) -> LocalRef | None:
        """None: not yet. Where the owner is elsewhere, `attached` ends the search."""
        await asyncio.sleep(pause_s)
        hint, self._hint = self._hint, None
        try:
            shard = hint if hint is not None else await self._cluster.place(self._room)
            return await self._attach(shard, is_sent=hint is not None)
        except (NotFound, Resting):
            raise
        except Refused as error:
            log.info("action=owner_not_reached room=%s error=%s", self._room, error)
            return None

    async def _attach(self, shard: ShardId, *, is_sent: bool) -> LocalRef | None:
        if shard == self._cluster.me:
            return await self._cluster.own(self._room)
        link = self._cluster.link(shard)
        if link is None or not link.is_up:
            raise Unavailable(f"{shard} cannot be reached")
        self._attempt += 1
        self._answer = asyncio.get_running_loop().create_future()
        link.send(parcels.Attach(self._room, self._attempt, is_sent))
        try:
            answer = await asyncio.wait_for(self._answer, limits.LINK_EXCHANGE_S)
        except TimeoutError:
            raise Unavailable(f"{shard} does not answer") from None
        finally:
            self._answer = None
        if answer.reason == "gone":
            raise NotFound("there is no such room")
        if answer.reason == "quarantined":
            raise Resting("the room rests")
        self._hint = answer.owner
        return None

    def _arrive(self, owner: LocalRef | RemoteRef) -> None:
        self._owner, self._attempt = owner, self._attempt + 1
        self._attached_at = asyncio.get_running_loop().time()
        self._compared_seq = 0
        if isinstance(owner, LocalRef):
            owner.watch(self)
        self.owner_restarted()

    # --- the end

    def close(self) -> None:
        """Nobody is at the edge any more."""
        self._is_closed = True
        if isinstance(self._owner, RemoteRef):
            self._owner.link.send(parcels.Detach(self._room))
        self._leave()
        if self._search is not None:
            self._search.cancel()
