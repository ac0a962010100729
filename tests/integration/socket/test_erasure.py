"""An account is erased while its owner sits in somebody else's meeting: what was theirs is nowhere any more."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from meetserver.adapters.migrations import migrate
from meetserver.audit.models import security_event
from meetserver.client import Api
from meetserver.config import Config
from meetserver.database import metadata
from meetserver.ids import RoomId
from tests.integration.socket.conftest import PASSWORD, Meeting, Socket

SECRET = "my address is 7 Elm Street"
NAME = "Bo Q. Bloggs"
EMAIL = "bo@example.org"
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
    """Somebody with an account, in Ann's meeting."""

    def __init__(self, meeting: Meeting, api: Api) -> None:
        self.meeting = meeting
        self.api = api

    async def enter(self) -> tuple[Socket, dict[str, Any]]:
        offer = await self.api.join(self.meeting.id)
        socket = await self.meeting.welcomed(offer.room_id)
        await socket.say(id=1, type="hello", data={"ticket": offer.ticket})
        return socket, (await socket.reply(1))["ok"]

    async def call(self, method: str, path: str) -> tuple[int, Any]:
        tokens = self.api.tokens
        headers = {"Authorization": f"Bearer {tokens.access_token}"} if tokens else {}
        url = self.meeting.base.make_url(f"/api/v1{path}")
        async with self.meeting.http.request(method, url, headers=headers) as response:
            content = await response.read()
            return response.status, msgspec.json.decode(content) if content else None


@pytest.fixture
async def bo(meeting: Meeting) -> Person:
    api = Api(str(meeting.base.make_url("")), http=meeting.http)
    await api.register(EMAIL, PASSWORD, NAME)
    await api.login(EMAIL, PASSWORD)
    return Person(meeting, api)


async def erased(person: Person) -> dict[str, Any]:
    """Ask for it and wait for it: the receipt."""
    status, receipt = await person.call("DELETE", "/users/me")
    assert (status, receipt["state"]) == (202, "under_way")
    async with asyncio.timeout(DEADLINE_S):
        while receipt["state"] != "done":
            await asyncio.sleep(0.05)
            receipt = (await person.call("GET", f"/erasures/{receipt['id']}"))[1]
    return dict(receipt)


async def all_that_is_kept(meeting: Meeting, room: str) -> bytes:
    """The log and the snapshot, unsealed; what the live room and its history say."""
    store = meeting.server.router._store
    entries = await store.page(RoomId(room), 0, 1000)
    loaded = await store.load(RoomId(room))
    live = await meeting.server.router.desk.state(RoomId(room))
    snapshot = b"" if loaded.snapshot is None else loaded.snapshot.data
    return b"\n".join([snapshot, live or b"", *(entry.data for entry in entries)])


async def test_nothing_of_it_is_left(meeting: Meeting, bo: Person) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bos, hello = await bo.enter()
    await bos.say(id=2, txn="t1", type="chat.send", data={"text": SECRET})
    await bos.reply(2)
    await ann.say(id=2, txn="t1", type="chat.send", data={"text": "thanks"})
    await ann.reply(2)
    room = meeting.room
    await bo.api.create_meeting("Bo's own")
    before = await all_that_is_kept(meeting, room)
    assert SECRET.encode() in before
    assert NAME.encode() in before

    receipt = await erased(bo)

    assert receipt["report"]["meetings"] == {"meetings": 1, "invitations": 0}
    assert receipt["report"]["rooms"] == {"rooms": 1, "entries": 2}
    assert receipt["report"]["account"]["user_account"] == 1
    left = await all_that_is_kept(meeting, room)
    for trace in (SECRET, NAME, EMAIL):
        assert trace.encode() not in left, trace
    assert b"thanks" in left
    told = await ann.hear_type("participant.erased")
    assert told["data"] == {"participants": [hello["participant"]]}
    assert (await bos.end())[0] is not None, "it is closed"
    assert (await bo.call("GET", "/users/me"))[0] == 401


async def test_who_comes_back_is_not_told_it_either(meeting: Meeting, bo: Person) -> None:
    """Neither by the frames that the edge keeps, nor from the log."""
    await meeting.enter()  # a guest stays, and the edge with them
    ann, hello = await meeting.enter(as_host=True)
    bos, _ = await bo.enter()
    await bos.say(id=2, txn="t1", type="chat.send", data={"text": SECRET})
    await bos.reply(2)
    await ann.raw.close()
    await erased(bo)
    again = await meeting.welcomed(meeting.room)
    point = {"token": hello["resume_token"], "epoch": hello["epoch"], "seq": hello["seq"]}
    await again.say(id=1, type="hello", data={"resume": point})
    heard = []
    while (frame := await again.hear()).get("type") != "participant.erased":
        heard.append(frame)
    assert SECRET not in str(heard)
    assert NAME not in str(heard)
    assert any(frame.get("type") == "chat.sent" and frame["data"]["name"] == "erased" for frame in heard)


async def test_a_room_that_is_over_is_emptied_too(meeting: Meeting, bo: Person) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bos, _ = await bo.enter()
    await bos.say(id=2, txn="t1", type="chat.send", data={"text": SECRET})
    await bos.reply(2)
    room = meeting.room
    await ann.say(id=3, txn="t2", type="room.end", data={})
    await ann.reply(3)
    await erased(bo)
    assert SECRET.encode() not in await all_that_is_kept(meeting, room)


def database_files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("*.sqlite3*")))


async def test_no_table_and_no_file_of_the_database_has_it(meeting: Meeting, bo: Person, config: Config) -> None:
    """Neither what was deleted, in free pages or the write-ahead log, nor answers kept for repeated requests."""
    core = meeting.server.core
    key = {"Idempotency-Key": "k1"}
    tokens = bo.api.tokens
    assert tokens is not None
    url, headers = meeting.base.make_url("/api/v1/meetings"), {"Authorization": f"Bearer {tokens.access_token}"} | key
    async with meeting.http.post(url, json={"title": NAME, "description": SECRET}, headers=headers) as response:
        assert response.status == 201
    await meeting.enter(as_host=True)
    bos, _ = await bo.enter()
    await bos.say(id=2, txn="t1", type="chat.send", data={"text": SECRET})
    await bos.reply(2)
    me = (await bo.call("GET", "/users/me"))[1]["id"]
    await core.database.forget_deleted()  # all of it is in the file itself before it is deleted
    await erased(bo)
    for table in metadata.sorted_tables:
        rows = str(await core.database.fetch(select(table)))
        for trace in (SECRET, NAME, EMAIL):
            assert trace not in rows, (table.name, trace)
        # As a number among others, where a row outlives the account.
        assert me not in rows or table.name in {security_event.name, "erasure", "job"}, table.name
    files = await asyncio.to_thread(database_files, Path(config.data_dir))
    assert (files != b"") == (core.database.dialect == "sqlite")
    for trace in (SECRET, NAME, EMAIL):
        assert trace.encode() not in files, trace
