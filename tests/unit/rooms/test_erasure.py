"""Erasing somebody: the room that was told, and the room that is folded from the emptied log, are the same."""

from collections.abc import Sequence

from msgspec.structs import replace

from meetserver.chat.messages import Delete, Edit, Pin, React, Send
from meetserver.ids import UserId
from meetserver.messages import Command
from meetserver.ports import Entry
from meetserver.rooms.erasure import emptied, of_deleted
from meetserver.rooms.messages import Admit, Ban, Configure, End, Erase, Leave, Settings
from meetserver.rooms.reducer import decide, evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot
from meetserver.rooms.state import RoomState, empty
from tests.builders import after, context, entry_after, given_room, granted, join, meta_after, participant_id

BO = participant_id("Bo")
SECRET = "my address is 7 Elm Street"

Story = Sequence[tuple[str, Command]]
EVENING: Story = [
    ("server", Configure("Weekly", Settings())),
    ("Ann", join("Ann", "host")),
    ("Bo", replace(join("Bo"), user=UserId("bos-account"))),
    ("Cy", join("Cy")),
    ("Bo", Send(text=SECRET)),
    ("Ann", Send(text="thanks, Bo")),
    ("Bo", Send(ciphertext=SECRET, key_id="k1", to=[participant_id("Cy")])),
    ("Cy", Send(text="only for Bo", to=[BO])),
    ("Bo", Edit("5-id-5", text=f"{SECRET}, third floor")),
    ("Bo", React("6-id-6", "\N{THUMBS UP SIGN}")),
    ("Cy", React("6-id-6", "\N{SNOWMAN}")),
    ("Cy", React("6-id-6", "\N{THUMBS UP SIGN}")),
    ("Ann", Pin("6-id-6")),
    ("Ann", Pin("5-id-5")),
    ("server", Configure("Weekly", Settings(lobby=True))),
    ("Bob", replace(join("Bob"), user=UserId("bos-account"))),
    ("Ann", Admit(participant=participant_id("Bob"))),
    ("Ann", Ban(participant=participant_id("Bob"))),
]
BOTH = Erase((BO, participant_id("Bob")))


def live_through(story: Story) -> tuple[RoomState, list[Entry]]:
    state = empty(given_room(host=None).room, given_room(host=None).meeting)
    log: list[Entry] = []
    for name, command in story:
        for event in granted(state, name, command):
            log.append(entry_after(state, event, name))
            state = evolve(state, event, meta_after(state, name))
    return state, log


def emptied_log(log: list[Entry]) -> list[Entry]:
    return [emptied(entry, BOTH.participants) or entry for entry in log]


def traces(of: bytes, state: RoomState, log: list[Entry]) -> int:
    return sum(of in one for one in (encode_snapshot(state), *(entry.data for entry in log)))


def test_the_emptied_log_makes_the_same_room() -> None:
    state, log = live_through([*EVENING, ("server", BOTH)])
    assert fold(empty(state.room, state.meeting), emptied_log(log)) == state


def test_an_older_snapshot_and_the_emptied_log_make_it_too() -> None:
    state, log = live_through([*EVENING, ("server", BOTH)])
    for seq in range(len(log)):
        older = decode_snapshot(encode_snapshot(fold(empty(state.room, state.meeting), log[:seq])))
        assert fold(older, emptied_log(log)[seq:]) == state


def test_no_name_no_text_and_no_account_is_left() -> None:
    state, log = live_through([*EVENING, ("server", BOTH)])
    assert traces(SECRET.encode(), state, log) > 0
    for trace in (SECRET, "bos-account", '"Bo"', '"Bob"'):
        assert traces(trace.encode(), state, emptied_log(log)) == 0, trace


def test_what_others_said_stays() -> None:
    state, log = live_through([*EVENING, ("server", BOTH)])
    assert traces(b"thanks, Bo", state, emptied_log(log)) > 1
    assert traces(b"only for Bo", state, emptied_log(log)) > 1
    assert [message.seq for message in state.chat.shared.messages] == [5, 6]


def test_their_reactions_go_and_those_of_others_stay() -> None:
    state, _ = live_through([*EVENING, ("server", BOTH)])
    thanks = state.chat.shared.messages[1]
    assert [(one.emoji, one.by) for one in thanks.reactions] == [
        ("\N{SNOWMAN}", ("cy",)),
        ("\N{THUMBS UP SIGN}", ("cy",)),
    ]
    assert [(one.text, one.name) for one in state.chat.pinned] == [("thanks, Bo", "Ann"), ("", "erased")]


def test_a_ban_still_holds() -> None:
    state, _ = live_through([*EVENING, ("server", BOTH)])
    before, _ = live_through(EVENING)
    (bar,), (old_bar,) = state.bars, before.bars
    assert (bar.name, bar.keys, bar.id) == ("erased", old_bar.keys, old_bar.id)


def test_who_is_here_leaves_first() -> None:
    state = given_room(host="Ann", guests=["Bo"])
    assert BO not in after(state, "server", Erase((BO,))).participants


def test_it_is_never_too_late() -> None:
    """Also the log of a meeting that is over is emptied, however often it was begun."""
    state, _ = live_through([*EVENING, ("Ann", End()), ("server", BOTH)])
    events = decide(state, BOTH, context(state, "server"))
    assert isinstance(events, list)
    assert [event.type for event in events] == ["participant.erased"]


def emptied_of(log: list[Entry], seq: int) -> list[Entry]:
    """The log once the message of this seq, which was deleted, is taken out of it."""
    return [(of_deleted(one) or one) if seq in (one.seq, one.subject) else one for one in log]


def test_the_log_without_a_deleted_message_makes_the_same_room() -> None:
    state, log = live_through([*EVENING, ("Ann", Delete("5-id-5")), ("Ann", Delete("6-id-6"))])
    emptied_log = emptied_of(emptied_of(log, 5), 6)
    assert fold(empty(state.room, state.meeting), emptied_log) == state
    for seq in range(len(log)):
        older = decode_snapshot(encode_snapshot(fold(empty(state.room, state.meeting), log[:seq])))
        assert fold(older, emptied_log[seq:]) == state


def test_of_a_deleted_message_nothing_is_left_in_the_log() -> None:
    state, log = live_through([*EVENING, ("Ann", Delete("5-id-5")), ("Ann", Delete("6-id-6"))])
    for trace in ("third floor", "thanks, Bo", "\N{SNOWMAN}"):
        assert traces(trace.encode(), state, log) > 0
        assert traces(trace.encode(), state, emptied_of(emptied_of(log, 5), 6)) == 0, trace
    assert all(one.body_hash is None for one in emptied_of(log, 5) if one.seq == 5)


def test_nothing_else_is_touched() -> None:
    _, log = live_through([*EVENING, ("Ann", Leave(participant_id("Cy"), "bye"))])
    assert [entry.seq for entry in log if emptied(entry, [participant_id("nobody")]) is not None] == []
