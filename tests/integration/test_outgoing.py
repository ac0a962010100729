"""Calls to other servers: what they may cost, where they may lead, and whom they may trust."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from meetserver import limits
from meetserver.accounts.oidc_provider import Web
from meetserver.adapters.outgoing import HttpWeb
from meetserver.config import Config
from meetserver.errors import Unavailable
from tests.servers.certificates import Authority

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def outgoing() -> AsyncIterator[HttpWeb]:
    web_ = HttpWeb(Config())
    yield web_
    await web_.close()


async def asked(outgoing: Web, handler: Handler) -> object:
    """What a server that answers like this is understood to have said."""
    app = web.Application()
    app.router.add_get("/", handler)
    async with TestServer(app) as server:
        return (await outgoing.get(str(server.make_url("/")))).body


async def test_an_answer_is_json(outgoing: HttpWeb) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"issuer": "me"})

    assert await asked(outgoing, answer) == {"issuer": "me"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
async def test_anything_else_says_nothing(outgoing: HttpWeb, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    assert await asked(outgoing, answer) is None


@pytest.mark.parametrize("is_packed", [False, True])
async def test_an_answer_is_bounded(outgoing: HttpWeb, is_packed: bool) -> None:
    """Unpacked, too: a small one can be large."""

    def answer_of(size: int) -> Handler:
        async def answer(_: web.Request) -> web.Response:
            response = web.Response(body=b'"' + b"x" * (size - 2) + b'"')
            if is_packed:
                response.enable_compression()
            return response

        return answer

    whole = await asked(outgoing, answer_of(limits.OIDC_RESPONSE_BYTES))
    assert isinstance(whole, str)
    with pytest.raises(Unavailable):
        await asked(outgoing, answer_of(limits.OIDC_RESPONSE_BYTES + 1))


async def test_silence_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OIDC_TIMEOUT_S", 0.05)
    is_over = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    outgoing = HttpWeb(Config())
    app = web.Application()
    app.router.add_get("/", silent)
    async with TestServer(app) as server:
        with pytest.raises(Unavailable):
            await outgoing.get(str(server.make_url("/")))
        is_over.set()
    await outgoing.close()


async def test_a_redirect_is_not_followed(outgoing: HttpWeb) -> None:
    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/")

    assert await asked(outgoing, moved) is None


async def test_no_cookie_is_kept(outgoing: HttpWeb) -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.json_response(dict(request.cookies))
        response.set_cookie("who", "somebody")
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app, host="localhost") as server:
        url = str(server.make_url("/"))
        assert [(await outgoing.get(url)).body for _ in range(2)] == [{}, {}]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "http:///", "ftp://127.0.0.1/"])
async def test_nobody_there(outgoing: HttpWeb, url: str) -> None:
    with pytest.raises(Unavailable):
        await outgoing.get(url)


@pytest.mark.parametrize("trusts", ["its authority", "another one", "the system's"])
async def test_certificates_are_verified(tmp_path: Path, trusts: str) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue())
    files = {"its authority": authority.file, "another one": Authority(tmp_path, "another").file, "the system's": ""}

    async def answer(_: web.Request) -> web.Response:
        return web.json_response("hello")

    app = web.Application()
    app.router.add_get("/", answer)
    outgoing = HttpWeb(Config(ca_file=str(files[trusts])))
    server = TestServer(app, scheme="https", host="127.0.0.1")
    await server.start_server(ssl=context)
    try:
        if trusts == "its authority":
            assert (await outgoing.get(str(server.make_url("/")))).body == "hello"
        else:
            with pytest.raises(Unavailable):
                await outgoing.get(str(server.make_url("/")))
    finally:
        await outgoing.close()
        await server.close()
