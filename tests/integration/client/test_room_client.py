"""The client against servers that let it down in every way that the protocol names."""

import asyncio
from typing import Any

import pytest

from meetserver.chat import messages as chat
from meetserver.client import (
    Attached,
    CommandRefused,
    ConnectionLost,
    DurableEvent,
    EphemeralEvent,
    ProtocolViolation,
    RoomClosed,
    RoomEvent,
    Unanswered,
    Unknown,
)
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.whiteboard import messages as whiteboard
from tests.integration.client.clients import AT, join, stay, take
from tests.integration.client.scripted import Peer, Script, scripted_server


async def test_enters_with_its_ticket_and_knows_its_place() -> None:
    async def script(peer: Peer) -> None:
        hello = await peer.let_in()
        assert hello["data"] == {"ticket": "ticket-1"}
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        state = room.state
        assert (state.session, state.participant, state.role) == ("s-ann", "p-ann", "host")
        assert (state.epoch, state.seq, state.recovered) == (1, 10, False)
        assert state.snapshot == b'{"messages": []}'


async def test_a_durable_command_gets_a_txn_and_an_ephemeral_one_none() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        sent = await peer.command("chat.send")
        assert sent["txn"]
        assert sent["data"] == {"text": "hi"}
        await peer.ok(sent, seq=11, at=AT, message_id="m11")
        for type_, has_txn in (("presence.set", True), ("presence.set", False), ("chat.typing", False)):
            command = await peer.command(type_)
            assert ("txn" in command) is has_txn
            await peer.ok(command, seq=12, at=AT)
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        receipt = await room.send(chat.Send(text="hi"))
        assert (receipt.seq, receipt.at, receipt.fields["message_id"]) == (11, AT, "m11")
        await room.send(presence.Set(hand=True))
        await room.send(presence.Set(audio=True))
        await room.send(chat.Typing(on=True))


async def test_events_come_typed_and_in_order() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        await peer.chat(11, "one")
        await peer.say(
            {"type": "pointer.moved", "by": "p-bob", "data": {"x": 1, "y": 2, "tool": "pen", "color": "red"}}
        )
        await peer.say({"type": "presence.changed", "by": "p-bob", "data": {"participant": "p-bob", "away": True}})
        await peer.say({"type": "later.thing", "by": "p-bob", "data": {"new": 1}})
        await peer.chat(14, "two", epoch=3)
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        events = room.events()
        attached, one, pointer, away, later, two = await take(events, 6)
        assert isinstance(attached, Attached)
        assert not attached.is_resumed
        assert isinstance(one, DurableEvent)
        assert one.data == chat.Sent(message_id="m11", name="Bob", text="one")
        assert isinstance(pointer, EphemeralEvent)
        assert pointer.data == whiteboard.PointerMoved(x=1, y=2, tool="pen", color="red")
        assert isinstance(away, EphemeralEvent)
        assert isinstance(away.data, presence.ChangedLive)
        assert isinstance(later, EphemeralEvent)
        assert later.data == Unknown({"new": 1})
        assert isinstance(two, DurableEvent)
        assert (room.state.epoch, room.state.seq) == (3, 14)
        await room.bye()
        assert [event async for event in events] == []


async def test_a_refusal_is_a_typed_error() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        await peer.refuse(await peer.command("chat.send"), "rate_limited", temporary=True, retry_after_s=0.5)
        await peer.refuse(await peer.command("room.end"), "code_of_a_newer_server")
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        with pytest.raises(CommandRefused) as limited:
            await room.send(chat.Send(text="hi"))
        assert (limited.value.code, limited.value.refusal.retry_after_s) == ("rate_limited", 0.5)
        with pytest.raises(CommandRefused) as newer:
            await room.send(rooms.End())
        assert newer.value.code == "code_of_a_newer_server"


async def test_what_was_committed_but_not_answered_is_sent_again_with_the_same_txn() -> None:
    seen: list[Any] = []

    async def commits_and_dies(peer: Peer) -> None:
        await peer.let_in()
        seen.append(await peer.command("chat.send"))
        seen.append(await peer.command("chat.send"))
        await peer.chat(11, "first")
        peer.cut()

    async def comes_back(peer: Peer) -> None:
        hello = await peer.let_in(recovered=True, seq=11, snapshot=None)
        assert hello["data"] == {"resume": {"token": "token-1", "epoch": 1, "seq": 11}}
        for seq in (11, 12):
            again = await peer.command("chat.send")
            seen.append(again)
            await peer.ok(again, seq=seq, at=AT)
        await peer.bye()

    async with scripted_server(commits_and_dies, comes_back) as server, join(server) as room:
        first, second = await asyncio.gather(room.send(chat.Send(text="first")), room.send(chat.Send(text="second")))
        assert (first.seq, second.seq) == (11, 12)
    assert [frame["txn"] for frame in seen[:2]] == [frame["txn"] for frame in seen[2:]]
    assert [frame["data"]["text"] for frame in seen] == ["first", "second"] * 2


async def test_an_ephemeral_command_is_given_up_with_its_connection() -> None:
    async def dies(peer: Peer) -> None:
        await peer.let_in()
        await peer.command("chat.typing")
        peer.cut()

    async with scripted_server(dies, stay) as server, join(server) as room:
        with pytest.raises(Unanswered):
            await room.send(chat.Typing(on=True))


async def test_tell_does_not_wait_for_the_reply() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        await peer.refuse(await peer.command("pointer.move"), "busy", temporary=True)
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        assert await room.tell(whiteboard.PointerMove(x=0, y=0))


