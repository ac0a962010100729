"""What every answer tells a browser, and where it leads who came by http."""

from typing import Any

import pytest

from tests.integration.transport.conftest import Front, MakeFront

BY_HTTP = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
BY_HTTPS = {**BY_HTTP, "X-Forwarded-Proto": "https"}
PUBLIC = {"public_url": "https://meet.example", "trusted_proxies": ["127.0.0.1"]}


async def headers_of(front: Front, path: str = "/healthz", **headers: str) -> Any:
    async with await front.get(path, headers=headers) as answer:
        return answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/who", "/nowhere"])
async def test_every_answer_is_hardened(make_front: MakeFront, path: str) -> None:
    headers = await headers_of(await make_front(), path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Server"] == "meetserver"


async def test_pages_run_our_scripts_only_and_call_nobody_else(make_front: MakeFront) -> None:
    front = await make_front()
    policy = _policy(await headers_of(front, Host="at-home:8080"))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://at-home:8080"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert not {"script-src", "style-src"} & set(policy)
    for loose in ("unsafe", "*", "data:;", "http:", "wss: "):
        assert loose not in policy["default-src"] + policy["connect-src"]


async def test_the_sockets_of_a_policy_are_the_public_ones(make_front: MakeFront) -> None:
    front = await make_front(**PUBLIC)
    assert _policy(await headers_of(front, Host="evil.example"))["connect-src"] == "'self' wss://meet.example"


async def test_browsers_are_told_to_stay_with_https_only_where_there_is_https(make_front: MakeFront) -> None:
    assert "Strict-Transport-Security" not in await headers_of(await make_front())
    headers = await headers_of(await make_front(**PUBLIC), **BY_HTTPS)
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


# --- to https


@pytest.mark.parametrize("path", ["/healthz", "/m/abc?x=1&y=%0d%0aSet-Cookie:%20a", "//evil.example/", "/nowhere"])
async def test_who_came_by_http_is_led_to_the_public_url(make_front: MakeFront, path: str) -> None:
    front = await make_front(**PUBLIC)
    line = await front.dial()
    await line.say(
        f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 203.0.113.7\r\n"
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n\r\n".encode()
    )
    head = (await line.reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 308 ")
    assert "\r\nLocation: https://meet.example/" in head
    assert f"{path}\r\n" in head
    assert "\r\nSet-Cookie" not in head


@pytest.mark.parametrize("target", ["http://evil.example/x", "http://evil.example"])
async def test_a_whole_url_as_the_target_leads_nowhere_else(make_front: MakeFront, target: str) -> None:
    front = await make_front(**PUBLIC)
    line = await front.dial()
    await line.say(
        f"GET {target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-For: 203.0.113.7\r\n"
        "X-Forwarded-Proto: http\r\n\r\n".encode()
    )
    head = (await line.reader.readuntil(b"\r\n\r\n")).decode()
    assert "Location: " not in head or "Location: https://meet.example/" in head


async def test_programs_are_refused_not_led(make_front: MakeFront) -> None:
    front = await make_front(**PUBLIC)
    async with await front.get("/api/v1/who", headers=BY_HTTP) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")
    async with await front.get("/api/v1/who", headers=BY_HTTPS) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "settings",
    [{"public_url": "http://meet.example", "trusted_proxies": ["127.0.0.1"]}, {**PUBLIC, "trusted_proxies": []}],
)
async def test_nobody_is_led_without_https_or_by_a_strangers_word(
    make_front: MakeFront, settings: dict[str, Any]
) -> None:
    front = await make_front(**settings)
    async with await front.get("/healthz", headers=BY_HTTP) as answer:
        assert answer.status == 200


async def test_a_probe_that_says_nothing_of_a_scheme_is_answered(make_front: MakeFront) -> None:
    async with await (await make_front(**PUBLIC)).get("/healthz") as answer:
        assert answer.status == 200


# --- CORS


async def test_answers_differ_by_origin_only_where_origins_are_configured(make_front: MakeFront) -> None:
    assert "Vary" not in await headers_of(await make_front(), "/api/v1/who")
    front = await make_front(allowed_origins=["https://app.example"])
    for path in ("/api/v1/who", "/api/v1/nowhere"):
        assert (await headers_of(front, path))["Vary"] == "Origin"
    assert "Vary" not in await headers_of(front, "/healthz")


def _policy(headers: Any) -> dict[str, str]:
    directives = headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, _, sources in (directive.partition(" ") for directive in directives)}
