"""Whether a wish is out of the question whatever it says: asks the access table, and the meeting's switches.

Internal commands have no row in the table: only the server makes them.
"""

from collections.abc import Mapping
from typing import Final

from meetserver.access import COMMANDS, may
from meetserver.errors import Refusal
from meetserver.ids import SERVER
from meetserver.messages import Command, Context
from meetserver.rooms.members import MODERATORS
from meetserver.rooms.messages import Configure, Erase, Expire, Join, Leave
from meetserver.rooms.state import RoomState, waits

_SWITCHED: Final[Mapping[str, str]] = {
    "chat.send": "chat",
    "chat.edit": "chat",
    "chat.react": "chat",
    "chat.pin": "chat",
    "chat.typing": "chat",
    "e2ee.publish": "e2ee",
    "e2ee.share": "e2ee",
    "pointer.move": "whiteboard",
    **{type_: "whiteboard" for type_ in COMMANDS if type_.startswith("whiteboard.")},
}
"""Commands that a meeting's setting of this name turns off."""

_SAYING: Final = frozenset({"chat.send", "chat.edit", "chat.typing"})
"""Commands for hosts and cohosts alone where `chat_mode` is "hosts"."""


_FIELDS: Final[Mapping[str, list[str]]] = {
    type_: [row.partition(":")[2] for row in COMMANDS if row.startswith(f"{type_}:")] for type_ in COMMANDS
}
"""Fields of a command with a row of their own."""


def refusal(state: RoomState, command: Command, ctx: Context) -> Refusal | None:
    """Why this wish is out of the question whatever it says; None: its reducer decides."""
    if isinstance(command, Leave | Erase | Expire):
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
    if command.type in _SAYING and state.rules.chat_mode == "hosts" and ctx.role not in MODERATORS:
        return Refusal("forbidden", "only hosts write in this meeting's chat")
    if command.type.startswith("whiteboard.") and not _draws(state, ctx):
        return Refusal("forbidden", "only some people draw in this meeting")
    return None


def _draws(state: RoomState, ctx: Context) -> bool:
    mode = state.rules.whiteboard_mode
    if mode == "all" or ctx.role in MODERATORS:
        return True
    who = state.participants.get(ctx.by)
    return mode == "some" and who is not None and who.may_draw


def _rows(command: Command) -> list[str]:
    sent = [field for field in _FIELDS.get(command.type, ()) if getattr(command, field)]
    return [command.type, *(f"{command.type}:{field}" for field in sent)]
