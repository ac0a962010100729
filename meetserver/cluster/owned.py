"""The rooms that this process owns: starts their actors, keeps them running, and says when one has ended."""

import asyncio
import logging
from collections.abc import Callable

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.actors.envelopes import FromServer, OwnedElsewhere, Question, Stop
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.parcels import EndReason
from meetserver.errors import MeetError, NotFound, Refusal, Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import RoomLog

log = logging.getLogger(__name__)


class OwnedRooms:
    """`make_actor` makes a room's actor, not yet running."""

    def __init__(
        self, store: RoomLog, make_actor: Callable[[RoomId], RoomActor], supervisor: Supervisor, background: Background
    ) -> None:
        self._store = store
        self._make_actor = make_actor
        self._supervisor = supervisor
        self._background = background
        self._refs: dict[RoomId, LocalRef] = {}
        self._resting: set[RoomId] = set()
        self._handovers = asyncio.Semaphore(limits.HANDOVERS_AT_ONCE)
        self.is_closing = False

    def get(self, room: RoomId) -> LocalRef | None:
        """None where it does not run here, or is about to end."""
        ref = self._refs.get(room)
        return None if ref is None or ref.is_ending else ref

    def all(self) -> list[LocalRef]:
        return list(self._refs.values())

    async def start(self, room: RoomId) -> LocalRef:
        """The room, running here. Raises Unavailable while it ends here, or when this process is about to."""
        if (ref := self._refs.get(room)) is None:
            if self.is_closing:
                raise Unavailable("this server is about to stop", retry_after_s=1)
            if room in self._resting:
                raise Unavailable("this room failed again and again and rests until an operator releases it")
            ref = self._refs[room] = LocalRef(room, self._make_actor(room))
            await self._supervisor.keep(
                f"room {room}",
                lambda: None if ref.is_ending and ref.is_replaced else ref.actor,
                on_crash=lambda _: self._replace_actor(ref),
                on_end=lambda is_quarantined: self._ended(ref, is_quarantined),
            )
        if ref.is_ending:
            raise Unavailable("the room is being handed over", retry_after_s=limits.SEEK_PAUSE_S)
        return ref

    def _replace_actor(self, ref: LocalRef) -> None:
        """At once, though it may have to wait before it runs: what is sent meanwhile is in its mailbox."""
        self._answer_rest(ref, Unavailable("the room has just failed", retry_after_s=1).refusal)
        ref.replace(self._make_actor(ref.room))
        for watcher in ref.watchers:
            watcher.owner_restarted()

    @staticmethod
    def _answer_rest(ref: LocalRef, refusal: Refusal) -> None:
        """Services wait for an answer; what sockets sent, their edge sends again."""
        for message in ref.actor.rest():
            if isinstance(message, FromServer | Question):
                ref.actor.refuse(message, refusal)

    def _ended(self, ref: LocalRef, is_quarantined: bool) -> None:
        self._answer_rest(ref, Unavailable("the room has just stopped", retry_after_s=1).refusal)
        if is_quarantined:
            self._resting.add(ref.room)
            self._background.start(self._write_down_rest(ref.room))
        self._refs.pop(ref.room, None)
        ref.is_ending = True
        ref.ended.set()
        reason = "quarantined" if is_quarantined else _reason(ref)
        for watcher in ref.watchers:
            watcher.owner_ended(reason, ref.successor)

    async def _write_down_rest(self, room: RoomId) -> None:
        """From then on it rests wherever it is asked for; until then, here at least."""
        while True:
            try:
                await self._store.quarantine(room, on=True)
                break
            except NotFound:
                break
            except MeetError as error:
                log.warning("action=quarantine_not_stored room=%s error=%s", room, error)
                await asyncio.sleep(limits.SEEK_PAUSE_S)
        self._resting.discard(room)

    # --- giving rooms up

    async def hand_over(self, ref: LocalRef, successor: ShardId | None, *, reason: EndReason = "moved") -> None:
        """Have the room finish what is under way and let it go, for the successor, or whoever wants it next."""
        async with self._handovers:
            await ref.actor.snapshots.before_handover()
            if not ref.is_ending:
                ref.is_ending = True
                ref.successor, ref.reason = successor, reason
                ref.tell_control(Stop())
            await ref.ended.wait()

    async def check_epochs(self) -> None:
        """Rooms that another has taken end here, as this process was as good as dead for a while. Raises
        Unavailable."""
        if not self._refs:
            return
        epochs = await self._store.epochs([ref.room for ref in self.all()])
        for ref in self.all():
            if epochs.get(ref.room, 0) > ref.actor.epoch > 0:
                ref.tell_control(OwnedElsewhere())


def _reason(ref: LocalRef) -> EndReason:
    match ref.actor.end:
        case "gone":
            return "gone"
        case "stale":
            return "stale"
        case "idle":
            return "slept"
        case _:
            return ref.reason
