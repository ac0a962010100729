"""What pictures of the board are made of."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from meetserver import limits
from meetserver.http.drawings import drawings_of, elements_of
from meetserver.meetings.store import Meeting
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Apply, Put
from meetserver.whiteboard.state import SLICE, shown
from tests.builders import after, given_room

MEETING = cast(Meeting, SimpleNamespace(id="m", title="Plans"))


class AskedFiles:
    """Has none, and notes which were wanted."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    async def thumbnails(self, _: str, wanted: list[str], px: int) -> AsyncIterator[tuple[str, bytes]]:
        self.wanted += wanted
        for found in list[tuple[str, bytes]]():
            yield found


def given_elements(count: int, **fields: Any) -> RoomState:
    room = given_room()
    for first in range(0, count, limits.BOARD_OPS):
        ids = [str(number) for number in range(first, min(count, first + limits.BOARD_OPS))]
        room = after(room, "Ann", Apply([Put(id_, {**fields, "file": id_}) for id_ in ids]))
    return room


async def test_the_lowest_images_are_looked_up_where_there_are_too_many() -> None:
    files: Any = AskedFiles()
    await drawings_of(files, MEETING, given_elements(2 * limits.PICTURE_IMAGES, kind="image").whiteboard, ["1"])
    assert files.wanted == [str(number) for number in range(limits.PICTURE_IMAGES)]


async def test_others_have_their_turn_while_a_large_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_S", -1)
    page = given_elements(4 * SLICE, kind="line").whiteboard.page("1")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going_on = asyncio.create_task(others())
    assert await elements_of(page) == shown(page)
    going_on.cancel()
    assert turns >= 4
