"""Whatever people do, in whatever order: a room loaded from any snapshot and the log after it is the same room."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings
from msgspec import Struct

from meetserver import limits
from meetserver.chat.messages import Delete as DeleteMessage
from meetserver.chat.messages import Edit, Pin, React, Send
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, UserId
from meetserver.messages import Command, Role
from meetserver.ports import Entry
from meetserver.presence.messages import Set
from meetserver.rooms.erasure import emptied
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import (
    Admit,
    Ban,
    ChangeSettings,
    Configure,
    Deny,
    End,
    Erase,
    Expire,
    Leave,
    Lock,
    Remove,
    SetRole,
    Settings,
    Unban,
)
from meetserver.rooms.recall import recalled
from meetserver.rooms.reducer import decide, evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, shared_view, view
from meetserver.rooms.state import RoomState, empty
from meetserver.whiteboard.messages import (
    AddPage,
    Apply,
    ChangePage,
    Clear,
    Delete,
    MovePage,
    Op,
    Order,
    Patch,
    Put,
    Redo,
    RemovePage,
    Restore,
    Save,
    Undo,
)
from meetserver.whiteboard.state import shown
from tests.builders import context, entry_after, given_room, join, meta_after, participant_id, session_of

NAMES = ("Ann", "Bo", "Cy", "Di")
KEYS = {"Ann": ("u:ann",), "Bo": ("v:bo", "a:here"), "Cy": ("v:cy", "a:here"), "Di": ("v:bo", "a:there")}
USERS = {"Ann": UserId("ann's"), "Di": UserId("di's")}
ROLES: tuple[Role, ...] = ("host", "cohost", "participant", "viewer")

names = st.sampled_from(NAMES)
ids = names.map(participant_id)
texts = st.text(alphabet='aé\N{GRINNING FACE}"\\\n', min_size=1, max_size=5)
unfit = st.just("nul \0")
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
bodies = st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=3)
element_ids = st.sampled_from(["a", "b", "c", "d"])
switches = st.none() | st.booleans()

ops: st.SearchStrategy[Op] = st.one_of(
    st.builds(Put, element_ids, bodies), st.builds(Patch, element_ids, bodies), st.builds(Delete, element_ids)
)
said_to_all = st.builds(Send, text=texts)
said_to_some = st.builds(Send, text=texts, to=st.lists(ids, min_size=1, max_size=2))
message_ids = st.integers(5, 25).map(lambda seq: f"{seq}-id-{seq}")
emoji = st.sampled_from(["\N{SNOWMAN}", "\N{UMBRELLA}"])
about_messages: st.SearchStrategy[Command] = st.one_of(
    st.builds(Edit, message_ids, texts),
    st.builds(DeleteMessage, message_ids),
    st.builds(React, message_ids, emoji, st.booleans()),
    st.builds(Pin, message_ids, st.booleans()),
)
drawn = st.builds(Apply, st.lists(ops, min_size=1, max_size=4), st.sampled_from(["1", "1", "2", "3"]))
pages = st.sampled_from(["1", "1", "2", "3"])
on_the_board: st.SearchStrategy[Command] = st.one_of(
    st.sampled_from([Undo(), Undo(), Redo(), Redo(), Undo("2"), Redo("2"), Save("kept")]),
    st.builds(Clear, pages),
    st.builds(AddPage, pages, texts.map(ascii), index=st.integers(0, 3)),
    st.builds(MovePage, pages, st.integers(0, 3)),
    st.builds(ChangePage, pages, locked=switches),
    st.builds(RemovePage, pages),
    st.builds(Restore, st.integers(5, 30).map(lambda seq: f"id-{seq}")),
    st.builds(Apply, st.lists(st.builds(Order, element_ids, st.sampled_from(["front", "forward"])), min_size=1)),
)
come_or_go: st.SearchStrategy[Command] = st.one_of(
    st.builds(lambda who, role: join(who, role, keys=KEYS[who], user=USERS.get(who)), names, st.sampled_from(ROLES)),
    st.builds(Leave, ids, st.just("bye")),
)
rare: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetRole, ids, st.sampled_from(ROLES)),
    st.builds(Erase, st.tuples(ids)),
    st.builds(Expire, st.integers(1, 40)),
    st.builds(Configure, texts, st.builds(Settings, chat=st.booleans(), max_participants=st.integers(2, 4))),
    st.builds(Send, text=unfit),
    st.builds(Apply, st.lists(st.builds(Put, element_ids, st.dictionaries(unfit, scalars, min_size=1)), min_size=1)),
)
doors: st.SearchStrategy[Command] = st.one_of(
    st.builds(Admit, ids),
    st.just(Admit(all=True)),
    st.builds(Deny, ids),
    st.builds(Remove, ids),
    st.builds(Ban, ids),
    st.builds(Unban, st.integers(4, 30).map(lambda seq: f"id-{seq}")),
    st.builds(Lock, st.booleans()),
    st.builds(ChangeSettings, lobby=st.booleans(), max_participants=st.integers(1, 4)),
    st.builds(ChangeSettings, chat_slow_s=st.integers(0, 3), chat_mode=st.sampled_from(["all", "hosts"])),
    st.builds(Configure, st.just("Weekly"), st.builds(Settings, lobby=st.booleans())),
)
shows = st.builds(Set, audio=switches, screen=switches, hand=switches)
chats = [said_to_all, said_to_some, said_to_some, about_messages, about_messages]
kinds: list[st.SearchStrategy[Any]] = [*chats, drawn, drawn, drawn, on_the_board, on_the_board, shows]
wishes: st.SearchStrategy[Command] = st.sampled_from([*kinds, *kinds, come_or_go, come_or_go, rare, doors]).flatmap(
    lambda kind: kind
)
ends = st.lists(st.tuples(st.just("Ann"), st.just(End())), max_size=1)
at_the_door = st.lists(st.tuples(names, st.one_of(come_or_go, doors)) | st.tuples(st.just("Ann"), doors), max_size=40)
stories = st.builds(
    lambda story, end: story + end,
    st.integers(0, 40).flatmap(lambda count: st.lists(st.tuples(names, wishes), min_size=count, max_size=count)),
    ends,
)


class Lived(Struct):
    """A room, its log, and its state after each entry."""

    log: list[Entry]
    states: list[RoomState]


def live_through(story: Sequence[tuple[str, Command]]) -> Lived:
    state = given_room(host="Ann", guests=["Bo", "Cy"])
    log, states = [], [state]
    for name, command in story:
        events = decide(state, command, context(state, name, KEYS))
        for event in [] if isinstance(events, Refusal) else events:
            log.append(entry_after(state, event, name))
            state = evolve(state, event, meta_after(state, name))
            states.append(state)
    return Lived(log, states)


def small_limits() -> Any:
    """Small enough for a short story to meet them."""
    return patch.multiple(
        limits,
        CHAT_PAGE_MESSAGES=2,
        CHAT_PRIVATE_MESSAGES=2,
        CHAT_PINNED=1,
        CHAT_GONE_PEOPLE=1,
        BOARD_ELEMENTS=3,
        BOARD_PAGES=2,
        BOARD_BYTES=300,
        BOARD_VERSIONS=2,
        BOARD_UNDO_STEPS=3,
        BOARD_UNDO_BYTES=1000,
    )


@settings(deadline=None, max_examples=60)
@given(story=stories, cut=st.integers(0, 60))
def test_a_room_is_loaded_as_it_was(story: list[tuple[str, Command]], cut: int) -> None:
    with small_limits():
        lived = live_through(story)
        now = lived.states[-1]
        old = lived.states[min(cut, len(lived.log))]

        loaded = fold(decode_snapshot(encode_snapshot(old)), lived.log[old.seq - lived.states[0].seq :])

        assert loaded == now
        assert encode_snapshot(loaded) == encode_snapshot(now)
        for viewer in map(participant_id, NAMES):
            assert view(loaded, LiveState(), viewer) == view(now, LiveState(), viewer)


@settings(deadline=None, max_examples=60)
@given(story=stories)
def test_what_a_room_counts_is_right(story: list[tuple[str, Command]]) -> None:
    with small_limits():
        for state in live_through(story).states:
            assert_consistent(state)


@settings(deadline=None, max_examples=100)
@given(story=at_the_door)
def test_whatever_happens_at_the_door_the_queue_and_the_room_are_apart(story: list[tuple[str, Command]]) -> None:
    lived = live_through([("Ann", ChangeSettings(lobby=True)), *story])
    for entry, state in zip(lived.log, lived.states[1:], strict=True):
        assert_consistent(state)
        if entry.type == "participant.waiting":
            assert state.rules.lobby
            assert not state.rules.locked
    assert fold(lived.states[0], lived.log) == lived.states[-1]


def assert_consistent(state: RoomState) -> None:
    queue = [who.id for who in state.waiting]
    assert len(set(queue)) == len(queue)
    assert not set(queue) & set(state.participants)
    assert set(state.arrivals) == set(state.participants)
    assert dict(state.sessions) == {who.session: who.id for who in state.participants.values()}
    assert len(state.chat.shared.messages) <= limits.CHAT_PAGE_MESSAGES
    assert state.chat.private_count == sum(len(c.messages) for c in state.chat.private.values())
    assert state.chat.private_count <= limits.CHAT_PRIVATE_MESSAGES
    assert all(c.messages for c in state.chat.private.values())
    assert all(any(p in state.participants or p in state.chat.gone for p in members) for members in state.chat.private)
    assert len(state.whiteboard.all_pages) <= limits.BOARD_PAGES
    assert sorted(state.whiteboard.order) == sorted(state.whiteboard.sheets)
    assert len(state.whiteboard.versions) <= limits.BOARD_VERSIONS
    assert_steps_consistent(state)
    assert state.whiteboard.size_bytes <= limits.BOARD_BYTES
    for page in state.whiteboard.pages.values():
        assert 0 < len(page.elements) <= limits.BOARD_ELEMENTS
        assert page.size_bytes == len(shown(page)) - 1


def assert_steps_consistent(state: RoomState) -> None:
    steps = state.whiteboard.steps
    every = [step for stacks in steps.people.values() for step in (*stacks.undo, *stacks.redo)]
    assert set(steps.people) <= {*state.participants, *steps.away}
    assert all(len(s.undo) <= limits.BOARD_UNDO_STEPS >= len(s.redo) for s in steps.people.values())
    assert steps.size_bytes == sum(step.size_bytes for step in every) <= limits.BOARD_UNDO_BYTES
    assert steps.changes == sum(len(step.changes) for step in every)


@settings(deadline=None, max_examples=60)
@given(story=stories)
def test_no_private_message_is_in_the_shared_view_or_in_a_strangers(story: list[tuple[str, Command]]) -> None:
    state = live_through(story).states[-1]

    shared = msgspec.json.decode(shared_view(state, LiveState()))["chat"]["messages"]
    assert all("to" not in message for message in shared)
    for viewer in map(participant_id, NAMES):
        messages = msgspec.json.decode(view(state, LiveState(), viewer))["chat"]["messages"]
        assert all(viewer in (message["by"], *message.get("to", [viewer])) for message in messages)
        assert messages == sorted(messages, key=lambda message: message["seq"])


@settings(deadline=None, max_examples=60)
@given(story=st.lists(st.tuples(names, st.one_of(said_to_all, said_to_some, *[about_messages] * 4)), max_size=40))
def test_a_message_is_the_same_from_the_room_and_from_the_log(story: list[tuple[str, Command]]) -> None:
    lived = live_through([*story, ("server", Erase((participant_id("Bo"),)))])
    state, first = lived.states[-1], lived.states[0].seq + 1
    log = [emptied(entry, [participant_id("Bo")]) or entry for entry in lived.log]

    for conversation in (state.chat.shared, *state.chat.private.values()):
        for message in conversation.messages:
            about = [entry for entry in log if entry.subject == message.seq]
            assert recalled(log[message.seq - first], about) == message
    for pinned in state.chat.pinned:
        assert pinned in state.chat.shared.messages


def test_folding_from_nothing_is_the_whole_log() -> None:
    lived = live_through([("Ann", Send(text="hello")), ("Bo", Leave(ParticipantId("bo"), "bye"))])
    start = lived.states[0]

    assert fold(start, lived.log) == lived.states[-1]
    assert fold(empty(start.room, start.meeting), []) == empty(start.room, start.meeting)
    assert session_of("Bo") not in lived.states[-1].sessions
