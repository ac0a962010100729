"""A room's past expires while people are in it, on real databases."""

from pathlib import Path
from typing import Any

import pytest

from meetserver.adapters.migrations import migrate
from meetserver.chores import thinner
from meetserver.config import Config
from meetserver.ids import MeetingId, RoomId
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decode_snapshot
from tests.integration.socket.conftest import Meeting, Socket


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


async def says(socket: Socket, number: int, text: str) -> dict[str, Any]:
    await socket.say(id=number, txn=f"t{number}", type="chat.send", data={"text": text})
    return dict((await socket.reply(number))["ok"])


async def test_who_is_there_is_told_and_who_comes_back_gets_what_is_left(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bo, hello = await meeting.enter()
    await says(ann, 2, "long ago")
    old = await says(ann, 3, "long ago")
    await bo.raw.close()
    server, room = meeting.server, RoomId(meeting.room)
    store: Any = server.router._store
    await thinner(server.core, store, server.router.desk).expire(MeetingId(meeting.id), room, old["seq"])
    assert (await ann.hear_type("room.expired"))["data"] == {"until": old["seq"]}
    await ann.say(id=4, txn="t4", type="chat.edit", data={"message_id": old["message_id"], "text": "again"})
    assert (await ann.reply(4))["error"]["code"] == "not_found"
    new = await says(ann, 5, "today")

    again = await meeting.welcomed(room)
    point = {"token": hello["resume_token"], "epoch": hello["epoch"], "seq": hello["seq"]}
    await again.say(id=1, type="hello", data={"resume": point})
    ok = (await again.reply(1))["ok"]
    assert (ok["recovered"], ok["seq"]) == (False, new["seq"])
    assert [one["text"] for one in ok["snapshot"]["chat"]["messages"]] == ["today"]
    assert ok["snapshot"]["room"]["expired_until"] == old["seq"]

    actor = server.router.rooms.get(room)
    loaded = await store.load(room)
    assert actor is not None
    assert loaded.snapshot is not None
    assert fold(decode_snapshot(loaded.snapshot.data), loaded.entries) == actor.actor.state
    assert next(entry.seq for entry in await store.page(room, 0, 99)) == old["seq"] + 1
    assert await store.entries_at(room, [old["seq"]]) == []
