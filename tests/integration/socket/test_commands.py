"""After the hello: replies, limits, heartbeats and ends."""

import aiohttp
import pytest

from meetserver import limits
from meetserver.http import heartbeat
from tests.integration.socket.conftest import Meeting


async def test_a_ping_is_answered_with_the_time(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await bo.say(id="p", type="ping")
    assert (await bo.reply("p"))["ok"]["at"].endswith("Z")


async def test_bye_leaves_at_once(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bo, ok = await meeting.enter()
    await bo.say(id=2, type="bye")
    assert (await bo.reply(2))["ok"] == {}
    assert await bo.end() == (1000, "")
    left = await ann.hear_type("participant.left")
    assert left["data"] == {"participant": ok["participant"], "reason": "bye"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "no.such", "data": {}}, "unknown_type"),
        ({"type": "recording.start", "data": {}}, "not_supported"),
        ({"type": "chat.send", "txn": "t", "data": {"text": ""}}, "bad_message"),
        ({"type": "chat.send", "data": {"text": "no txn"}}, "bad_message"),
        ({"type": "chat.send", "txn": "t" * (limits.TXN_CHARS + 1), "data": {"text": "x"}}, "bad_message"),
        ({"type": "room.end", "txn": "t", "data": {}}, "forbidden"),
        ({"type": "signal.offer", "data": {"to": "nobody", "call": "1", "sdp": "v=0"}}, "not_found"),
        ({"type": "hello", "data": {}}, "unknown_type"),
    ],
)
async def test_what_cannot_be_done_gets_a_typed_error_and_the_socket_stays(
    meeting: Meeting, frame: dict[str, object], code: str
) -> None:
    bo, _ = await meeting.enter()
    await bo.say(id=7, **frame)
    assert (await bo.reply(7))["error"]["code"] == code
    await bo.say(id=8, type="ping")
    assert "ok" in await bo.reply(8)


async def test_a_frame_at_the_limit_passes_and_one_byte_more_closes(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    frame = '{"id":2,"type":"ping"}'
    await bo.raw.send_str(frame + " " * (limits.FRAME_BYTES - len(frame)))
    assert "ok" in await bo.reply(2)
    await bo.raw.send_str(frame + " " * (limits.FRAME_BYTES - len(frame) + 1))
    assert await bo.end() == (3500, "too_large")


async def test_the_limit_counts_bytes_not_characters(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await bo.raw.send_str('{"id":2,"type":"ping","x":"' + "é" * (limits.FRAME_BYTES // 2) + '"}')
    assert await bo.end() == (3500, "too_large")


async def test_binary_frames_are_bad(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await bo.raw.send_bytes(b'{"id":2,"type":"ping"}')
    assert await bo.end() == (3500, "bad_message")


async def test_a_frame_without_an_id_closes_as_nobody_can_be_answered(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await bo.raw.send_str('{"type":"ping"}')
    assert (await bo.reply(None))["error"]["code"] == "bad_message"
    assert await bo.end() == (3500, "bad_message")


async def test_too_fast_is_refused_and_flooding_is_cut(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FLOOD_REFUSALS", 20)
    bo, _ = await meeting.enter()
    for number in range(limits.COMMAND_BURST + 200):
        if bo.raw.closed:
            break
        await bo.raw.send_str(f'{{"id":{number},"type":"ping"}}')
    refused = None
    while refused is None:
        frame = await bo.hear()
        refused = frame.get("error")
    assert refused["code"] == "rate_limited"
    assert refused["temporary"] is True
    assert refused["retry_after_s"] > 0
    assert await bo.end() == (3508, "rate_limited")


async def test_a_silent_socket_is_pinged_and_dropped_without_a_pong(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOK_EVERY_S", 0.01)
    bo, _ = await meeting.enter()
    monkeypatch.setattr(limits, "PING_S", 0.05)
    monkeypatch.setattr(limits, "PONG_TIMEOUT_S", 0.05)
    assert await bo.end() == (1006, "")


async def test_a_socket_that_answers_pings_stays(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "LOOK_EVERY_S", 0.01)
    bo, _ = await meeting.enter()
    monkeypatch.setattr(limits, "PING_S", 0.02)
    pings = 0
    while pings < 3:
        message = await bo.raw.receive(timeout=20)
        if message.type.name == "PING":
            await bo.raw.pong(message.data)
            pings += 1
    await bo.say(id=2, type="ping")
    while (await bo.raw.receive(timeout=20)).type.name != "TEXT":
        pass


async def test_the_end_of_the_meeting_is_told_and_closes_all(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bo, _ = await meeting.enter()
    late = await meeting.offer()
    await ann.say(id=2, type="room.end", txn="end", data={})
    assert (await ann.reply(2))["ok"]["seq"] > 0
    await bo.hear_type("room.ended")
    assert await bo.end() == (3504, "room_ended")
    assert await ann.end() == (3504, "room_ended")
    socket = await meeting.welcomed(late.room_id)
    await socket.say(id=1, type="hello", data={"ticket": late.ticket})
    assert (await socket.reply(1))["error"]["code"] == "room_ended"
    assert await socket.end() == (3504, "room_ended")


async def test_a_drain_says_when_to_come_back(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await meeting.server.router.drain()
    assert (await bo.hear_type("drain"))["data"] == {"retry_after_ms": 1000}
    assert await bo.end() == (3000, "drain")


async def test_a_server_that_drains_refuses_sockets_so_that_a_proxy_asks_another(meeting: Meeting) -> None:
    await meeting.server.router.drain()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await meeting.connect("any")
    assert refused.value.status == 503


async def test_a_deleted_meeting_ends_its_room(meeting: Meeting) -> None:
    bo, _ = await meeting.enter()
    await meeting.http.delete(
        meeting.base.make_url(f"/api/v1/meetings/{meeting.id}"),
        headers={"Authorization": f"Bearer {meeting.host.tokens.access_token}"},  # type: ignore[union-attr]
    )
    assert (await bo.end())[0] == 3504