async def test_no_more_commands_are_under_way_than_the_server_takes() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        first = [await peer.command("chat.send") for _ in range(64)]
        for command in first:
            await peer.ok(command, seq=11, at=AT)
        for _ in range(6):
            await peer.ok(await peer.command("chat.send"), seq=12, at=AT)
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        await asyncio.gather(*(room.send(chat.Send(text=str(n))) for n in range(70)))


async def wrong_first_frame(peer: Peer) -> None:
    await peer.say({"type": "hello"})


async def event_before_the_reply(peer: Peer) -> None:
    await peer.welcome()
    await peer.command("hello")
    await peer.chat(11, "early")


async def recovered_without_resume(peer: Peer) -> None:
    await peer.let_in(recovered=True)


async def misshapen_hello(peer: Peer) -> None:
    await peer.let_in(seq="ten")


@pytest.mark.parametrize(
    "script", [wrong_first_frame, event_before_the_reply, recovered_without_resume, misshapen_hello]
)
async def test_does_not_enter_where_the_protocol_is_not_kept(script: Script) -> None:
    async with scripted_server(script) as server:
        with pytest.raises(ProtocolViolation):
            async with join(server):
                pass


async def test_does_not_enter_where_it_is_refused() -> None:
    async def full(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.command("hello"), "room_full")
        await peer.close(3500, "room_full")

    async def ended(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.command("hello"), "room_ended")
        await peer.close(3504, "room_ended")

    async with scripted_server(full, ended) as server:
        with pytest.raises(CommandRefused, match="room_full"):
            async with join(server):
                pass
        with pytest.raises(RoomClosed, match="room_ended"):
            async with join(server):
                pass


async def test_nobody_there_is_an_error_at_once() -> None:
    async with scripted_server() as server:
        pass
    with pytest.raises(ConnectionLost):
        async with join(server):
            pass


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        '{"re": 99999}',
        '{"re": null, "error": {"code": "bad_message", "message": "?"}}',
        '{"type": "chat.sent", "epoch": 1, "seq": 10, "at": "", "by": "p", "data": {"message_id": "m", "name": ""}}',
        '{"type": "chat.sent", "epoch": 0, "seq": 11, "at": "", "by": "p", "data": {"message_id": "m", "name": ""}}',
        '{"type": "chat.sent", "epoch": 1, "seq": 11, "at": "", "by": "p", "data": {"text": 5}}',
        '{"type": "chat.typing", "by": "p", "data": []}',
    ],
)
async def test_a_frame_that_the_protocol_does_not_allow_ends_it(frame: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        await peer.command("chat.send")
        await peer.say(frame)
        if frame == '{"re": 99999}':  # a reply that nobody waits for, as after a timeout, is let pass
            await peer.say("nonsense")
        await peer.until_gone()

    async with scripted_server(script) as server, join(server) as room:
        with pytest.raises(Unanswered):
            await room.send(chat.Send(text="hi"))
        assert isinstance(await room.ended(), ProtocolViolation)


async def test_a_silent_server_is_left_and_found_again() -> None:
    async def falls_silent(peer: Peer) -> None:
        await peer.let_in()
        await peer.until_gone()

    async def recovers(peer: Peer) -> None:
        await peer.let_in(recovered=True, snapshot=None)
        await peer.bye()

    async with scripted_server(falls_silent, recovers) as server, join(server, silence_s=0.1) as room:
        await take(room.events(), 2)


async def test_a_reader_that_is_behind_loses_nothing() -> None:
    is_cut = asyncio.Event()

    async def floods(peer: Peer) -> None:
        await peer.let_in()
        for seq in range(11, 21):
            await peer.chat(seq, "flood")
        await peer.until_gone()
        is_cut.set()

    async def goes_on(peer: Peer) -> None:
        hello = await peer.let_in(recovered=True, seq=20, snapshot=None)
        for seq in range(hello["data"]["resume"]["seq"] + 1, 21):
            await peer.chat(seq, "flood")
        await peer.until_gone()

    async with scripted_server(*[floods, *[goes_on] * 20]) as server, join(server, events_kept=4) as room:
        await asyncio.wait_for(is_cut.wait(), 5)
        seen: list[int] = []
        async for event in room.events():
            if isinstance(event, DurableEvent):
                seen.append(event.seq)
            if seen and seen[-1] == 20:
                break
        assert seen == list(range(11, 21))


async def test_a_callback_sees_everything_and_its_error_is_the_callers() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in()
        await peer.chat(11, "boom")
        await peer.until_gone()

    seen: list[RoomEvent] = []

    def on_event(event: RoomEvent) -> None:
        seen.append(event)
        if isinstance(event, DurableEvent):
            raise ZeroDivisionError

    async with scripted_server(script) as server:
        with pytest.raises(ZeroDivisionError):
            async with join(server, on_event=on_event) as room:
                await room.ended()
    assert len(seen) == 2


async def test_admission_from_the_lobby_brings_the_snapshot() -> None:
    async def script(peer: Peer) -> None:
        await peer.let_in(state="waiting", role="participant", seq=0, snapshot=None)
        data = {"state": "joined", "role": "viewer", "epoch": 4, "seq": 30, "snapshot": {}}
        await peer.say({"type": "snapshot", "data": data})
        await peer.chat(31, "hello", epoch=4)
        await peer.bye()

    async with scripted_server(script) as server, join(server) as room:
        waiting, admitted, _ = await take(room.events(), 3)
        assert isinstance(waiting, Attached)
        assert admitted == Attached(4, 30, recovered=False, is_resumed=False, snapshot=b"{}")
        assert (room.state.state, room.state.role, room.state.seq) == ("joined", "viewer", 31)
