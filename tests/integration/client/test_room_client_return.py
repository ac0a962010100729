"""The client that comes back: resumes, new tickets, drains, giving up."""

import asyncio

import pytest
import uvloop

from meetserver.chat import messages as chat
from meetserver.client import (
    Attached,
    ConnectionLost,
    DurableEvent,
    JoinOffer,
    RoomClosed,
    Unanswered,
)
from tests.integration.client.clients import join, take
from tests.integration.client.scripted import Peer, scripted_server


async def test_recovered_goes_on_after_the_last_event() -> None:
    async def drops(peer: Peer) -> None:
        await peer.let_in()
        await peer.chat(11, "before")
        await peer.until_gone()

    async def recovers(peer: Peer) -> None:
        await peer.let_in(recovered=True, epoch=2, seq=13, snapshot=None)
        await peer.chat(12, "missed")
        await peer.chat(13, "missed too", epoch=2)
        await peer.bye()

    async with scripted_server(drops, recovers) as server, join(server) as room:
        events = room.events()
        await take(events, 2)
        room.drop()
        attached, *missed = await take(events, 3)
        assert attached == Attached(2, 13, recovered=True, is_resumed=True)
        assert [event.seq for event in missed if isinstance(event, DurableEvent)] == [12, 13]
        assert room.state.recovered


def test_it_can_be_cut_on_uvloop_too() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test_recovered_goes_on_after_the_last_event())


async def test_not_recovered_starts_from_the_snapshot() -> None:
    async def drops(peer: Peer) -> None:
        await peer.let_in()
        peer.cut()

    async def starts_over(peer: Peer) -> None:
        await peer.let_in(epoch=9, seq=5000, snapshot={"messages": ["…"]}, resume_token="token-2")
        await peer.chat(5001, "now", epoch=9)
        await peer.bye()

    async with scripted_server(drops, starts_over) as server, join(server) as room:
        events = room.events()
        _, attached, now = await take(events, 3)
        assert isinstance(attached, Attached)
        assert (attached.recovered, attached.is_resumed, attached.seq) == (False, True, 5000)
        assert b"\\u2026" in attached.snapshot
        assert isinstance(now, DurableEvent)
        assert room.state.seq == 5001


@pytest.mark.parametrize("code", [3000, 3001, 3008, 3499, 1001, 1011, 1012])
async def test_comes_back_after(code: int) -> None:
    async def closes(peer: Peer) -> None:
        await peer.let_in()
        await peer.close(code)

    async def recovers(peer: Peer) -> None:
        hello = await peer.let_in(recovered=True, snapshot=None)
        assert "resume" in hello["data"]
        await peer.bye()

    async with scripted_server(closes, recovers) as server, join(server) as room:
        await take(room.events(), 2)
        assert server.played == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (3500, "bad_message"),
        (3501, "unauthenticated"),
        (3503, "forbidden"),
        (3504, "room_ended"),
        (3505, ""),
        (3508, ""),
    ],
)
async def test_stops_after(code: int, reason: str) -> None:
    async def closes(peer: Peer) -> None:
        await peer.let_in()
        await peer.command("chat.send")
        await peer.close(code, reason)

    async with scripted_server(closes) as server, join(server) as room:
        with pytest.raises(Unanswered) as unanswered:
            await room.send(chat.Send(text="hi"))
        ended = await room.ended()
        assert unanswered.value.__cause__ is ended
        assert isinstance(ended, RoomClosed)
        assert (ended.code, ended.reason) == (code, reason)
        with pytest.raises(RoomClosed):
            [event async for event in room.events()]
        with pytest.raises(ConnectionLost):
            await room.send(chat.Send(text="too late"))


async def test_gets_a_new_ticket_where_the_session_is_gone() -> None:
    async def drops(peer: Peer) -> None:
        await peer.let_in()
        peer.cut()

    async def forgot(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.command("hello"), "unauthenticated")
        await peer.close(3501, "unauthenticated")

    async def takes_ticket(peer: Peer) -> None:
        hello = await peer.let_in(participant="p-ann-2")
        assert hello["data"] == {"ticket": "ticket-2"}
        await peer.bye()

    async with scripted_server(drops, forgot, takes_ticket) as server:

        async def renew() -> JoinOffer:
            return JoinOffer("ticket-2", server.url)

        async with join(server, renew=renew) as room:
            await take(room.events(), 2)
            assert room.state.participant == "p-ann-2"


async def test_waits_as_long_as_a_draining_server_asks() -> None:
    async def drains(peer: Peer) -> None:
        await peer.let_in()
        await peer.say({"type": "drain", "data": {"retry_after_ms": 80}})
        await peer.close(3000)

    async def recovers(peer: Peer) -> None:
        await peer.let_in(recovered=True, snapshot=None)
        await peer.bye()

    async with scripted_server(drains, recovers) as server, join(server) as room:
        started = asyncio.get_running_loop().time()
        await take(room.events(), 2)
        assert asyncio.get_running_loop().time() - started >= 0.075


async def closes_at_hello(peer: Peer) -> None:
    await peer.welcome()
    await peer.command("hello")
    peer.cut()


async def test_tries_again_while_the_server_is_not_back() -> None:
    async def drops(peer: Peer) -> None:
        await peer.let_in()
        peer.cut()

    async def busy(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.command("hello"), "unavailable", temporary=True)

    async def recovers(peer: Peer) -> None:
        await peer.let_in(recovered=True, snapshot=None)
        await peer.bye()

    async with scripted_server(drops, closes_at_hello, busy, recovers) as server, join(server) as room:
        await take(room.events(), 2)
        assert server.played == 3


async def test_gives_up_in_the_end() -> None:
    async def drops(peer: Peer) -> None:
        await peer.let_in()
        peer.cut()

    async with scripted_server(drops) as server, join(server, give_up_s=0.05) as room:
        assert isinstance(await room.ended(), ConnectionLost)
