"""A room of this process, by whatever actor runs it just now: it may crash and start again behind this."""

import asyncio
from typing import Any, Protocol

from meetserver.actors.room import RoomActor
from meetserver.cluster.parcels import EndReason
from meetserver.ids import RoomId, ShardId


class Watcher(Protocol):
    """An edge, or its stand-in, that must know what becomes of the room."""

    def owner_restarted(self) -> None:
        """The room began anew: it needs to be told who is here, and what has no answer."""

    def owner_ended(self, reason: EndReason, owner: ShardId | None) -> None:
        """The room is not here any more, but with `owner`, if that is known."""


class LocalRef:
    """`is_replaced`: its actor is not the one that it began with. `successor`: whom the room is being handed
    to, and `reason` why."""

    def __init__(self, room: RoomId, actor: RoomActor) -> None:
        self.room = room
        self.actor = actor
        self.is_replaced = False
        self.is_ending = False
        self.successor: ShardId | None = None
        self.reason: EndReason = "moved"
        self.ended = asyncio.Event()
        self._watchers: dict[int, Watcher] = {}

    def replace(self, actor: RoomActor) -> None:
        self.actor = actor
        self.is_replaced = True

    def watch(self, watcher: Watcher) -> None:
        self._watchers[id(watcher)] = watcher

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.pop(id(watcher), None)

    @property
    def watchers(self) -> list[Watcher]:
        return list(self._watchers.values())

    def tell(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.actor.tell(message)

    def tell_control(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.actor.tell_control(message)
