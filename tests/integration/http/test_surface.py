"""What every call has in common: problems, ids, headers, health, the documents and the page's files."""

import logging
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from meetserver import limits
from meetserver.errors import Conflict
from meetserver.http.app import create_app
from meetserver.http.pages import KEPT
from tests.integration.http.conftest import Api, Make


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


async def test_unknown_paths_and_methods_are_problems(api: Api) -> None:
    nowhere = await api.get("/nowhere")
    assert (nowhere.status, nowhere.code) == (404, "not_found")
    put = await api.request("PUT", "/meetings")
    assert (put.status, put.code, put.headers["Allow"]) == (405, "not_supported", "GET,POST")
    assert (await api.get("/meetings/..%2f..%2fetc/door")).code == "not_found"
    assert (await api.get("/meetings/%00/door")).code == "not_found"


async def test_a_request_has_an_id(api: Api) -> None:
    assert (await api.get("//healthz", headers={"X-Request-Id": "mine-1"})).headers["X-Request-Id"] == "mine-1"
    for insane in ("a b", "x" * 65, "<script>"):
        answer = await api.get("/nowhere", headers={"X-Request-Id": insane})
        assert answer.headers["X-Request-Id"] == answer.body["request_id"] != insane


async def test_bodies_are_read_strictly(api: Api) -> None:
    async def status(data: bytes, content_type: str = "application/json") -> tuple[int, str]:
        answer = await api.request("POST", "/auth/login", data=data, headers={"Content-Type": content_type})
        return answer.status, answer.code

    assert await status(b"{}", "text/plain") == (415, "bad_message")
    assert await status(b"x=1", "application/x-www-form-urlencoded") == (415, "bad_message")
    assert await status(b" " * (limits.BODY_BYTES + 1)) == (413, "too_large")
    for bad in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"email":"\\ud800","password":""}',
        b"[" * 100_000,
        b'{"email":"a@b.c","password":"x","more":1}',
        b'{"email":1e999,"password":"x"}',
        b'{"email":' + b"9" * 5000 + b"}",
    ):
        assert await status(bad) == (400, "bad_message"), bad[:50]


async def test_health(api: Api, make_api: Make) -> None:
    assert (await api.get("//healthz")).body == {"status": "ok"}
    assert (await api.get("//readyz")).status == 200


async def test_of_those_who_ask_every_few_seconds_only_trouble_is_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    from dataclasses import replace

    caplog.set_level(logging.INFO, "meetserver.access")
    services = replace(api.services, ready=lambda: ["draining"])
    async with TestClient(TestServer(create_app(services))) as client:
        for path in ("//healthz", "//readyz"):
            await Api(client, services).get(path)
    assert [line.getMessage().split()[2:4] for line in caplog.records] == [["route=/readyz", "status=503"]]


async def test_not_ready_says_why(api: Api) -> None:
    from dataclasses import replace

    services = replace(api.services, ready=lambda: ["draining"])
    async with TestClient(TestServer(create_app(services))) as client:
        answer = await Api(client, services).get("//readyz")
        assert (answer.status, answer.code, answer.body["detail"]) == (503, "unavailable", "draining")


