"""The doors inside the room, over real sockets: lobby, lock, bans and address rules."""

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from meetserver.audit.models import security_event
from meetserver.bootstrap import open_server
from meetserver.client import ApiError, Attached, JoinOffer, RoomClient, RoomClosed
from meetserver.config import Config
from meetserver.rooms import messages as rooms
from tests.integration.socket.conftest import Meeting, Socket

HELLO_S = 30.0


async def hello(meeting: Meeting, **data: Any) -> tuple[Socket, dict[str, Any]]:
    """A socket that has said hello, and the reply."""
    socket = await meeting.welcomed(meeting.room)
    await socket.say(id=1, type="hello", data=data)
    return socket, await socket.reply(1)


async def enter(meeting: Meeting, offer: JoinOffer) -> tuple[Socket, dict[str, Any]]:
    socket, reply = await hello(meeting, ticket=offer.ticket)
    return socket, reply["ok"]


async def as_host(meeting: Meeting, host: Socket, type_: str, **data: Any) -> None:
    await host.say(id=type_, type=type_, txn=type_, data=data)
    assert "ok" in await host.reply(type_)


async def patch_settings(meeting: Meeting, **settings: Any) -> None:
    assert meeting.host.tokens is not None
    headers = {"Authorization": f"Bearer {meeting.host.tokens.access_token}"}
    url = meeting.base.make_url(f"/api/v1/meetings/{meeting.id}")
    async with meeting.http.patch(url, json={"settings": settings}, headers=headers) as response:
        assert response.status == 200, await response.text()


async def history_status(meeting: Meeting, resume_token: str) -> int:
    url = meeting.base.make_url(f"/api/v1/meetings/{meeting.id}/messages")
    async with meeting.http.get(url, headers={"Authorization": f"Session {resume_token}"}) as response:
        return response.status


