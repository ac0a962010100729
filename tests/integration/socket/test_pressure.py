"""A server that is full or has too much to do says so to newcomers; and several tabs are not several people."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.pressure import Pressure
from meetserver.config import Config
from tests.integration.socket.conftest import Meeting, Socket


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, max_members=2)


@pytest.fixture
def pressure(meeting: Meeting) -> Pressure:
    return meeting.server.router._pressure


async def knock(meeting: Meeting, room: str, ticket: str) -> tuple[Socket, dict[str, Any]]:
    socket = await meeting.welcomed(room)
    await socket.say(id=1, type="hello", data={"ticket": ticket})
    return socket, await socket.hear()


async def come_back(meeting: Meeting, room: str, ok: dict[str, Any]) -> dict[str, Any]:
    socket = await meeting.welcomed(room)
    point = {"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}
    await socket.say(id=1, type="hello", data={"resume": point})
    return await socket.reply(1)


async def test_a_full_server_lets_nobody_new_in_and_everybody_back(meeting: Meeting, pressure: Pressure) -> None:
    await meeting.enter(as_host=True)
    bo, ok = await meeting.enter()
    offer = await meeting.offer()
    cy, reply = await knock(meeting, offer.room_id, offer.ticket)
    assert reply["error"] == {
        "code": "busy",
        "message": "this server is full",
        "temporary": True,
        "retry_after_s": limits.FULL_RETRY_S,
    }
    assert await cy.end() == (3001, "busy")
    assert pressure.weight == 0.0
    assert (await come_back(meeting, offer.room_id, ok))["ok"]["recovered"]
    assert await bo.end() == (3505, "conflict")


async def test_whoever_goes_makes_room_and_the_ticket_is_still_good(meeting: Meeting, pressure: Pressure) -> None:
    await meeting.enter(as_host=True)
    bo, _ = await meeting.enter()
    offer = await meeting.offer()
    _, reply = await knock(meeting, offer.room_id, offer.ticket)
    assert reply["error"]["code"] == "busy"
    await bo.say(id=2, type="bye")
    await bo.end()
    async with asyncio.timeout(30):
        while pressure.is_full:  # noqa: ASYNC110  (the socket's handler ends a little later)
            await asyncio.sleep(0.01)
    _, reply = await knock(meeting, offer.room_id, offer.ticket)
    assert reply["ok"]["state"] == "joined"


async def test_a_server_with_too_much_to_do_lets_nobody_new_in_and_everybody_back(
    meeting: Meeting, pressure: Pressure, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ok = await meeting.enter(as_host=True)
    monkeypatch.setattr(pressure, "look", lambda _: None)
    for _ in range(limits.PRESSURE_LOOKS_WORSE):
        Pressure.look(pressure, limits.PRESSURE_LAG_S[1])
    offer = await meeting.offer()
    _, reply = await knock(meeting, offer.room_id, offer.ticket)
    assert reply["error"]["code"] == "busy"
    assert reply["error"]["retry_after_s"] == limits.SHED_RETRY_S
    assert (await come_back(meeting, offer.room_id, ok))["ok"]["recovered"]


async def test_two_tabs_of_one_account_share_its_limit_and_others_have_their_own(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PERSON_BURST", 30)
    monkeypatch.setattr(limits, "PERSON_RATE_PER_S", 0.001)
    (first, _), (second, _) = [await meeting.enter(as_host=True) for _ in range(2)]

    async def passed(socket: Socket) -> int:
        for number in range(20):
            await socket.say(id=f"p{number}", type="ping")
        replies = [await socket.reply(f"p{number}") for number in range(20)]
        refused = [reply["error"] for reply in replies if "error" in reply]
        assert all(error["code"] == "rate_limited" and error["retry_after_s"] > 0 for error in refused)
        return len(replies) - len(refused)

    assert [await passed(first), await passed(second)] == [20, 10]
    await second.say(id="bye", type="ping")
    assert (await second.reply("bye"))["error"]["code"] == "rate_limited"


async def test_a_new_tab_of_the_same_account_has_no_new_burst(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PERSON_BURST", 1)
    monkeypatch.setattr(limits, "PERSON_RATE_PER_S", 0.001)
    first, _ = await meeting.enter(as_host=True)
    await first.say(id="p", type="ping")
    assert "ok" in await first.reply("p")
    await first.raw.close()
    second, _ = await meeting.enter(as_host=True)
    await second.say(id="p", type="ping")
    assert (await second.reply("p"))["error"]["code"] == "rate_limited"