async def test_plain_routes_can_be_added_and_refuse_in_the_same_way(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise Conflict("no")

    async def crash(request: web.Request) -> web.StreamResponse:
        raise RuntimeError("a secret detail")

    app = create_app(api.services, [web.get("/refuse", refuse), web.get("/crash", crash)])
    async with TestClient(TestServer(app)) as client:
        other = Api(client, api.services)
        assert (await other.get("//refuse")).status == 409
        crashed = await other.get("//crash")
        assert (crashed.status, crashed.code) == (500, "internal")
        assert "secret detail" not in str(crashed.body)
        assert "action=request_failed route=/crash" in caplog.text
        assert "secret detail" in caplog.text


async def test_headers_that_browsers_heed(api: Api) -> None:
    for path in ("/nowhere", "//healthz"):
        headers = (await api.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-inline" not in policy


async def test_the_access_log_holds_no_secret(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "meetserver.access")
    pages = {f"/{kind}/{{token}}": f"//{kind}/hush-hush?also=hush" for kind in ("verify", "reset", "email", "invite")}
    paths = {
        **pages,
        "/m/{meeting_id}/{secret}": "//m/abc/hush-hush",
        "/api/v1/meetings/{meeting_id}/door": "/meetings/%0d%0aFAKE/door",
        "unknown": "//nowhere/hush-hush",
    }
    for path in paths.values():
        await api.get(path, headers={"Authorization": "Bearer hush-hush"})
    lines = [record for record in caplog.records if record.name == "meetserver.access"]
    assert len(lines) == len(paths)
    for line, route in zip(lines, paths, strict=True):
        assert f"method=GET route={route} status=" in line.getMessage()
        assert "hush" not in str(vars(line))
        assert "FAKE" not in line.getMessage()


async def test_the_documents_are_served(api: Api) -> None:
    assert (await api.get("/openapi.json")).body["openapi"] == "3.1.0"
    assert (await api.get("/asyncapi.json")).body["asyncapi"] == "3.0.0"
    page = (await api.get("//docs")).body.decode()
    assert "/api/v1/meetings/{meeting_id}/join" in page
    assert "chat.send" in page
    assert "<script" not in page


async def test_the_page_and_its_files(api: Api, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "templates" / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "static" / "js" / "main.js").write_text("export {}")
    (tmp_path / "static" / "app.webmanifest").write_text("{}")
    (tmp_path / "static" / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret").write_text("secret")
    async with TestClient(TestServer(create_app(api.services, web_folder=tmp_path))) as client:
        other = Api(client, api.services)
        for path in ("//", "//m/abc", "//verify/x_-y"):
            page = await other.get(path)
            assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        script = await other.get("//static/js/main.js")
        assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
        known = await other.get("//static/js/main.js", headers={"If-None-Match": script.headers["ETag"]})
        assert known.status == 304
        assert (await other.get("//static/app.webmanifest")).headers["Content-Type"] == "application/manifest+json"
        assert (await other.get("//static/icon.svg")).headers["Content-Type"] == "image/svg+xml; charset=utf-8"
        for hidden in (
            "//static/../secret",
            "//static/%2e%2e/secret",
            "//static/%2e%2e%2fsecret",
            "//static/js",
            "//.git/config",
            "//static/",
        ):
            assert (await other.get(hidden)).code == "not_found"


async def test_what_the_page_names_is_kept_for_as_long_as_it_is_the_same(api: Api, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "index.html").write_text('<script src="/static/main.js"></script>')
    named: list[str] = []
    for content in ("export {}", "export const it = 1"):
        folder = tmp_path / str(len(named))
        (folder / "static").mkdir(parents=True)
        (folder / "static" / "main.js").write_text(content)
        (folder / "templates").symlink_to(tmp_path / "templates")
        async with TestClient(TestServer(create_app(api.services, web_folder=folder))) as client:
            other = Api(client, api.services)
            page = await other.get("//")
            assert page.headers["Cache-Control"] == "no-cache"
            named.append(page.body.decode().split('"')[1])
            here = await other.get("/" + named[-1])
            assert (here.body.decode(), here.headers["Cache-Control"]) == (content, KEPT)
            for asked in (named[0][:-1] + "x", "/static/main.js", "/static/r/0123456789abcdef/main.js"):
                answer = await other.get("/" + asked)
                assert answer.headers["Cache-Control"] != KEPT
            elsewhere = await other.get("//static/r/0123456789abcdef/main.js")  # of a page from another release
            assert elsewhere.body.decode() == content
    assert named[0] != named[1]


async def test_configured_origins_may_call_with_tokens(make_api: Make) -> None:
    api = await make_api(allowed_origins=["https://app.example"])
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    asked["Access-Control-Request-Headers"] = "authorization"
    answer = await api.request("OPTIONS", "/users/me", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    foreign = await api.request("OPTIONS", "/users/me", headers={**asked, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