async def written_down(meeting: Meeting, type_: str, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Events of the security log, once there are so many: address, subject, and what else is said."""
    event = security_event.c
    statement = select(event.address, event.subject, event.data).where(event.type == type_).order_by(event.seq)
    database = meeting.server.core.database
    async with asyncio.timeout(HELLO_S):
        while len(rows := await database.fetch(statement)) < count:  # noqa: ASYNC110  (in the background)
            await asyncio.sleep(0.01)
    return [(row.address, row.subject, msgspec.json.decode(row.data)) for row in rows]


async def test_who_waits_gets_nothing_and_then_all_of_it(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    await as_host(meeting, ann, "room.settings", lobby=True)
    bo, ok = await enter(meeting, await meeting.offer())
    assert (ok["state"], ok["recovered"]) == ("waiting", False)
    assert not ok.keys() & {"snapshot", "presence", "marks"}
    assert await history_status(meeting, ok["resume_token"]) == 401
    await as_host(meeting, ann, "chat.send", text="behind the door")
    await bo.say(id=2, type="chat.send", txn="t", data={"text": "let me in"})
    assert (await bo.hear())["error"]["code"] == "waiting_room"  # and no event before it
    await bo.say(id=3, type="ping")
    assert "ok" in await bo.reply(3)
    await as_host(meeting, ann, "participant.admit", participant=ok["participant"])
    frame = await bo.hear()
    assert (frame["type"], frame["data"]["state"], frame["data"]["role"]) == ("snapshot", "joined", "participant")
    assert frame["data"]["snapshot"]["waiting"] == []
    assert await history_status(meeting, ok["resume_token"]) == 200
    await bo.say(id=4, type="chat.send", txn="t", data={"text": "thanks"})
    assert (await bo.reply(4))["ok"]["seq"] == frame["data"]["seq"] + 1


async def test_who_is_denied_is_out_and_cannot_resume(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    await as_host(meeting, ann, "room.settings", lobby=True)
    bo, ok = await enter(meeting, await meeting.offer())
    await as_host(meeting, ann, "participant.deny", participant=ok["participant"])
    assert await bo.end() == (3503, "forbidden")
    again, reply = await hello(meeting, resume={"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]})
    assert reply["error"]["code"] == "forbidden"
    assert await again.end() == (3503, "forbidden")
    assert await history_status(meeting, ok["resume_token"]) == 401


async def test_the_queue_is_there_after_a_restart(config: Config, meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    await as_host(meeting, ann, "room.settings", lobby=True)
    _, first = await enter(meeting, await meeting.offer())
    _, second = await enter(meeting, await meeting.offer())
    await meeting.server.router.drain()
    async with open_server(config) as server:
        base = TestServer(server.app)
        await base.start_server(shutdown_timeout=0.1)
        restarted = Meeting(server, base, meeting.http)
        async with asyncio.timeout(HELLO_S):
            point = {"token": second["resume_token"], "epoch": second["epoch"], "seq": second["seq"]}
            _, reply = await hello(restarted, resume=point)
        assert reply["ok"]["state"] == "waiting"
        state = await server.router.desk.state(server.router.room_ids[0])
        assert state is not None
        assert state.index(first["participant"].encode()) < state.index(second["participant"].encode())
        await base.close()


async def test_a_locked_room_takes_hosts_alone(meeting: Meeting) -> None:
    early = await meeting.offer()
    ann, _ = await meeting.enter(as_host=True)
    await as_host(meeting, ann, "room.lock", locked=True)
    with pytest.raises(ApiError) as refused:
        await meeting.offer()
    assert (refused.value.status, refused.value.code) == (403, "room_locked")
    late, reply = await hello(meeting, ticket=early.ticket)
    assert reply["error"]["code"] == "room_locked"
    assert await late.end() == (3503, "room_locked")
    await meeting.enter(as_host=True)


async def test_a_ban_closes_holds_and_is_written_down(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    early = await meeting.offer()
    bo, ok = await enter(meeting, await meeting.offer())
    await as_host(meeting, ann, "participant.ban", participant=ok["participant"])
    assert await bo.end() == (3503, "forbidden")
    _, reply = await hello(meeting, resume={"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]})
    assert reply["error"]["code"] == "forbidden"
    _, reply = await hello(meeting, ticket=early.ticket)  # the same address, another name
    assert reply["error"]["code"] == "forbidden"
    ((_, subject, _),) = await written_down(meeting, "participant.banned", 1)
    assert subject == ok["participant"]


async def test_address_rules_hold_for_tickets_and_resumes(meeting: Meeting) -> None:
    early = await meeting.offer()
    bo, ok = await meeting.enter()
    await patch_settings(meeting, ip_rules=[{"effect": "deny", "network": "127.0.0.0/8", "roles": ["guest"]}])
    late, reply = await hello(meeting, ticket=early.ticket)
    assert reply["error"]["code"] == "forbidden"
    assert await late.end() == (3503, "forbidden")
    await bo.raw.close()
    again, reply = await hello(meeting, resume={"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]})
    assert reply["error"]["code"] == "forbidden"
    assert await again.end() == (3503, "forbidden")
    seen = ("127.0.0.1", meeting.id, {"rules": "meeting"})
    assert await written_down(meeting, "ip.refused", 2) == [seen, seen]


async def test_the_python_client_waits_until_it_is_let_in(meeting: Meeting) -> None:
    async with RoomClient.join(await meeting.offer(as_host=True), http=meeting.http) as ann:
        await ann.send(rooms.ChangeSettings(lobby=True))
        async with RoomClient.join(await meeting.offer(), http=meeting.http) as bo:
            assert bo.state.state == "waiting"
            bo.drop()
            await ann.send(rooms.Admit(bo.state.participant))
            async with asyncio.timeout(HELLO_S):
                await bo.admitted()
            assert bo.state.state == "joined"
            assert bo.state.snapshot
            attached = [event async for event in _first(bo, 2)]
            assert all(isinstance(event, Attached) for event in attached)


async def test_the_python_client_is_told_that_it_was_sent_away(meeting: Meeting) -> None:
    async with RoomClient.join(await meeting.offer(as_host=True), http=meeting.http) as ann:
        await ann.send(rooms.ChangeSettings(lobby=True))
        async with RoomClient.join(await meeting.offer(), http=meeting.http) as bo:
            await ann.send(rooms.Deny(bo.state.participant))
            with pytest.raises(RoomClosed) as closed:
                async with asyncio.timeout(HELLO_S):
                    await bo.admitted()
            assert closed.value.code == 3503


async def _first(room: RoomClient, count: int) -> Any:
    async for event in room.events():
        yield event
        count -= 1
        if not count:
            return
