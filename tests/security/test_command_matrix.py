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
from tests.integration.socket import conftest as sockets
from tests.integration.socket.conftest import Meeting, Socket

meeting = sockets.meeting
"""The fixture of the socket tests: a server in this process, and ways into its rooms."""

WAITING, NOT_IN_YET = "waiting in the lobby", "before hello"
SENDERS: Final = (NOT_IN_YET, WAITING, "viewer", "participant", "cohost", "host")
"""Who may do least comes first: what is refused leaves the scene as it was."""
FIELD_ROWS: Final[Mapping[str, Mapping[str, Any]]] = {
    f"presence.set:{field}": {field: True} for field in ("audio", "video", "screen")
}
"""Rows of the table for setting a field, beside the one for its command."""
ROWS: Final = (*(command.type for command in WIRE_COMMANDS), *FIELD_ROWS)
OF_THE_CONNECTION: Final = frozenset({"ping", "bye"})
"""Answered to whoever has said hello, before the room is asked."""

Found = Mapping[tuple[str, str], str]
"""What became of a row's command from each sender."""


class Scene:
    """A room with one person of each kind in it, and others for them to do things to."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._numbers = count(1)
        self._sockets: dict[str, Socket] = {}
        self._sessions: dict[str, dict[str, Any]] = {}
        self.ban = ""

    async def begin(self) -> None:
        self._meeting.id = (await self._meeting.host.create_meeting("Weekly")).id
        await self._enter("host", as_host=True)
        for name in ("viewer", "participant", "cohost", "other", "sent out"):
            await self._enter(name)
        for role in ("viewer", "cohost"):
            await self._done("participant.set_role", participant=self.participant(role), role=role)
        await self._done("participant.remove", participant=self.participant("sent out"))
        self.ban = (await self._sockets["viewer"].hear_type("participant.removed"))["data"]["ban"]
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

    def participant(self, name: str) -> str:
        return str(self._sessions[name]["participant"])

    def session(self, name: str) -> str:
        return str(self._sessions[name]["session"])

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


def sample(row: str, scene: Scene) -> Mapping[str, Any]:
    """A body that is granted to whoever may."""
    if row in FIELD_ROWS:
        return FIELD_ROWS[row]
    whom = {"participant": scene.participant("other")}
    who_waits = {"participant": scene.participant(WAITING)}
    call = {"to": scene.session("other"), "call": "call"}
    stroke = {"id": "stroke", "element": {"type": "pen"}}
    bodies: Mapping[str, Mapping[str, Any]] = {
        "ping": {},
        "bye": {},
        "participant.set_role": {**whom, "role": "viewer"},
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
        "chat.typing": {"on": True},
        "whiteboard.apply": {"ops": [{"op": "put", **stroke}]},
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


def uses_up(row: str) -> bool:
    """Whether the scene is another one once this was granted."""
    return row.startswith("participant.") or row in ("bye", "room.end")


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
            if scene is None:
                scene = Scene(meeting)
                await scene.begin()
            before = await scene.state()
            found[row, sender] = await scene.send(sender, row.partition(":")[0], sample(row, scene))
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
    flips = [(row, role) for row in ROWS for role in access.MEETING_ROLES]
    unnoticed = [flip for flip in flips if differing(found, flipped(*flip)) == []]
    assert unnoticed == [], "a table that says otherwise in one cell alone must not pass"
    record_property("counted", f"{len(found)} cells of command and sender, {len(flips)} flipped ones noticed")


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
