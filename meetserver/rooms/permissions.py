"""Whether a wish is out of the question whatever it says: asks the access table, and the meeting's switches.

Internal commands have no row in the table: only the server makes them.
"""

from collections.abc import Mapping
from typing import Final

from meetserver.access import may
from meetserver.errors import Refusal
from meetserver.ids import SERVER
from meetserver.messages import Command, Context
from meetserver.presence import messages as presence
from meetserver.rooms.messages import Configure, Erase, Join, Leave
from meetserver.rooms.state import RoomState, waits

_SWITCHED: Final[Mapping[str, str]] = {
    "chat.send": "chat",
    "chat.typing": "chat",
    "whiteboard.apply": "whiteboard",
    "whiteboard.preview": "whiteboard",
    "pointer.move": "whiteboard",
}
"""Commands that a meeting's setting of this name turns off."""


def refusal(state: RoomState, command: Command, ctx: Context) -> Refusal | None:
    """Why this wish is out of the question whatever it says; None: its reducer decides."""
    if isinstance(command, Leave | Erase):
        return None  # never wrong, not even after the end
    if state.ended:
        return Refusal("room_ended", "the meeting has ended")
    if isinstance(command, Join | Configure):
        return None
    if ctx.by not in state.participants and ctx.by != SERVER:
        if waits(state, ctx.by) is not None:
            return Refusal("waiting_room", "wait until you are let in")
        return Refusal("not_found", "you are not in this room")
    if not all(may([ctx.role], row) for row in _rows(command)):
        return Refusal("forbidden", f"a {ctx.role} may not do this")
    switch = _SWITCHED.get(command.type)
    if switch is not None and not getattr(state.rules, switch):
        return Refusal("forbidden", f"{switch} is turned off in this meeting")
    return None


def _rows(command: Command) -> list[str]:
    if not isinstance(command, presence.Set):
        return [command.type]
    sent = [field for field in ("audio", "video", "screen") if getattr(command, field)]
    return [command.type, *(f"{command.type}:{field}" for field in sent)]
