"""Every command of a room's socket by everybody who could send it: the room does what the access table says.

What is to be expected is computed from meetserver/access.py; what happens is asked of a whole server over sockets.
"""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from meetserver import access
from meetserver.access import Rule
from meetserver.config import Config
from meetserver.rooms import permissions
from meetserver.rooms.catalog import WIRE_COMMANDS
from tests.e2ee import identity_from, public_text
from tests.integration.socket import conftest as sockets
from tests.integration.socket.conftest import Meeting, Socket

meeting = sockets.meeting
"""The fixture of the socket tests: a server in this process, and ways into its rooms."""

WAITING, NOT_IN_YET = "waiting in the lobby", "before hello"
SENDERS: Final = (NOT_IN_YET, WAITING, "viewer", "participant", "cohost", "host")
"""Who may do least comes first: what is refused leaves the scene as it was."""
FIELD_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{f"presence.set:{field}": {field: True} for field in ("audio", "video", "screen")},
    "whiteboard.change_page:locked": {"page": "spare", "locked": True},
}
"""Rows of the table for setting a field, beside the one for its command."""
ROWS: Final = (*(command.type for command in WIRE_COMMANDS), *FIELD_ROWS)
OF_THE_CONNECTION: Final = frozenset({"ping", "bye"})
"""Answered to whoever has said hello, before the room is asked."""

Found = Mapping[tuple[str, str], str]
"""What became of a row's command from each sender."""


class Scene:
    """A room with one person of each kind in it, and others for them to do things to."""

    def __init__(self, meeting: Meeting, *, is_encrypted: bool) -> None:
        self._meeting = meeting
        self.is_encrypted = is_encrypted
        self._numbers = count(1)
        self._sockets: dict[str, Socket] = {}
        self._sessions: dict[str, dict[str, Any]] = {}
        self.ban = self.version = ""
        self._said: dict[str, str] = {}

    async def begin(self) -> None:
        settings = {"e2ee": self.is_encrypted}
        self._meeting.id = (await self._meeting.host.create_meeting("Weekly", settings=settings)).id
        await self._enter("host", as_host=True)
        for name in ("viewer", "participant", "cohost", "other", "sent out"):
            await self._enter(name)
        for role in ("viewer", "cohost"):
            await self._done("participant.set_role", participant=self.participant(role), role=role)
        await self._done("participant.remove", participant=self.participant("sent out"))
        self.ban = (await self._sockets["viewer"].hear_type("participant.removed"))["data"]["ban"]
        await self._done("whiteboard.add_page", page="spare")
        await self._done("whiteboard.save", name="first")
        self.version = (await self._sockets["host"].hear_type("whiteboard.saved"))["data"]["version"]
        for name in () if self.is_encrypted else ("viewer", "participant", "cohost", "host"):
            self._said[name] = await self._say(name)
        await self._done("room.settings", lobby=True)
        await self._enter(WAITING)
        assert self._sessions[WAITING]["state"] == "waiting"

    async def end(self) -> None:
        for socket in self._sockets.values():
            await socket.raw.close()

    async def _enter(self, name: str, *, as_host: bool = False) -> None:
        self._sockets[name], self._sessions[name] = await self._meeting.enter(as_host=as_host)

    async def _done(self, type_: str, **data: Any) -> None:
        assert await self.send("host", type_, data) == "granted"

    async def _say(self, name: str) -> str:
        await self._sockets[name].say(id=name, type="chat.send", txn=name, data={"text": "hello"})
        return str((await self._sockets[name].reply(name))["ok"]["message_id"])

    def said_by(self, name: str) -> str:
        """The id of a message of theirs, or of the host's."""
        return self._said.get(name) or self._said.get("host", "")

    def participant(self, name: str) -> str:
        return str(self._sessions[name]["participant"])

    def session(self, name: str) -> str:
        return str(self._sessions[name]["session"])

    def new_name(self) -> str:
        return f"name{next(self._numbers)}"

    async def send(self, name: str, type_: str, data: Mapping[str, Any]) -> str:
        """What becomes of it: granted, or the refusal's code."""
        socket = self._sockets[name] if name != NOT_IN_YET else await self._newcomer()
        number = next(self._numbers)
        await socket.say(id=number, type=type_, txn=f"txn{number}", data=data)
        reply = await socket.reply(number)
        if name == NOT_IN_YET:
            assert await socket.end() == (3500, "bad_message")
            await socket.raw.close()
        return "granted" if "ok" in reply else str(reply["error"]["code"])

    async def _newcomer(self) -> Socket:
        return await self._meeting.welcomed(self._sessions["host"]["snapshot"]["room"]["id"])

    async def state(self) -> bytes | None:
        """All that anybody in the room can see of it."""
        return await self._meeting.server.router.desk.state(self._sessions["host"]["snapshot"]["room"]["id"])


