"""A room of this process, by whatever actor runs it just now: it may crash, sleep and start again behind this."""

from typing import Any

from meetserver.actors.room import RoomActor
from meetserver.ids import RoomId


class LocalRef:
    """`is_replaced`: its actor is not the one that it began with."""

    def __init__(self, room: RoomId, actor: RoomActor) -> None:
        self.room = room
        self.actor = actor
        self.is_replaced = False

    def replace(self, actor: RoomActor) -> None:
        self.actor = actor
        self.is_replaced = True

    def tell(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.actor.tell(message)

    def tell_control(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.actor.tell_control(message)
