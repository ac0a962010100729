"""Operators and two real shards: a room with somebody in it is moved, put to sleep, closed and released; one drains."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meetserver.chat.messages import Send
from meetserver.client import Api, ConnectionLost, RoomClient, RoomClosed
from meetserver.close_codes import QUARANTINED
from meetserver.config import Config
from meetserver.errors import Refused
from meetserver.ids import RoomId
from meetserver.operating import Operator, operating
from meetserver.ports import RoomStatus
from tests.contract.eventually import eventually
from tests.servers.meetserver import SECRET_KEY, MeetServer

ROOT, PASSWORD = "root@example.com", "correct horse battery"


@pytest.fixture
def shards(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[dict[str, MeetServer]]:
    common = {"MEET_REDIS_URL": redis_url, "MEET_RATE_FACTOR": "0"}
    root = {"MEET_ADMIN_EMAIL": ROOT, "MEET_ADMIN_PASSWORD": PASSWORD}
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(MeetServer(postgres_url, {"MEET_SHARD_ID": name, **common, **root}, tmp_path))
            for name in ("shard-1", "shard-2")
        }


@pytest.fixture
async def operator(
    shards: dict[str, MeetServer], postgres_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Operator]:
    config = Config(database_url=postgres_url, redis_url=redis_url, secret_key=SECRET_KEY, data_dir=str(tmp_path))
    async with operating(config, shards["shard-1"].base_url) as operator:

        async def know_each_other() -> bool:
            return len(await operator.shards()) == len(shards)

        await eventually(know_each_other)
        yield operator


@pytest.fixture
async def api(shards: dict[str, MeetServer]) -> AsyncIterator[Api]:
    """Root's, at the first shard."""
    async with Api(shards["shard-1"].base_url) as api:
        await api.login(ROOT, PASSWORD)
        yield api


async def status(operator: Operator, room: str) -> RoomStatus | None:
    return next((one for one in (await operator.rooms(None, 100))[0] if one.id == room), None)


async def test_a_room_with_somebody_in_it(operator: Operator, api: Api) -> None:
    meeting = await api.create_meeting("Weekly")
    room = RoomId(meeting.room_id)
    async with RoomClient.join(await api.join(meeting.id)) as ann:
        first = await ann.send(Send("here"))
        before = await status(operator, room)
        assert before is not None
        assert (before.members, before.is_quarantined) == (1, False)

        (other,) = {"shard-1", "shard-2"} - {before.owner}
        await operator.move(room, other)
        second = await ann.send(Send("there"))
        moved = await status(operator, room)
        assert moved is not None
        assert (moved.owner, moved.members) == (other, 1)
        assert moved.epoch > before.epoch
        assert second.seq == first.seq + 1

        await operator.sleep(room)
        third = await ann.send(Send("awake again"))
        woken = await status(operator, room)
        assert woken is not None
        assert woken.epoch > moved.epoch
        assert third.seq == second.seq + 1

        await operator.quarantine(room)
        with pytest.raises(RoomClosed) as closed:
            async for _ in ann.events():
                pass
        assert closed.value.code == QUARANTINED
    resting = await status(operator, room)
    assert resting is not None
    assert (resting.is_quarantined, resting.members) == (True, 0)
    with pytest.raises(ConnectionLost, match="unavailable"):
        async with RoomClient.join(await api.join(meeting.id)):
            pass

    await operator.release(room)
    async with RoomClient.join(await api.join(meeting.id)) as ann:
        assert (await ann.send(Send("back"))).seq > third.seq


async def test_a_shard_is_drained(operator: Operator, api: Api, shards: dict[str, MeetServer]) -> None:
    assert [(shard.id, shard.is_draining) for shard in await operator.shards()] == [
        ("shard-1", False),
        ("shard-2", False),
    ]
    meeting = await api.create_meeting("Weekly")
    async with RoomClient.join(await api.join(meeting.id)) as ann:
        await operator.move(meeting.room_id, "shard-2")
        last = await ann.send(Send("here"))
        await operator.drain("shard-2")
        assert (await ann.send(Send("still here"))).seq == last.seq + 1

        async def is_alone() -> bool:
            return [shard.id for shard in await operator.shards()] == ["shard-1"]

        await eventually(is_alone)
        with pytest.raises(Refused, match="takes no rooms"):
            await operator.move(meeting.room_id, "shard-2")
        with pytest.raises(ConnectionLost):
            async with Api(shards["shard-2"].base_url) as ended:
                await ended.login(ROOT, PASSWORD)
        assert (await ann.send(Send("and on"))).seq == last.seq + 2
