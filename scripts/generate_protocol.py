"""The tables of docs/protocol.md, from the types that decode the frames and the routes that answer."""

import re
from typing import get_args

from msgspec import Struct

from meetserver.access import COMMANDS
from meetserver.chat import messages as chat
from meetserver.client.backoff import NextStep, next_step
from meetserver.close_codes import CLOSE_CODES, NORMAL, REASONS
from meetserver.e2ee.state import Share
from meetserver.errors import _BY_CODE, Code
from meetserver.http.errors import STATUS
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES
from meetserver.messages import Command, DurableCommand, Ephemeral
from meetserver.presence.messages import Pen
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms import catalog, frames
from meetserver.rooms import messages as rooms
from meetserver.rooms.chat_view import Absent, ChatPage
from meetserver.rooms.views import Board, Keys, Link, Room, Snapshot
from meetserver.whiteboard import messages as whiteboard
from scripts.generate_types import sentence, table, taken, told

EFFECTS = {
    "ping": "only the reply",
    "bye": "`participant.left`, and close 1000",
    "participant.set_role": "`participant.role_set`",
    "participant.let_draw": "`participant.may_draw`",
    "participant.admit": "`participant.admitted`, `participant.joined`; to whoever waited, `snapshot`",
    "participant.deny": "`participant.denied`, and close 3503 for them",
    "participant.mute": "`participant.muted`",
    "participant.remove": "`participant.removed`, `participant.left` (`removed`), and close 3503 for them",
    "participant.ban": "`participant.banned`, `participant.left` (`removed`), and close 3503 for them",
    "participant.unban": "`participant.unbanned`",
    "room.lock": "`room.changed`",
    "room.settings": "`room.changed`; where the lobby is turned off, as if all who wait were admitted",
    "room.end": "`room.ended`, and close 3504 for all",
    "chat.send": "`chat.sent`; the ok has `message_id` too",
    "chat.edit": "`chat.edited`",
    "chat.delete": "`chat.deleted`",
    "chat.react": "`chat.reacted`",
    "chat.pin": "`chat.pinned` or `chat.unpinned`",
    "chat.mark": "`chat.marked`, once it is stored",
    "chat.typing": "`chat.typing`",
    "e2ee.publish": "`e2ee.published`",
    "e2ee.share": "`e2ee.shared`, to those in `wrapped`",
    "whiteboard.apply": "`whiteboard.applied` with the ops that were accepted",
    "whiteboard.undo": "`whiteboard.applied` with `undo`",
    "whiteboard.redo": "`whiteboard.applied` with `redo`",
    "whiteboard.clear": "`whiteboard.cleared`",
    "whiteboard.save": "`whiteboard.saved`; the ok has `version` too",
    "whiteboard.restore": "`whiteboard.restored`, then `whiteboard.page_added` and `whiteboard.applied`",
    "whiteboard.discard": "`whiteboard.discarded`",
    "whiteboard.add_page": "`whiteboard.page_added`",
    "whiteboard.change_page": "`whiteboard.page_changed`",
    "whiteboard.move_page": "`whiteboard.page_moved`",
    "whiteboard.remove_page": "`whiteboard.page_removed`",
    "whiteboard.preview": "`whiteboard.previewed`",
    "pointer.move": "`pointer.moved`",
    "presence.set": "`presence.changed`: durable for `hand` and `screen`, ephemeral for the rest",
    "signal.offer": "`signal.offer` to that session",
    "signal.answer": "`signal.answer` to that session",
    "signal.candidates": "`signal.candidates` to that session",
    "signal.renegotiate": "`signal.renegotiate` to that session",
    "signal.close": "`signal.close` to that session",
}

CLOSES = {
    1000: "The client said `bye`.",
    1006: "No close frame came: the network, a killed server, a client too slow to read one.",
    3000: "The server drains: it is about to stop. A `drain` frame came before, with `retry_after_ms`.",
    3001: "The room could not be followed or reached just now (a gap in its log, an error that is `temporary`).",
    3008: "Too slow: lagging for too long, or further behind than the server keeps frames for.",
    3500: "A frame that is none, an unknown subprotocol, too large, no `hello` in time.",
    3501: "The ticket or the session is not valid (any more), or the room is not there.",
    3503: "Not let in, or sent out.",
    3504: "The meeting has ended.",
    3505: "The same session was resumed on another socket.",
    3508: "Flooding: more than the rate limit allows, again and again.",
    3510: "The room failed again and again and rests. A `room.quarantined` frame came before.",
}

STEPS = {
    NextStep.RESUME: "come back, resume",
    NextStep.NEW_TICKET: "get a new ticket",
    NextStep.STOP: "stop",
}

CODES: dict[Code, str] = {
    "bad_message": "The frame or body is not what it must be; the message says where.",
    "unknown_type": "No command is called that.",
    "too_large": "More than a limit allows.",
    "bad_file": "A file is not what its name or type says, or cannot be read; the message says which.",
    "unauthenticated": "No ticket, token or session, or not a valid one.",
    "confirm_first": "the session may do this only shortly after `POST /auth/confirm`",
    "forbidden": "Not with this role, not with these settings of the meeting.",
    "not_found": "It is not there, or not for the caller to see.",
    "conflict": "The txn, ticket or key was used for something else, or the state forbids it.",
    "waiting_room": "Not before a host or cohost lets you in.",
    "room_locked": "The room is locked: only hosts and cohosts come in.",
    "room_full": "`max_participants` are in the room, or the lobby is full.",
    "room_ended": "The meeting has ended.",
    "history_expired": "The meeting does not keep what happened so long ago.",
    "rate_limited": "Too many commands; see `retry_after_s`.",
    "busy": "A queue is full; see `retry_after_s`.",
    "unavailable": "The database or the room cannot be reached just now.",
    "storage_full": "The server has no room for more files, before its operators make some.",
    "timeout": "No answer in time. Whether it happened is not known: send it again with the same txn.",
    "not_supported": "Part of the protocol, and not of this release.",
    "search_off": "This meeting's chat is not searched: its setting, or its encryption, says so.",
    "internal": "A fault of the server; the log has more.",
}

