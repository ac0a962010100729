"""What hosts set for the chat: who writes, whether in private, how often."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Send, Typing
from meetserver.errors import Refusal
from meetserver.ids import UserId
from meetserver.rooms.messages import ChangeSettings, Leave
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState
from tests.builders import (
    after,
    assert_refused,
    assert_told_off,
    context,
    given_room,
    granted,
    join,
    participant_id,
    told,
)


@pytest.fixture
def room() -> RoomState:
    return given_room(host="Ann", guests=["Bo", "Cy"])


def test_only_hosts_write(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_mode="hosts"))
    assert_refused(room, "Bo", Send(text="hi"), "forbidden")
    assert_told_off(room, "Bo", Typing(on=True), "forbidden")
    assert granted(room, "Ann", Send(text="hi"))
    told(room, "Ann", Typing(on=True))


def test_nobody_writes_in_private(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_private=False))
    for name, to in (("Bo", "cy"), ("Ann", "bo")):
        assert_refused(room, name, Send(text="psst", to=[to]), "forbidden")
    assert granted(room, "Bo", Send(text="to all"))


def again(room: RoomState, name: str, after_s: float) -> object:
    """What becomes of another message of theirs, this long after the last entry."""
    assert room.at is not None
    ctx = replace(context(room, name), at=room.at + timedelta(seconds=after_s))
    return decide(room, Send(text="and"), ctx)


def test_in_slow_mode_each_person_waits_but_for_hosts(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_slow_s=30))
    room = after(after(room, "Cy", Send(text="x")), "Bo", Send(text="hi"))
    refusal = again(room, "Bo", 29.5)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.temporary, refusal.retry_after_s) == ("rate_limited", True, 1)
    assert isinstance(again(room, "Bo", 30), list)
    assert isinstance(again(after(room, "Ann", Send(text="x")), "Ann", 1), list)
    assert isinstance(again(after(room, "Ann", ChangeSettings(chat_slow_s=0)), "Bo", 1), list)


def test_who_comes_back_signed_in_still_waits(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_slow_s=300))
    room = after(room, "Di", replace(join("Di"), user=UserId("dis-account")))
    room = after(room, "Di", Send(text="hi"))
    room = after(room, "Di", Leave(participant_id("Di"), "bye"))
    room = after(room, "Di2", replace(join("Di2"), user=UserId("dis-account")))
    assert_refused(room, "Di2", Send(text="again"), "rate_limited")


def test_who_is_there_in_two_tabs_waits_in_both(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_slow_s=300))
    for tab in ("Di", "Di2"):
        room = after(room, tab, replace(join(tab), user=UserId("dis-account")))
    room = after(room, "Di", Send(text="hi"))
    assert_refused(room, "Di2", Send(text="again"), "rate_limited")
    assert granted(room, "Bo", Send(text="hi"))


def test_those_who_waited_long_enough_are_forgotten(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(chat_slow_s=2))
    with patch.object(limits, "CHAT_SLOW_PEOPLE", 2):
        for name in ("Bo", "Cy", "Ann"):
            room = after(room, name, Send(text="hi"))
    assert sorted(room.chat.spoke) == ["ann", "cy"]
