"""What a reducer sees and says: the bases of commands and events, and the context a wish comes in.

Names follow the protocol: a command is a wish (`chat.Send` = "chat.send"), an event a fact
(`chat.Sent` = "chat.sent"). Time and ids are in the context, so that reducers stay pure.
"""

from collections.abc import Callable, Container
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias

from msgspec import Struct

from meetserver.ids import ParticipantId, RoomId, SessionId, UserId

Role: TypeAlias = Literal["host", "cohost", "participant", "viewer"]


class Command(Struct, frozen=True, omit_defaults=True):
    """A wish. `type` is its name on the wire; one that is not `durable` skips the log."""

    type: ClassVar[str] = ""
    durable: ClassVar[bool] = False


class DurableCommand(Command, frozen=True):
    """A wish that changes durable state: it needs a txn and is answered after the commit."""

    durable: ClassVar[bool] = True


class Event(Struct, frozen=True, omit_defaults=True):
    """A fact in the room's log. Its fields are the event's `data` on the wire."""

    type: ClassVar[str] = ""
    version: ClassVar[int] = 1
    internal: ClassVar[bool] = False
    """Only the server may see it, and stands as its author."""

    def addressees(self) -> frozenset[ParticipantId] | None:
        """Who may see it, the sender aside; None is everybody."""
        return frozenset() if self.internal else None

    def subject(self) -> int | None:
        """The seq of the entry that this one is about, if it is about one."""
        return None

    def receipt(self) -> dict[str, str]:
        """What the ok reply holds beside `seq` and `at`."""
        return {}


class Ephemeral(Struct, frozen=True, omit_defaults=True):
    """A fact that need not last: no seq, may be dropped; of the same `coalesce` key the newest wins."""

    type: ClassVar[str] = ""

    def coalesce(self) -> str | None:
        """Key within its sender under which a newer one replaces one not sent yet; None: each counts."""
        return None


class Meta(Struct, frozen=True):
    """Where an event stands in the log: position, time and author."""

    epoch: int
    seq: int
    at: datetime
    by: ParticipantId


def no_keys(session: SessionId) -> tuple[str, ...]:
    """Nobody is known."""
    return ()


class Context(Struct, frozen=True):
    """Who wishes, and when. `id` is a fresh id for whatever the command makes; `keys_of` says what tells the person of
    a session from others; `found` is what was looked up for it: the old message that the command names, where the
    state does not know it any more (rooms/recall.py), or the files that it sends (actors/enclosing.py)."""

    room: RoomId
    by: ParticipantId
    session: SessionId
    role: Role
    name: str
    at: datetime
    id: str
    present: Container[ParticipantId]
    user: UserId | None = None
    keys_of: Callable[[SessionId], tuple[str, ...]] = no_keys
    found: Struct | None = None


class Tell(Struct, frozen=True):
    """An ephemeral fact on its way: to everyone but its author (`to` None), or to one session."""

    event: Ephemeral
    to: SessionId | None = None
    also_author: bool = False


Json: TypeAlias = Any
"""Whatever JSON can say; msgspec has no recursive aliases before Python 3.12."""
