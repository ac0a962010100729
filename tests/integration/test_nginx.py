"""The proxy of the containers, with the configuration that they use."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from meetserver.chat import messages as chat
from meetserver.client import Api, ApiError, RoomClient
from tests.servers.meetserver import MeetServer
from tests.servers.nginx import Nginx

ROOMS = [f"/ws/v1/rooms/room-{number}" for number in range(30)]


class Shard:
    """Says of each request who answered it and what it was told about the client."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = 200
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(application)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    async def _answer(self, request: web.Request) -> web.Response:
        return web.json_response({"shard": self.name, **request.headers}, status=self.status)


@asynccontextmanager
async def three_shards() -> AsyncIterator[list[Shard]]:
    async with AsyncExitStack() as stack:
        shards = [Shard(name) for name in ("one", "two", "three")]
        for shard in shards:
            await stack.enter_async_context(shard.server)
        yield shards


@pytest.fixture
async def shards() -> AsyncIterator[list[Shard]]:
    async with three_shards() as shards:
        yield shards


@pytest.fixture
def nginx(shards: list[Shard]) -> Iterator[Nginx]:
    with Nginx([shard.address for shard in shards]) as nginx:
        yield nginx


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def answer(http: aiohttp.ClientSession, url: str, **headers: str) -> Any:
    async with http.get(url, headers=headers) as response:
        return await response.json(content_type=None)


async def who_serves(http: aiohttp.ClientSession, nginx: Nginx) -> dict[str, str]:
    return {room: (await answer(http, nginx.base_url + room))["shard"] for room in ROOMS}


async def test_a_rooms_sockets_go_to_one_shard_and_rooms_are_spread(nginx: Nginx, http: aiohttp.ClientSession) -> None:
    first = await who_serves(http, nginx)
    assert set(first.values()) == {"one", "two", "three"}
    assert await who_serves(http, nginx) == first
    assert (await answer(http, f"{nginx.base_url}{ROOMS[0]}?more=1"))["shard"] == first[ROOMS[0]]


async def test_everything_else_is_spread(nginx: Nginx, http: aiohttp.ClientSession) -> None:
    served = Counter([(await answer(http, f"{nginx.base_url}/api/v1/meetings/one"))["shard"] for _ in range(30)])
    assert set(served) == {"one", "two", "three"}


async def test_when_a_shard_dies_only_its_rooms_move(
    nginx: Nginx, http: aiohttp.ClientSession, shards: list[Shard]
) -> None:
    before = await who_serves(http, nginx)
    await shards[0].server.close()
    after = await who_serves(http, nginx)
    assert {room for room in ROOMS if after[room] != before[room]} == {room for room in ROOMS if before[room] == "one"}
    assert set(after.values()) == {"two", "three"}


async def test_sockets_pass_over_a_shard_that_drains_and_calls_do_not(
    nginx: Nginx, http: aiohttp.ClientSession, shards: list[Shard]
) -> None:
    shards[0].status = 503
    assert set((await who_serves(http, nginx)).values()) == {"two", "three"}
    served = [(await answer(http, f"{nginx.base_url}/api/v1/meetings"))["shard"] for _ in range(6)]
    assert "one" in served


async def test_shards_hear_from_the_proxy_alone_who_asks(nginx: Nginx, http: aiohttp.ClientSession) -> None:
    made_up = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "Forwarded": "for=203.0.113.9"}
    for path in ("/api/v1/meetings", ROOMS[0]):
        heard = await answer(http, nginx.base_url + path, Host="meet.example", **made_up)
        assert (heard["X-Forwarded-For"], heard["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
        assert heard["Host"] == "meet.example"
        assert not {"X-Forwarded-Host", "Forwarded"} & set(heard)


async def test_an_outer_proxy_that_is_named_is_believed(shards: list[Shard], http: aiohttp.ClientSession) -> None:
    with Nginx([shards[0].address], outer_proxies=["127.0.0.1"]) as nginx:
        told = {"X-Forwarded-For": "10.1.1.1, 203.0.113.9", "X-Forwarded-Proto": "https"}
        heard = await answer(http, nginx.base_url + "/", **told)
    assert (heard["X-Forwarded-For"], heard["X-Forwarded-Proto"]) == ("203.0.113.9", "https")


async def test_when_nobody_can_be_reached_the_answer_is_a_problem_and_no_link_is_logged(
    nginx: Nginx, shards: list[Shard], http: aiohttp.ClientSession
) -> None:
    for shard in shards:
        await shard.server.close()
    async with Api(nginx.base_url) as api:
        with pytest.raises(ApiError) as refused:
            await api.join("secret-meeting", name="Gus")
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "unavailable", 1)
    assert (await answer(http, f"{nginx.base_url}/healthz")) == {"status": "ok"}
    assert "secret-meeting" not in nginx.log


async def test_people_meet_through_it() -> None:
    admin = {"MEET_ADMIN_EMAIL": "ann@example.org", "MEET_ADMIN_PASSWORD": "correct horse battery staple"}
    with ExitStack() as stack:
        server = stack.enter_context(MeetServer(settings=admin | {"MEET_TRUSTED_PROXIES": "127.0.0.1"}))
        nginx = stack.enter_context(Nginx([server.base_url.removeprefix("http://")]))
        async with Api(nginx.base_url) as api:
            await api.login("ann@example.org", "correct horse battery staple")
            meeting = await api.create_meeting("Standup")
            offer = await api.join(meeting.id)
            assert offer.ws_url.startswith(nginx.base_url.replace("http", "ws", 1))
            async with RoomClient.join(offer) as ann:
                assert (await ann.send(chat.Send(text="Good morning"))).seq
