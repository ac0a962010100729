"""Chat over sockets, on both databases: what is said about messages, who is away, how far people have read."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.adapters.migrations import migrate
from meetserver.client import Api
from meetserver.config import Config
from meetserver.rooms.models import room_event
from tests.integration.socket.conftest import PASSWORD, Meeting, Socket

UP = "\N{THUMBS UP SIGN}"
DEADLINE_S = 30


@pytest.fixture
async def config(database_url: str, tmp_path: Path) -> Config:
    """On both databases."""
    config = Config(
        database_url=database_url,
        data_dir=str(tmp_path),
        secret_key="a secret of 32 characters, or more",
        require_verified_email=False,
        bcrypt_cost=4,
    )
    await migrate(config)
    return config


class Person:
    """Somebody in the room."""

    def __init__(self, meeting: Meeting, api: Api, socket: Socket, ok: dict[str, Any]) -> None:
        self.meeting = meeting
        self.api = api
        self.socket = socket
        self.ok = ok
        self.id: str = ok["participant"]
        self._count = 1

    async def does(self, type_: str, **data: Any) -> dict[str, Any]:
        """The reply."""
        self._count += 1
        await self.socket.say(id=self._count, type=type_, txn=f"{self.id}-{self._count}", data=data)
        return await self.socket.reply(self._count)

    async def says(self, text: str, **more: Any) -> str:
        id_: str = (await self.does("chat.send", text=text, **more))["ok"]["message_id"]
        return id_

    async def gets(self, path: str) -> Any:
        url = self.meeting.base.make_url(f"/api/v1/meetings/{self.meeting.id}{path}")
        headers = {"Authorization": f"Session {self.ok['resume_token']}"}
        async with self.meeting.http.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            return msgspec.json.decode(await response.read())


async def enter(meeting: Meeting, api: Api, **more: Any) -> Person:
    offer = await api.join(meeting.id, **more)
    socket = await meeting.welcomed(offer.room_id)
    await socket.say(id=1, type="hello", data={"ticket": offer.ticket})
    return Person(meeting, api, socket, (await socket.reply(1))["ok"])


@pytest.fixture
async def ann(meeting: Meeting) -> Person:
    return await enter(meeting, meeting.host)


@pytest.fixture
async def bo(meeting: Meeting, ann: Person) -> Person:
    """A guest."""
    return await enter(meeting, meeting.guest, name="Bo")


@pytest.fixture
async def di(meeting: Meeting, ann: Person) -> Person:
    """With an account."""
    api = Api(str(meeting.base.make_url("")), http=meeting.http)
    await api.register("di@example.org", PASSWORD, "Di")
    await api.login("di@example.org", PASSWORD)
    return await enter(meeting, api)


async def in_the_log(meeting: Meeting, text: str) -> int:
    """Entries that say this, once they are opened."""
    core, room = meeting.server.core, meeting.room
    rows = await core.database.fetch(select(room_event).where(room_event.c.room_id == room))
    opened = [core.keys.unseal(row.data, f"{room}/{row.seq}") for row in rows]
    return sum(text.encode() in data for data in opened)


async def test_a_message_is_edited_reacted_to_and_deleted(ann: Person, bo: Person) -> None:
    id_ = await bo.says("the word is Oxblood")
    assert "ok" in await bo.does("chat.edit", message_id=id_, text="the word is Oxbloods")
    assert "ok" in await ann.does("chat.react", message_id=id_, emoji=UP)
    reacted = await bo.socket.hear_type("chat.reacted")
    assert reacted["data"] == {"message_id": id_, "emoji": UP, "on": True, "participant": ann.id}

    [message] = (await ann.gets("/messages"))["items"]
    assert (message["text"], message["reactions"]) == ("the word is Oxbloods", [{"emoji": UP, "by": [ann.id]}])
    seq_before = reacted["seq"]

    assert "ok" in await ann.does("chat.delete", message_id=id_)
    assert (await bo.socket.hear_type("chat.deleted"))["data"] == {"message_id": id_}
    [message] = (await ann.gets("/messages"))["items"]
    assert (message["text"], "reactions" in message, "deleted_at" in message) == ("", False, True)
    for path in ("/messages?q=Oxbloods", "/events", "/state", f"/state?at={seq_before}"):
        assert "Oxblood" not in str(await ann.gets(path)), path
        assert UP not in str(await ann.gets(path)), path
    async with asyncio.timeout(DEADLINE_S):
        while await in_the_log(ann.meeting, "Oxblood"):  # noqa: ASYNC110  (the database does not say)
            await asyncio.sleep(0.02)


async def test_old_messages_are_found_in_the_log(ann: Person, bo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHAT_PAGE_MESSAGES", 1)
    old = await bo.says("long ago")
    await bo.says("lately")
    assert (await ann.does("chat.edit", message_id=old, text="mine?"))["error"]["code"] == "forbidden"
    assert "ok" in await bo.does("chat.edit", message_id=old, text="then")
    assert "ok" in await ann.does("chat.pin", message_id=old)
    late = await enter(ann.meeting, ann.meeting.guest, name="Late")
    assert [one["text"] for one in late.ok["snapshot"]["chat"]["pinned"]] == ["then"]
    assert [one["text"] for one in late.ok["snapshot"]["chat"]["messages"]] == ["lately"]


async def test_a_private_message_waits_for_who_is_signed_in(ann: Person, di: Person) -> None:
    await di.socket.say(id=99, type="bye")
    await ann.socket.hear_type("participant.left")
    id_ = await ann.says("call me", to=[di.id])

    back = await enter(di.meeting, di.api)
    assert back.id != di.id
    chat = back.ok["snapshot"]["chat"]
    assert [message["text"] for message in chat["messages"]] == ["call me"]
    assert chat["people"][di.id]["name"] == "Di"
    assert [one["text"] for one in (await back.gets("/messages"))["items"]] == ["call me"]
    assert "ok" in await back.does("chat.react", message_id=id_, emoji=UP)
    assert (await ann.socket.hear_type("chat.reacted"))["data"]["participant"] == back.id
    await ann.says("you are back", to=[di.id])
    assert (await back.socket.hear_type("chat.sent"))["data"]["text"] == "you are back"


async def test_marks_are_told_and_in_the_next_snapshot(ann: Person, bo: Person) -> None:
    seq = (await ann.does("chat.send", text="read me"))["ok"]["seq"]
    await bo.does("chat.mark", read=seq)
    marked = await ann.socket.hear_type("chat.marked")
    assert marked["data"] == {"participant": bo.id, "delivered": seq, "read": seq}
    late = await enter(ann.meeting, ann.meeting.guest, name="Late")
    assert late.ok["snapshot"]["marks"] == {bo.id: {"delivered": seq, "read": seq}}


async def test_hosts_set_how_there_is_to_be_chatted(ann: Person, bo: Person) -> None:
    assert "ok" in await ann.does("room.settings", chat_slow_s=60, chat_private=False)
    await bo.says("one")
    refused = (await bo.does("chat.send", text="two"))["error"]
    assert (refused["code"], refused["temporary"]) == ("rate_limited", True)
    assert 0 < refused["retry_after_s"] <= 60
    assert (await ann.does("chat.send", text="psst", to=[bo.id]))["error"]["code"] == "forbidden"
    assert "ok" in await ann.does("room.settings", chat_mode="hosts", chat_slow_s=0)
    assert (await bo.does("chat.send", text="three"))["error"]["code"] == "forbidden"