ROLES = {
    frozenset({"host", "cohost", "participant", "viewer"}): "everybody",
    frozenset({"host", "cohost", "participant"}): "all but viewers",
    frozenset({"host", "cohost"}): "host, cohost",
    frozenset({"host"}): "host",
}

PARTS: tuple[type[Struct], ...] = (
    Snapshot, Room, rooms.Settings, rooms.Participant, ChatPage, Absent, chat.Message, chat.Reaction, chat.Attachment,
    chat.Watermark,
    Keys, Share, Link,
    Board, whiteboard.Sheet, whiteboard.VersionShown, whiteboard.Put, whiteboard.Patch, whiteboard.Delete,
    whiteboard.Order, whiteboard.Ordered, Pen, frames.WelcomeLimits,
)  # fmt: skip


def _who(command: type[Command]) -> str:
    who = ROLES[COMMANDS[command.type].roles]
    special = [row for row in COMMANDS if row.startswith(f"{command.type}:")]
    if not special:
        return who
    names = ", ".join(f"`{row.partition(':')[2]}`" for row in special)
    return f"{who}; {names}: {ROLES[COMMANDS[special[0]].roles]}"


def _txn(command: type[Command]) -> str:
    if command is SetPresence:
        return "with `hand`, `screen`"
    return "yes" if issubclass(command, DurableCommand) else ""


def commands() -> str:
    rows = [[f"`{one.type}`", taken(one), _txn(one), _who(one), EFFECTS[one.type]] for one in catalog.WIRE_COMMANDS]
    return table(["command", "data", "txn", "who may", "leads to"], rows)


def events() -> str:
    rows = [[f"`{one.type}`", told(one), sentence(one)] for one in sorted(catalog.TOLD, key=lambda one: one.type)]
    return table(["event", "data", "note"], rows)


def ephemerals() -> str:
    kinds: list[type[Ephemeral]] = [frames.Welcome, frames.Drain, frames.Quarantined, *catalog.EPHEMERALS]
    rows = [[f"`{one.type}`", told(one), sentence(one)] for one in kinds]
    return table(["event", "data", "note"], rows)


def replies() -> str:
    kinds: dict[str, type[Struct]] = {
        "hello": frames.HelloOk,
        "a command with a txn": frames.DurableOk,
        "ping": frames.PingOk,
    }
    rows = [[f"ok to {what}", told(kind), sentence(kind)] for what, kind in kinds.items()]
    return table(["reply", "fields", "note"], [*rows, ["ok to anything else", "–", ""]])


def hello() -> str:
    kinds: list[type[Struct]] = [frames.Hello, frames.ResumePoint]
    return table(["type", "fields", "note"], [[f"`{one.__name__}`", taken(one), sentence(one)] for one in kinds])


def parts() -> str:
    return table(["type", "fields", "note"], [[f"`{one.__name__}`", told(one), sentence(one)] for one in PARTS])


def planned() -> str:
    return ", ".join(f"`{type_}`" for type_ in sorted(catalog.PLANNED)) + "\n"


def closes() -> str:
    assert set(CLOSE_CODES.values()) | set(REASONS) | {1006} == set(CLOSES)
    rows = []
    for code, meaning in CLOSES.items():
        reasons = [f"`{error}`" for error, close in CLOSE_CODES.items() if close == code]
        own = REASONS.get(code)
        step = "–" if code == NORMAL else STEPS[next_step(code)]
        rows.append([str(code), meaning, ", ".join([f"`{own}`"] * bool(own) + reasons), step])
    return table(["code", "meaning", "reason", "client"], rows)


def errors() -> str:
    rows = []
    for code in get_args(Code):
        is_temporary = code in _BY_CODE and _BY_CODE[code].temporary
        rows.append(
            [f"`{code}`", CODES[code], "yes" if is_temporary else "", str(STATUS[code]), str(CLOSE_CODES[code])]
        )
    return table(["code", "meaning", "temporary", "HTTP", "close"], rows)


def _callers(route: AnyRoute) -> str:
    room = ", a session of the room" if route.takes_room_token else ""
    return "anybody" if route.rule.is_open else ", ".join(sorted(route.rule.roles)) + room


def http() -> str:
    rows = [[f"`{one.method} {one.full_path}`", _callers(one), one.summary] for one in ROUTES]
    return table(["call", "who", "what"], rows)


BLOCKS = {
    "hello": hello, "commands": commands, "events": events, "ephemerals": ephemerals, "replies": replies,
    "parts": parts, "planned": planned, "closes": closes, "errors": errors, "http": http,
}  # fmt: skip

_BLOCK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def protocol_page(page: str) -> str:
    """`page` with its tables made anew. Raises ValueError when one has no place in it."""
    named = _BLOCK.findall(page)
    if missing := set(BLOCKS) - {name for _, name, _ in named}:
        raise ValueError(f"docs/protocol.md has no place for {', '.join(sorted(missing))}")
    return _BLOCK.sub(lambda match: f"{match[1]}\n{BLOCKS[match[2]]()}\n{match[3]}", page)
