"""From the upgrade to the hello's answer."""

import aiohttp
import pytest

from meetserver import limits
from tests.integration.socket.conftest import Meeting


async def test_the_welcome_says_what_to_expect(meeting: Meeting) -> None:
    offer = await meeting.offer()
    socket = await meeting.connect(offer.room_id)
    welcome = (await socket.hear())["data"]
    assert welcome["protocol"] == "meet.v1.json"
    assert welcome["limits"] == {
        "frame_bytes": limits.FRAME_BYTES,
        "hello_timeout_s": limits.HELLO_TIMEOUT_S,
        "ping_s": limits.PING_S,
        "send_queue_bytes": limits.SEND_QUEUE_BYTES,
    }


async def test_a_fresh_hello_gets_the_whole_state(meeting: Meeting) -> None:
    _, ok = await meeting.enter(as_host=True)
    assert (ok["role"], ok["state"], ok["recovered"]) == ("host", "joined", False)
    assert ok["snapshot"]["room"]["title"] == "Weekly"
    assert [who["id"] for who in ok["snapshot"]["participants"]] == [ok["participant"]]
    assert ok["seq"] > 0


async def test_a_resume_gets_what_it_missed_and_nothing_else(meeting: Meeting) -> None:
    ann, _ = await meeting.enter(as_host=True)
    bo, ok = await meeting.enter()
    await bo.raw.close()
    await ann.say(id=2, type="chat.send", txn="a", data={"text": "while you were out"})
    sent = (await ann.reply(2))["ok"]
    back = await meeting.welcomed(meeting.room)
    point = {"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}
    await back.say(id=1, type="hello", data={"resume": point})
    again = (await back.hear())["ok"]
    assert (again["recovered"], again["session"], again["participant"]) == (True, ok["session"], ok["participant"])
    assert "snapshot" not in again
    assert again["marks"] == {}
    event = await back.hear()
    assert (event["type"], event["seq"], event["data"]["text"]) == ("chat.sent", sent["seq"], "while you were out")


async def test_a_foreign_origin_is_refused_before_the_upgrade(meeting: Meeting) -> None:
    offer = await meeting.offer()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await meeting.connect(offer.room_id, origin="https://evil.example")
    assert refused.value.status == 403


async def test_the_servers_own_origin_may_connect(meeting: Meeting) -> None:
    offer = await meeting.offer()
    await meeting.welcomed(offer.room_id, origin=str(meeting.base.make_url("")).rstrip("/"))


@pytest.mark.parametrize("protocols", [(), ("chat.v9",)])
async def test_an_unknown_subprotocol_is_bad(meeting: Meeting, protocols: tuple[str, ...]) -> None:
    offer = await meeting.offer()
    socket = await meeting.connect(offer.room_id, protocols=protocols)
    assert await socket.end() == (3500, "bad_message")


async def test_no_hello_in_time_is_bad(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELLO_TIMEOUT_S", 0.05)
    offer = await meeting.offer()
    socket = await meeting.welcomed(offer.room_id)
    assert await socket.end() == (3500, "bad_message")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nonsense", '{"id": 1, "type": "ping"}', '{"id": 1, "type": "hello"}', '{"id": 1, "type": "chat.send"}'],
)
async def test_anything_but_a_hello_is_bad(meeting: Meeting, text: str) -> None:
    offer = await meeting.offer()
    socket = await meeting.welcomed(offer.room_id)
    await socket.raw.send_str(text)
    assert (await socket.hear())["error"]["code"] == "bad_message"
    assert await socket.end() == (3500, "bad_message")


async def test_a_made_up_ticket_is_refused(meeting: Meeting) -> None:
    offer = await meeting.offer()
    socket = await meeting.welcomed(offer.room_id)
    await socket.say(id="h", type="hello", data={"ticket": offer.ticket[:-4] + "AAAA"})
    assert (await socket.reply("h"))["error"]["code"] == "unauthenticated"
    assert await socket.end() == (3501, "unauthenticated")


async def test_a_ticket_opens_one_socket(meeting: Meeting) -> None:
    offer = await meeting.offer()
    first, second = await meeting.welcomed(offer.room_id), await meeting.welcomed(offer.room_id)
    await first.say(id=1, type="hello", data={"ticket": offer.ticket})
    assert "ok" in await first.reply(1)
    await second.say(id=1, type="hello", data={"ticket": offer.ticket})
    assert (await second.reply(1))["error"]["code"] == "unauthenticated"
    assert await second.end() == (3501, "unauthenticated")


async def test_a_ticket_is_for_its_own_room(meeting: Meeting) -> None:
    offer = await meeting.offer()
    socket = await meeting.welcomed("another")
    await socket.say(id=1, type="hello", data={"ticket": offer.ticket})
    assert (await socket.reply(1))["error"]["code"] == "unauthenticated"
    assert await socket.end() == (3501, "unauthenticated")


async def test_a_resume_of_nothing_is_refused(meeting: Meeting) -> None:
    offer = await meeting.offer()
    socket = await meeting.welcomed(offer.room_id)
    await socket.say(id=1, type="hello", data={"resume": {"token": "nobody.x", "epoch": 1, "seq": 0}})
    assert (await socket.reply(1))["error"]["code"] == "unauthenticated"
    assert await socket.end() == (3501, "unauthenticated")


async def test_a_room_that_is_not_there_is_as_one_whose_session_it_is_not(meeting: Meeting) -> None:
    socket = await meeting.welcomed("nowhere")
    await socket.say(id=1, type="hello", data={"resume": {"token": "nobody.x", "epoch": 1, "seq": 0}})
    assert (await socket.reply(1))["error"]["code"] == "unauthenticated"
    assert await socket.end() == (3501, "unauthenticated")
    assert meeting.server.router.room_ids == []


async def test_a_session_resumed_elsewhere_closes_the_older_socket(meeting: Meeting) -> None:
    older, ok = await meeting.enter()
    newer = await meeting.welcomed(meeting.room)
    point = {"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}
    await newer.say(id=1, type="hello", data={"resume": point})
    assert (await newer.reply(1))["ok"]["session"] == ok["session"]
    assert await older.end() == (3505, "conflict")
    await newer.say(id=2, type="ping")
    assert "ok" in await newer.reply(2)
