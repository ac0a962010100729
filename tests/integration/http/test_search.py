"""A chat's past is searched: whose messages are found, how they are marked, and where there is no search."""

from typing import Any

import pytest
from sqlalchemy import func, select

from meetserver import limits
from meetserver.chat.messages import Deleted, Edited, Reacted, Sent
from meetserver.ids import ParticipantId
from meetserver.rooms.indexer import Indexer
from meetserver.rooms.models import message_text
from tests.integration.http.conftest import Answer, Api
from tests.integration.http.test_history import BO, CY, Room, texts

pytestmark = pytest.mark.both_databases


@pytest.fixture
async def room(api: Api) -> Room:
    ann = await api.given_user()
    return Room(ann, await ann.given_meeting())


async def index(room: Room) -> None:
    await Indexer(room.owner.services.message_index).run()


async def search(room: Room, q: str, who: Api | None = None, **query: Any) -> Answer:
    return await (who or room.owner).get(f"{room.path}/messages", params={"q": q, **query})


async def test_what_was_said_is_found_and_marked(room: Room) -> None:
    for text in ("Hello all", "the STRASSE is long", "all, hello all"):
        await room.says(BO, text)
    await index(room)
    answer = await search(room, "straße")
    assert texts(answer) == ["the STRASSE is long"]
    assert answer.body["items"][0]["highlights"] == [[4, 7]]
    assert answer.body["index"] == {"until_seq": 3, "is_behind": False}
    assert (await search(room, '"hello all"')).body["items"][1]["highlights"] == [[5, 9]]
    assert texts(await search(room, "all -long")) == ["Hello all", "all, hello all"]
    for absent in ("\x00", "null", "-hello", "ello", "\N{PARTY POPPER}", "'", '"'):
        assert texts(await search(room, absent)) == [], absent
    plain = (await room.owner.get(f"{room.path}/messages")).body
    assert "index" not in plain
    assert not [item for item in plain["items"] if "highlights" in item]


async def test_pages_of_what_was_found(room: Room) -> None:
    for number in range(1, 8):
        await room.says(BO, f"text {number}" if number % 2 else "other")
    await index(room)
    first = await search(room, "text", limit=2)
    assert texts(first) == ["text 5", "text 7"]
    rest = await search(room, "text", limit=2, cursor=first.body["next"])
    assert (texts(rest), rest.body["next"]) == (["text 1", "text 3"], None)
    first = await search(room, "text", after=1, limit=2)
    assert texts(first) == ["text 3", "text 5"]
    assert texts(await search(room, "text", cursor=first.body["next"])) == ["text 7"]
    assert texts(await search(room, "text", before=5)) == ["text 1", "text 3"]


async def test_messages_are_found_as_they_are_now(room: Room) -> None:
    for number in range(3):
        await room.says(BO, f"text {number}")
    await index(room)
    await room.happens(BO, Edited("1-k", "edited"))
    await room.happens(CY, Reacted("2-k", "\N{SNOWMAN}", True, CY))
    await room.happens(BO, Deleted("3-k"))
    for is_behind in (True, False):
        answer = await search(room, "text")
        assert texts(answer) == ["text 1"], "the index may not know of it yet"
        assert answer.body["items"][0]["reactions"] == [{"emoji": "\N{SNOWMAN}", "by": ["cy"]}]
        assert answer.body["index"]["is_behind"] is is_behind
        await index(room)
    assert texts(await search(room, "edited")) == ["edited"]


async def test_private_messages_are_found_by_those_they_are_for(room: Room) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    await room.joins(BO, (await bo.get("/users/me")).body["id"])
    token = await room.joins(CY)
    for _ in range(3):
        await room.says(CY, "secret to Bo", to=[BO])
    await room.says(CY, "secret to all")
    await index(room)
    assert texts(await search(room, "secret")) == ["secret to all"], "not even for the owner"
    assert len(texts(await search(room, "secret", bo))) == 4
    guest = await room.owner.signed_in(None).get(
        f"{room.path}/messages", params={"q": "secret"}, headers={"Authorization": f"Session {token}"}
    )
    assert len(texts(guest)) == 4, "its author"
    page = await search(room, "secret", limit=1)
    assert (texts(page), page.body["next"]) == (["secret to all"], None), "nothing tells that there were others"
    await room.says(CY, "secret to Bo", to=[BO])
    await index(room)
    assert (await search(room, "secret", limit=1)).body == page.body | {"index": {"until_seq": 7, "is_behind": False}}


async def test_where_its_host_says_so_nothing_is_searched(room: Room) -> None:
    await room.says(BO, "hello")
    await index(room)
    meeting = room.path.removeprefix("/meetings/")
    assert (await room.owner.patch(room.path, {"settings": {"chat_search": False}})).status == 200
    answer = await search(room, "hello")
    assert (answer.status, answer.code) == (422, "search_off")
    assert texts(await room.owner.get(f"{room.path}/messages")) == ["hello"]
    await index(room)
    rows = await room.owner.services.database.fetch(select(func.count()).select_from(message_text))
    assert rows[0][0] == 0, "nothing of it is kept"
    assert (await room.owner.patch(f"/meetings/{meeting}", {"settings": {"chat_search": None}})).status == 200
    await index(room)
    assert texts(await search(room, "hello")) == ["hello"]


async def test_an_encrypted_chat_is_not_in_the_index(api: Api) -> None:
    ann = await api.given_user()
    room = Room(ann, await ann.given_meeting(settings={"e2ee": True}))
    await room.happens(BO, Sent("1-k", "Bo", ciphertext="hello", key_id="k"))
    await index(room)
    assert (await search(room, "hello")).code == "not_supported"
    rows = await ann.services.database.fetch(select(func.count()).select_from(message_text))
    assert rows[0][0] == 0


async def test_hostile_queries_are_answered(room: Room) -> None:
    await room.says(ParticipantId("eve"), "it's a:* & b")
    await index(room)
    for q in ("'", '"', "a:*", "a & b", "!a", "(", "NEAR(a)", "it's", "words:a", "\\", "%", "x" * limits.SEARCH_CHARS):
        assert (await search(room, q)).status == 200, q
    assert texts(await search(room, "it's")) == ["it's a:* & b"]
