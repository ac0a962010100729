"""How many messages somebody has not read: of whom they count, and which."""

from typing import Any

import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.chat.messages import Deleted
from meetserver.errors import NotFound
from meetserver.http.unread_store import unread_of_guest
from meetserver.ids import ParticipantId, SessionId
from meetserver.ports import Mark
from meetserver.rooms.gone_guests import GoneGuests
from meetserver.rooms.messages import Left
from meetserver.rooms.models import room_mark
from tests.integration.http.conftest import Api
from tests.integration.http.test_history import BO, CY, Room

pytestmark = pytest.mark.both_databases

ANN, FORMERLY_ANN = ParticipantId("ann"), ParticipantId("ann2")


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def room(ann: Api) -> Room:
    """Ann's, in which she is, and was before, as two participants; and Bo, a guest."""
    room = Room(ann, await ann.given_meeting())
    user = (await ann.get("/users/me")).body["id"]
    for who in (ANN, FORMERLY_ANN):
        await room.joins(who, user)
    await room.joins(BO)
    return room


async def marked(room: Room, person: str, **how_far: int) -> None:
    log: Any = room.owner.services.history
    await log.save_marks(room.id, {person: Mark(**how_far)})


async def user_of(api: Api) -> str:
    return str((await api.get("/users/me")).body["id"])


async def unread(room: Room, reader: Api | None = None, **options: Any) -> Any:
    answer = await (reader or room.owner).get(f"{room.path}/unread", **options)
    assert answer.status == 200, answer
    return answer.body["unread"]


async def test_what_others_said_since(room: Room) -> None:
    for number in range(3):
        await room.says(BO, f"text {number}")  # seqs 4 to 6
    assert await unread(room) == 3, "nothing was ever read"
    await marked(room, await user_of(room.owner), delivered=6, read=4, seen=4)
    assert (await room.owner.get(f"{room.path}/unread")).body == {"unread": 2, "seen": 4}
    await room.says(FORMERLY_ANN, "one's own")
    await room.happens(BO, Deleted("6-k"))
    assert await unread(room) == 1, "neither one's own, as whoever one was, nor what was deleted"


async def test_what_has_expired_is_not_unread_though_it_is_there_still(room: Room) -> None:
    for number in range(3):
        await room.says(BO, f"text {number}")  # seqs 4 to 6
    data = b"the room as it was"
    await SqlLogExpiry(room.owner.services.database, room.owner.services.keys).set_base(room.id, 5, data)
    assert await unread(room) == 1


async def test_private_messages_count_for_those_they_are_for(room: Room) -> None:
    await room.joins(CY)
    await room.says(BO, "to Cy", to=[CY])
    assert await unread(room) == 0
    await room.says(BO, "to who Ann was", to=[ANN, CY])
    assert await unread(room) == 1


async def test_a_guest_asks_with_the_session(room: Room) -> None:
    token = await room.joins(CY)
    await room.says(ANN, "to all")
    await room.says(ANN, "to Cy", to=[CY])
    await room.says(ANN, "to Bo", to=[BO])
    await room.says(CY, "own")
    assert await unread(room, room.owner.signed_in(None), headers={"Authorization": f"Session {token}"}) == 2
    await marked(room, CY, delivered=5)
    assert await unread(room, room.owner.signed_in(None), headers={"Authorization": f"Session {token}"}) == 1, (
        "a client that tells no more than what it got has shown it"
    )


async def test_a_guest_whose_meeting_goes_in_this_very_moment_is_told_so(room: Room) -> None:
    assert (await room.owner.delete(room.path)).status == 204
    with pytest.raises(NotFound):
        await unread_of_guest(room.owner.services.database, room.id, BO)


async def test_more_than_a_bound_is_not_counted(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNREAD_MESSAGES", 3)
    for number in range(5):
        await room.says(BO, f"text {number}")
    assert await unread(room) == 3


async def test_who_was_never_there_has_nothing_unread(ann: Api) -> None:
    room = Room(ann, await ann.given_meeting())
    await room.says(BO, "text")
    assert (await ann.get(f"{room.path}/unread")).body == {"unread": None, "seen": None}
    assert (await ann.get("/users/me/unread")).body["items"] == []


async def test_all_of_ones_own_meetings_by_pages(room: Room) -> None:
    await room.says(BO, "text")
    ann, user = room.owner, await user_of(room.owner)
    ann.services.clock.advance(1)  # type: ignore[attr-defined]
    other = Room(ann, await ann.given_meeting())
    await other.joins(ParticipantId("ann-there"), user)
    for page in (await ann.get("/users/me/unread")).body["items"], await pages_of(ann):
        assert [(one["meeting"], one["unread"]) for one in page] == [
            (other.path.rpartition("/")[2], 0),
            (room.path.rpartition("/")[2], 1),
        ]


async def pages_of(api: Api) -> list[Any]:
    items: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await api.get("/users/me/unread", params={"limit": "1"} | ({"cursor": cursor} if cursor else {}))
        items, cursor = items + answer.body["items"], answer.body["next"]
    return items


async def test_marks_of_guests_who_are_gone_are_removed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SWEEP_ROWS", 2)
    user, database = await user_of(room.owner), room.owner.services.database
    for person in (user, BO, CY, "cy2"):
        await marked(room, person, read=1)
    await room.happens(ANN, Left(ANN, "bye"), closed=(SessionId("ann-session"),))
    for _ in range(2):
        await GoneGuests(database).run()
        left = await database.fetch(select(room_mark.c.person))
        assert {row.person for row in left} == {user, BO}, "who has an account, or is there, keeps theirs"
