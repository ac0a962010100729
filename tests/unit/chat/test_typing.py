"""chat.typing."""

import pytest

from meetserver.chat.messages import Typing, TypingTold
from meetserver.messages import Tell
from tests.builders import assert_told_off, given_room, told, with_settings


@pytest.mark.parametrize("on", [True, False])
def test_the_others_are_told(on: bool) -> None:
    _, tells = told(given_room(), "Ann", Typing(on=on))

    assert tells == [Tell(TypingTold(on))]


def test_it_is_refused_where_chat_is_turned_off() -> None:
    assert_told_off(with_settings(given_room(), chat=False), "Ann", Typing(on=True), "forbidden")


def test_it_is_refused_in_an_ended_room() -> None:
    assert_told_off(given_room(ended=True), "Ann", Typing(on=True), "room_ended")