def sample(row: str, scene: Scene, sender: str) -> Mapping[str, Any]:
    """A body that is granted to whoever may."""
    if row in FIELD_ROWS:
        return FIELD_ROWS[row]
    own = scene.participant("host" if sender == NOT_IN_YET else sender)
    whom = {"participant": scene.participant("other")}
    who_waits = {"participant": scene.participant(WAITING)}
    call = {"to": scene.session("other"), "call": "call"}
    said = {"message_id": scene.said_by(sender)}
    stroke = {"id": "stroke", "element": {"type": "pen"}}
    bodies: Mapping[str, Mapping[str, Any]] = {
        "ping": {},
        "bye": {},
        "participant.set_role": {**whom, "role": "viewer"},
        "participant.let_draw": whom,
        "participant.admit": who_waits,
        "participant.deny": who_waits,
        "participant.mute": whom,
        "participant.remove": whom,
        "participant.ban": whom,
        "participant.unban": {"ban": scene.ban},
        "room.lock": {"locked": True},
        "room.settings": {"max_participants": 50},
        "room.end": {},
        "chat.send": {"text": "hello"},
        "chat.edit": {**said, "text": "hello again"},
        "chat.delete": said,
        "chat.react": {**said, "emoji": "☃"},
        "chat.pin": said,
        "chat.mark": {"read": 1},
        "chat.typing": {"on": True},
        "e2ee.publish": {"key": public_text(identity_from(2 + SENDERS.index(sender)))},
        "e2ee.share": {"key_id": "k" * 22, "wrapped": {own: "w" * 80}},
        "whiteboard.apply": {"ops": [{"op": "put", **stroke}]},
        "whiteboard.undo": {},
        "whiteboard.redo": {},
        "whiteboard.clear": {},
        "whiteboard.save": {"name": "second"},
        "whiteboard.restore": {"version": scene.version},
        "whiteboard.discard": {"version": scene.version},
        "whiteboard.add_page": {"page": scene.new_name()},
        "whiteboard.change_page": {"page": "spare", "name": scene.new_name()},
        "whiteboard.move_page": {"page": "spare", "index": 0},
        "whiteboard.remove_page": {"page": "spare"},
        "whiteboard.preview": stroke,
        "pointer.move": {"x": 1, "y": 1},
        "presence.set": {"hand": True},
        "signal.offer": {**call, "sdp": "v=0"},
        "signal.answer": {**call, "sdp": "v=0"},
        "signal.candidates": {**call, "candidates": []},
        "signal.renegotiate": call,
        "signal.close": call,
    }
    return bodies[row]


def is_about_keys(row: str) -> bool:
    """Whether it is for a meeting whose chat is encrypted."""
    return row.startswith("e2ee.")


def uses_up(row: str) -> bool:
    """Whether the scene is another one once this was granted."""
    ends = ("bye", "room.end", "chat.delete", "whiteboard.discard", "whiteboard.remove_page")
    return row.startswith("participant.") or row in ends


def expected(row: str, sender: str, table: Mapping[str, Rule] = access.TABLE) -> str:
    if sender == NOT_IN_YET:
        return "bad_message"
    if sender == WAITING:
        return "granted" if row in OF_THE_CONNECTION else "waiting_room"
    command = row.partition(":")[0]
    return "granted" if all(sender in table[one].roles for one in (command, row)) else "forbidden"


async def walk(meeting: Meeting, rows: tuple[str, ...]) -> Found:
    found: dict[tuple[str, str], str] = {}
    scene = None
    for row in rows:
        for sender in SENDERS:
            if scene is not None and scene.is_encrypted != is_about_keys(row):
                await scene.end()
                scene = None
            if scene is None:
                scene = Scene(meeting, is_encrypted=is_about_keys(row))
                await scene.begin()
            before = await scene.state()
            found[row, sender] = await scene.send(sender, row.partition(":")[0], sample(row, scene, sender))
            if found[row, sender] != "granted":
                assert await scene.state() == before, f"{row} by {sender} was refused, and the room is another"
            elif uses_up(row):
                await scene.end()
                scene = None
    if scene is not None:
        await scene.end()
    return found


def differing(found: Found, table: Mapping[str, Rule] = access.TABLE) -> list[str]:
    return [
        f"{row} by {sender} is {what}, not {expected(row, sender, table)}"
        for (row, sender), what in found.items()
        if what != expected(row, sender, table)
    ]


@pytest.fixture
def config(sqlite_url: str, tmp_path: Path) -> Config:
    return Config(
        database_url=sqlite_url, data_dir=str(tmp_path), require_verified_email=False, bcrypt_cost=4, rate_factor=0
    )


async def test_every_command_by_everybody(meeting: Meeting, record_property: Any) -> None:
    found = await walk(meeting, ROWS)
    assert differing(found) == []
    assert len(found) == len(ROWS) * len(SENDERS)
    flips = [(row, role) for row in ROWS for role in access.MEETING_ROLES if matters(row, role)]
    unnoticed = [flip for flip in flips if differing(found, flipped(*flip)) == []]
    assert unnoticed == [], "a table that says otherwise in one cell alone must not pass"
    record_property("counted", f"{len(found)} cells of command and sender, {len(flips)} flipped ones noticed")


def matters(row: str, role: str) -> bool:
    """Not for a field of a command that is none of theirs anyway."""
    command, _, field = row.partition(":")
    return not field or role in access.TABLE[command].roles


def flipped(row: str, role: str) -> Mapping[str, Rule]:
    """A copy of the table that says the contrary about this role."""
    rule = access.TABLE[row]
    return {**access.TABLE, row: Rule(rule.roles ^ {role})}  # type: ignore[arg-type]


def test_every_row_of_commands_is_walked() -> None:
    assert set(ROWS) == set(access.COMMANDS)


async def test_a_room_that_does_not_ask_the_table_is_found_out(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "may", lambda roles, what: True)
    assert differing(await walk(meeting, ("room.lock",))) == [
        "room.lock by viewer is granted, not forbidden",
        "room.lock by participant is granted, not forbidden",
    ]
