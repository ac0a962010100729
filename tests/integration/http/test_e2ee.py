"""What encrypted chat means to HTTP: when it can be chosen, and what the server then cannot do."""

import pytest

from tests.integration.http.conftest import Api
from tests.integration.http.test_history import BO, Room

pytestmark = pytest.mark.both_databases

ON = {"settings": {"e2ee": True}}


async def is_encrypted(owner: Api, path: str) -> bool:
    return bool((await owner.get(path)).body["settings"]["e2ee"])


async def test_it_is_chosen_when_the_meeting_is_made_or_before_anybody_came(api: Api) -> None:
    ann = await api.given_user()
    made = (await ann.post("/meetings", {"title": "Weekly", **ON})).body
    room = Room(ann, made)
    assert await is_encrypted(ann, room.path)

    for wish in ({"e2ee": False}, {"e2ee": True}):
        assert (await ann.patch(room.path, {"settings": wish})).status == 200
        assert await is_encrypted(ann, room.path) == wish["e2ee"]


@pytest.mark.parametrize("wish", [{"settings": {"e2ee": False}}, {"settings": {"e2ee": None}}, {"settings": None}])
async def test_it_is_settled_once_somebody_has_been_there(api: Api, wish: dict[str, object]) -> None:
    ann = await api.given_user()
    room = Room(ann, (await ann.post("/meetings", {"title": "Weekly", **ON})).body)
    await room.joins(BO)

    answer = await ann.patch(room.path, wish)

    assert (answer.status, answer.code) == (409, "conflict")
    assert (await ann.patch(room.path, {"title": "Monthly", "settings": {"e2ee": True, "chat": False}})).status == 200
    assert await is_encrypted(ann, room.path)


async def test_only_so_many_can_take_part(api: Api) -> None:
    ann = await api.given_user()
    answer = await ann.post("/meetings", {"title": "Weekly", "settings": {"e2ee": True, "max_participants": 101}})
    assert (answer.status, answer.code) == (400, "bad_message")


async def test_the_server_cannot_search_what_it_cannot_read(api: Api) -> None:
    ann = await api.given_user()
    room = Room(ann, (await ann.post("/meetings", {"title": "Weekly", **ON})).body)

    answer = await ann.get(f"{room.path}/messages", params={"q": "x"})

    assert (answer.status, answer.code) == (422, "not_supported")
    assert (await ann.get(f"{room.path}/messages")).status == 200
