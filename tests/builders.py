"""Rooms for tests, in the domain's words: given_room(host="Ann", guests=["Bo"]), who wishes what, what comes of it.

People are named; a person's participant id is their name in small letters, their session `<id>-session`.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from meetserver import wire
from meetserver.errors import Code, Refusal
from meetserver.ids import SERVER, MeetingId, ParticipantId, RoomId, SessionId
from meetserver.messages import Command, Context, Event, Meta, Role, Tell
from meetserver.ports import Entry
from meetserver.rooms.live import LiveState, react
from meetserver.rooms.messages import Configure, End, Join, Settings
from meetserver.rooms.reducer import decide, evolve
from meetserver.rooms.state import RoomState, empty

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""The time of a room's seq 0; every entry comes a second after the one before."""

EPOCH = 3

Keys = Mapping[str, tuple[str, ...]]
"""What tells these people from others, by name."""


def given_room(
    host: str | None = "Ann",
    *,
    guests: Iterable[str] = (),
    viewers: Iterable[str] = (),
    title: str = "Weekly",
    settings: Settings | None = None,
    ended: bool = False,
) -> RoomState:
    """A configured room with these people in it, in this order."""
    state = empty(RoomId("room"), MeetingId("meeting"))
    state = after(state, "server", Configure(title, settings or Settings()))
    people: list[tuple[str, Role]] = [] if host is None else [(host, "host")]
    people += [(name, "participant") for name in guests] + [(name, "viewer") for name in viewers]
    for name, role in people:
        state = after(state, name, join(name, role))
    return after(state, "server", End()) if ended else state


def participant_id(name: str) -> ParticipantId:
    return SERVER if name == "server" else ParticipantId(name.lower())


def session_of(name: str) -> SessionId:
    return SessionId(f"{participant_id(name)}-session")


def join(name: str, role: Role = "participant", **more: Any) -> Join:
    return Join(participant_id(name), session_of(name), name, role, **more)


def at_seq(seq: int) -> datetime:
    return NOON + timedelta(seconds=seq)


def context(state: RoomState, name: str, keys: Keys | None = None) -> Context:
    """`name` wishes something now: with the role they have, the server as a host, who is not here as a participant."""
    by = participant_id(name)
    who = state.participants.get(by)
    role: Role = "host" if by == SERVER else "participant" if who is None else who.role
    return Context(
        room=state.room,
        by=by,
        session=session_of(name),
        role=role,
        name=name,
        at=at_seq(state.seq + 1),
        id=f"id-{state.seq + 1}",
        present=state.participants,
        user=None if who is None else who.user,
        keys_of=lambda session: next((some for who, some in (keys or {}).items() if session_of(who) == session), ()),
    )


def meta_after(state: RoomState, name: str = "server") -> Meta:
    return Meta(EPOCH, state.seq + 1, at_seq(state.seq + 1), participant_id(name))


def entry_after(state: RoomState, event: Event, name: str = "server") -> Entry:
    """The event as the log has it."""
    meta = meta_after(state, name)
    addressees = event.addressees()
    to = None if addressees is None else tuple(sorted(addressees))
    return Entry(
        meta.epoch,
        meta.seq,
        meta.at,
        meta.by,
        event.type,
        event.version,
        wire.encode(event),
        to,
        subject=event.subject(),
    )


def granted(state: RoomState, name: str, command: Command, keys: Keys | None = None) -> list[Event]:
    """The events that the wish leads to; a refusal fails the test."""
    events = decide(state, command, context(state, name, keys))
    assert not isinstance(events, Refusal), events
    return events


def after(state: RoomState, name: str, command: Command, keys: Keys | None = None) -> RoomState:
    """The room once the wish is granted."""
    for event in granted(state, name, command, keys):
        state = evolve(state, event, meta_after(state, name))
    return state


def assert_refused(state: RoomState, name: str, command: Command, code: Code, keys: Keys | None = None) -> None:
    refusal = decide(state, command, context(state, name, keys))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.code == code, refusal


def told(state: RoomState, name: str, command: Command, live: LiveState | None = None) -> tuple[LiveState, list[Tell]]:
    """What an ephemeral wish leads to; a refusal fails the test."""
    reaction = react(live or LiveState(), state, command, context(state, name))
    assert not isinstance(reaction, Refusal), reaction
    return reaction


def assert_told_off(state: RoomState, name: str, command: Command, code: Code) -> None:
    """An ephemeral wish is refused."""
    refusal = react(LiveState(), state, command, context(state, name))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.code == code, refusal


def with_settings(state: RoomState, **changes: object) -> RoomState:
    return after(state, "server", Configure(state.title, replace(state.rules, **changes)))
