"""The HTTP client against a server of a few canned answers."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from meetserver.client import Api, ApiError, ConnectionLost, FactorNeeded, JoinOffer, ProtocolViolation

TOKENS = {"access_token": "a1", "token_type": "Bearer", "expires_in": 600, "refresh_token": "r1"}
MEETING = {"id": "m1", "room_id": "r1", "join_url": "http://x/j/m1", "title": "Standup", "later": "field"}
OFFER = {
    "ticket": "t",
    "ws_url": "ws://x/ws/v1/rooms/r1",
    "room_id": "r1",
    "ice_servers": [{"urls": "stun:x"}],
    "media": {},
}


async def login(request: web.Request) -> web.Response:
    body = await request.json()
    if body["password"] == "wrong":
        problem = {"type": "about:blank", "status": 401, "code": "unauthenticated", "detail": "wrong password"}
        return web.json_response(problem, status=401, content_type="application/problem+json")
    if body["email"] == "ben@example.org":
        return web.json_response(
            {"token": "c1", "methods": ["totp", "recovery_code"], "expires_in": 300, "passkey": None}
        )
    return web.json_response(TOKENS)


async def answer_factor(request: web.Request) -> web.Response:
    assert await request.json() == {"token": "c1", "totp": "123456"}
    return web.json_response(TOKENS)


async def refresh(request: web.Request) -> web.Response:
    assert await request.json() == {"refresh_token": "r1"}
    return web.json_response(TOKENS | {"access_token": "a2", "refresh_token": "r2"})


async def create(request: web.Request) -> web.Response:
    assert request.headers["Authorization"] == "Bearer a1"
    assert await request.json() == {"title": "Standup", "settings": {"chat": False}}
    return web.json_response(MEETING, status=201)


async def join(request: web.Request) -> web.Response:
    if request.match_info["id"] != "m1":
        return web.Response(status=502, text="<html>bad gateway")
    assert await request.json() == {"name": "Gus"}
    return web.json_response(OFFER)


async def echo(request: web.Request) -> web.Response:
    if request.method == "DELETE":
        return web.Response(status=204)
    if request.query.get("to") == "elsewhere":
        raise web.HTTPFound("http://example.com/")
    return web.json_response({"body": await request.json(), "asked": str(request.rel_url)})


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/api/v1/auth/login", login)
    app.router.add_post("/api/v1/auth/login/factor", answer_factor)
    app.router.add_post("/api/v1/auth/refresh", refresh)
    app.router.add_post("/api/v1/meetings", create)
    app.router.add_post("/api/v1/meetings/{id}/join", join)
    app.router.add_route("*", "/api/v1/echo", echo)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_user_makes_a_meeting(base_url: str) -> None:
    async with Api(base_url) as api:
        await api.login("ann@example.org", "correct horse")
        meeting = await api.create_meeting("Standup", settings={"chat": False})
        assert (meeting.id, meeting.room_id) == ("m1", "r1")


async def test_a_second_factor_is_asked_for(base_url: str) -> None:
    async with Api(base_url) as api:
        with pytest.raises(FactorNeeded) as needed:
            await api.login("ben@example.org", "correct horse")
        assert (needed.value.methods, api.tokens) == (("totp", "recovery_code"), None)
        assert (await api.answer_factor(needed.value.token, totp="123456")).access_token == "a1"
        assert (await api.create_meeting("Standup", settings={"chat": False})).id == "m1"


async def test_refresh_keeps_the_new_tokens(base_url: str) -> None:
    async with Api(base_url) as api:
        with pytest.raises(ApiError, match="not logged in"):
            await api.refresh()
        await api.login("ann@example.org", "correct horse")
        assert (await api.refresh()).access_token == "a2"
        assert api.tokens is not None
        assert api.tokens.refresh_token == "r2"


async def test_a_guest_joins(base_url: str) -> None:
    async with Api(base_url) as api:
        offer = await api.join("m1", name="Gus")
        assert offer == JoinOffer("t", "ws://x/ws/v1/rooms/r1", "r1", ({"urls": "stun:x"},))


async def test_any_call_of_the_api(base_url: str) -> None:
    async with Api(base_url) as api:
        answer = await api.call("PUT", "/echo?limit=2", dict[str, object], {"a": 1})
        assert answer == {"body": {"a": 1}, "asked": "/api/v1/echo?limit=2"}
        nothing: type[object] = type(None)
        assert await api.call("DELETE", "/echo", nothing) is None
        with pytest.raises(ProtocolViolation):
            await api.call("PUT", "/echo", list[int], {})
        with pytest.raises(ApiError, match="302"):  # a token goes to this server, and to no other
            await api.call("GET", "/echo?to=elsewhere", dict[str, object])


async def test_a_problem_is_a_typed_error(base_url: str) -> None:
    async with Api(base_url) as api:
        with pytest.raises(ApiError) as wrong:
            await api.login("ann@example.org", "wrong")
        assert (wrong.value.status, wrong.value.code, wrong.value.message) == (401, "unauthenticated", "wrong password")
        with pytest.raises(ApiError) as gateway:
            await api.join("m2", name="Gus")
        assert (gateway.value.status, gateway.value.code) == (502, "internal")


async def test_nobody_there(base_url: str) -> None:
    async with Api("http://127.0.0.1:1") as api:
        with pytest.raises(ConnectionLost):
            await api.login("ann@example.org", "correct horse")
