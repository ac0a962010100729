"""presence.set: hand and screen last, microphone, camera and status do not; and being away."""

from typing import Any

import pytest

from meetserver.ids import ParticipantId
from meetserver.messages import Tell
from meetserver.presence.messages import Changed, ChangedLive, Set
from meetserver.presence.reducer import evolve
from meetserver.presence.state import Live, Signs
from meetserver.rooms.live import LiveState, forget, set_away
from meetserver.rooms.messages import Leave
from tests.builders import after, assert_refused, assert_told_off, at_seq, given_room, granted, join, meta_after, told

BO = ParticipantId("bo")


def test_a_hand_goes_up_and_says_since_when() -> None:
    room = given_room(guests=["Bo"])

    assert granted(room, "Bo", Set(hand=True)) == [Changed(BO, hand=True)]
    room = after(room, "Bo", Set(hand=True))

    assert room.participants[BO].hand
    assert room.participants[BO].hand_at == at_seq(room.seq).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert room.participants[BO].hand_seq == room.seq


def test_a_hand_goes_down() -> None:
    room = after(given_room(guests=["Bo"]), "Bo", Set(hand=True))

    room = after(room, "Bo", Set(hand=False))

    assert not room.participants[BO].hand
    assert room.participants[BO].hand_at is None
    assert room.participants[BO].hand_seq is None


def test_a_screen_leaves_the_hand_where_it_is() -> None:
    room = after(given_room(guests=["Bo"]), "Bo", Set(hand=True))
    raised_at = room.participants[BO].hand_at

    room = after(room, "Bo", Set(screen=True))

    assert room.participants[BO].screen
    assert room.participants[BO].hand_at == raised_at


def test_hand_and_screen_together_are_one_event() -> None:
    assert granted(given_room(guests=["Bo"]), "Bo", Set(hand=True, screen=True)) == [Changed(BO, True, True)]


def test_a_hand_that_is_up_already_keeps_its_turn() -> None:
    """Such an event is not decided any more, but the log might have one."""
    meta = meta_after(given_room())

    assert evolve(Signs(True, "long ago", 3), Changed(BO, hand=True), meta) == Signs(True, "long ago", 3)


def test_what_is_so_already_is_no_event() -> None:
    room = after(given_room(guests=["Bo"]), "Bo", Set(hand=True))

    assert granted(room, "Bo", Set(hand=True, screen=False)) == []
    assert granted(room, "Bo", Set(hand=True, screen=True)) == [Changed(BO, screen=True)]


def test_a_hand_goes_with_its_participant() -> None:
    room = after(given_room(guests=["Bo"]), "Bo", Set(hand=True))

    room = after(room, "Bo", Leave(BO, "bye"))
    room = after(room, "Bo", join("Bo"))

    assert not room.participants[BO].hand


def test_a_set_with_both_parts_leads_to_an_event_and_a_tell() -> None:
    room = given_room(guests=["Bo"])
    wish = Set(hand=True, audio=True)

    assert granted(room, "Bo", wish) == [Changed(BO, hand=True)]
    live, tells = told(room, "Bo", wish)
    assert tells == [Tell(ChangedLive(BO, audio=True))]
    assert live == LiveState(live.shown, version=1)
    assert live.shown[BO] == Live(audio=True)


def test_the_live_part_leads_to_no_event_and_the_durable_part_to_no_tell() -> None:
    room = given_room(guests=["Bo"])

    assert granted(room, "Bo", Set(audio=True, status="tea")) == []
    assert told(room, "Bo", Set(hand=True)) == (LiveState(), [])


def test_only_what_changed_is_told() -> None:
    room = given_room(guests=["Bo"])
    live, _ = told(room, "Bo", Set(audio=True, video=True, status="tea"))

    live, tells = told(room, "Bo", Set(audio=True, video=False, status="tea"), live)

    assert tells == [Tell(ChangedLive(BO, video=False))]
    assert live.shown[BO] == Live(audio=True, status="tea")
    assert told(room, "Bo", Set(audio=True), live) == (live, [])


def test_all_off_is_as_if_nothing_had_been_said() -> None:
    room = given_room(guests=["Bo"])
    live, _ = told(room, "Bo", Set(audio=True))

    live, _ = told(room, "Bo", Set(audio=False), live)

    assert live == LiveState(version=2)


def test_a_status_is_printable() -> None:
    assert_told_off(given_room(), "Ann", Set(status="line\nbreak"), "bad_message")
    assert_told_off(given_room(), "Ann", Set(status="turned \u202e over"), "bad_message")


@pytest.mark.parametrize("field", ["audio", "video", "screen"])
def test_a_viewer_sends_nothing(field: str) -> None:
    room = given_room(viewers=["Vi"])
    on: dict[str, Any] = {field: True}
    off: dict[str, Any] = {field: False}

    assert_refused(room, "Vi", Set(hand=True, **on), "forbidden")
    assert_told_off(room, "Vi", Set(status="tea", **on), "forbidden")
    assert granted(room, "Vi", Set(hand=True, **off)) == [Changed(ParticipantId("vi"), hand=True)]


def test_who_is_not_here_or_too_late_shows_nothing() -> None:
    assert_refused(given_room(), "Stranger", Set(hand=True), "not_found")
    assert_told_off(given_room(), "Stranger", Set(audio=True), "not_found")
    assert_refused(given_room(ended=True), "Ann", Set(hand=True), "room_ended")
    assert_told_off(given_room(ended=True), "Ann", Set(audio=True), "room_ended")


def test_away_and_back_keep_the_rest() -> None:
    live, _ = told(given_room(guests=["Bo"]), "Bo", Set(audio=True))

    live, tells = set_away(live, BO, True)
    assert tells == [Tell(ChangedLive(BO, away=True))]
    assert live.shown[BO] == Live(audio=True, away=True)
    assert set_away(live, BO, True) == (live, [])

    live, tells = set_away(live, BO, False)
    assert tells == [Tell(ChangedLive(BO, away=False))]
    assert live.shown[BO] == Live(audio=True)


def test_who_left_is_forgotten() -> None:
    live, _ = set_away(LiveState(), BO, True)

    assert forget(live, BO) == LiveState(version=2)
    assert forget(LiveState(), BO) == LiveState()
