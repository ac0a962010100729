"""A socket ends with the account's session that it was opened by, wherever that was ended, within five seconds."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from meetserver import limits
from meetserver.accounts.messages import Register
from meetserver.accounts.users import Users
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.ids import UserId
from meetserver.ports import Origin
from tests.integration.socket.conftest import Meeting, Socket

WITHIN_S = 5.0
LOOKS_EVERY_S = limits.SESSION_WATCH_S

Ends = Callable[[Core, UserId, str], Awaitable[object]]
"""Ends the session (of this user, by this id)."""


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here waits for the real time between two looks: it is added to what was measured."""
    monkeypatch.setattr(limits, "SESSION_WATCH_S", 0.2)


@pytest.fixture
def looks_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SESSION_WATCH_S", 60.0)


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return Config(
        database_url=database_url,
        secret_key="a master secret that is only for tests",
        data_dir=str(tmp_path),
        require_verified_email=False,
        bcrypt_cost=4,
    )


@pytest.fixture
async def another_process(config: Config, meeting: Meeting) -> AsyncIterator[Core]:
    """What ends sessions here is not the process that holds the sockets: the database is all they share."""
    async with open_core(config) as core:
        yield core


def claims_of(meeting: Meeting) -> dict[str, str]:
    """Of the host's access token."""
    assert meeting.host.tokens is not None
    payload = meeting.host.tokens.access_token.split(".")[1]
    claims: dict[str, str] = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=="))
    return claims


async def log_out(core: Core, user: UserId, session: str) -> object:
    return await core.accounts.sessions.revoke(session, Origin())


async def sign_out_everywhere(core: Core, user: UserId, session: str) -> object:
    return await core.accounts.sessions.revoke_all(user, Origin(), by=user)


async def disable(core: Core, user: UserId, session: str) -> object:
    users: Users = core.accounts.users
    return await users.change(user, name=None, disabled=True, version=None, by=user, origin=Origin())


async def closed_within(socket: Socket, ends: Awaitable[object]) -> tuple[tuple[int | None, str], float]:
    """How it was closed, and how many seconds after `ends` had answered."""
    await ends
    loop = asyncio.get_running_loop()
    ended_at = loop.time()
    code = await socket.end()
    return code, loop.time() - ended_at


async def left(socket: Socket) -> dict[str, Any]:
    return dict((await socket.hear_type("participant.left"))["data"])


@pytest.mark.parametrize("ends", [log_out, sign_out_everywhere, disable])
async def test_the_socket_ends_and_the_others_see_it(meeting: Meeting, another_process: Core, ends: Ends) -> None:
    host, ok = await meeting.enter(as_host=True)
    guest, _ = await meeting.enter()
    claims = claims_of(meeting)

    ending = ends(another_process, UserId(claims["sub"]), claims["sid"])
    code, took_s = await closed_within(host, ending)

    assert code == (3501, "unauthenticated")
    assert took_s + LOOKS_EVERY_S < WITHIN_S
    assert await left(guest) == {"participant": ok["participant"], "reason": "signed_out"}
    await guest.say(id=2, type="ping", data={})
    assert "ok" in await guest.reply(2)


@pytest.mark.usefixtures("looks_rarely")
async def test_who_lost_the_socket_before_cannot_resume(meeting: Meeting, another_process: Core) -> None:
    host, ok = await meeting.enter(as_host=True)
    guest, _ = await meeting.enter()
    await host.raw.close()
    await guest.hear_type("presence.changed")
    claims = claims_of(meeting)
    await log_out(another_process, UserId(claims["sub"]), claims["sid"])

    back = await meeting.welcomed(meeting.room)
    point = {"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}
    await back.say(id=1, type="hello", data={"resume": point})
    (code, _), took_s = await closed_within(back, asyncio.sleep(0))

    assert code == 3501
    assert took_s < 1.0, "looked at when it came, not at the next round"
    assert (await left(guest))["reason"] == "signed_out"


@pytest.mark.usefixtures("looks_rarely")
async def test_a_ticket_is_worth_no_more_than_its_session(meeting: Meeting, another_process: Core) -> None:
    offer = await meeting.offer(as_host=True)
    claims = claims_of(meeting)
    await log_out(another_process, UserId(claims["sub"]), claims["sid"])

    late = await meeting.welcomed(offer.room_id)
    await late.say(id=1, type="hello", data={"ticket": offer.ticket})
    (code, _), took_s = await closed_within(late, asyncio.sleep(0))

    assert code == 3501
    assert took_s < 1.0


async def test_a_personal_token_takes_its_sockets_with_it(meeting: Meeting, another_process: Core) -> None:
    user = UserId(claims_of(meeting)["sub"])
    made = await another_process.accounts.personal.create(user, "Bot", ["rooms:join"], None, Origin())
    bearer = {"Authorization": f"Bearer {made.token}"}
    url = meeting.base.make_url(f"/api/v1/meetings/{meeting.id}/join")
    async with meeting.http.post(url, json={}, headers=bearer) as response:
        offer = await response.json()
    socket = await meeting.welcomed(offer["room_id"])
    await socket.say(id=1, type="hello", data={"ticket": offer["ticket"]})
    assert "ok" in await socket.reply(1)

    code, took_s = await closed_within(socket, another_process.accounts.personal.revoke(user, made.row.id, Origin()))

    assert code == (3501, "unauthenticated")
    assert took_s + LOOKS_EVERY_S < WITHIN_S


async def test_other_sessions_of_the_same_person_stay(meeting: Meeting, another_process: Core) -> None:
    host, _ = await meeting.enter(as_host=True)
    claims = claims_of(meeting)
    tokens = await another_process.accounts.sessions.open_tokens(UserId(claims["sub"]), Origin(), ["password"])
    other = tokens.refresh_token.partition(".")[0]
    await log_out(another_process, UserId(claims["sub"]), other)
    assert await meeting.server.core.accounts.sessions.ended_among([other, claims["sid"]]) == {other}
    await host.say(id=2, type="ping", data={})
    assert "ok" in await host.reply(2)


async def test_a_former_administrators_personal_token_is_no_host_any_more(
    meeting: Meeting, another_process: Core
) -> None:
    """The token itself stays, for what its owner still may."""
    accounts = another_process.accounts
    for name in ("root", "eve"):
        wish = Register(email=f"{name}@example.com", password="correct horse battery", name=name)
        assert await accounts.add(wish, is_admin=True)
    page, _ = await accounts.users.page(limit=2, cursor=None, search="e@example.com", role="admin")
    [eve] = [found.id for found in page]
    made = await accounts.personal.create(eve, "Bot", ["rooms:join", "profile:read"], None, Origin())
    bearer = {"Authorization": f"Bearer {made.token}"}
    url = meeting.base.make_url(f"/api/v1/meetings/{meeting.id}/join")
    async with meeting.http.post(url, json={}, headers=bearer) as response:
        offer = await response.json()
    socket = await meeting.welcomed(offer["room_id"])
    await socket.say(id=1, type="hello", data={"ticket": offer["ticket"]})
    assert (await socket.reply(1))["ok"]["role"] == "host"

    (code, _), took_s = await closed_within(socket, accounts.users.take(eve, "admin", eve, Origin()))

    assert code == 3501
    assert took_s + LOOKS_EVERY_S < WITHIN_S
    async with meeting.http.get(meeting.base.make_url("/api/v1/users/me"), headers=bearer) as response:
        assert response.status == 200
    async with meeting.http.post(url, json={}, headers=bearer) as response:
        assert response.status == 200, "as anybody"
