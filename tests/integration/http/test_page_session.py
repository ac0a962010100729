"""The page's cookie session, and what protects it."""

import asyncio
from typing import Any

import pytest

from tests.integration.http.conftest import PASSWORD, Answer, Api, Make


async def sign_in(api: Api, **options: Any) -> Answer:
    body = {"email": "ann@example.com", "password": PASSWORD, "cookie": True}
    return await api.post("/auth/login", body, **options)


@pytest.fixture
async def page(api: Api) -> Api:
    await api.given_user()
    return api


async def test_a_page_signs_in_without_seeing_a_token(page: Api) -> None:
    answer = await sign_in(page)
    assert set(answer.body) == {"user", "csrf_token"}
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("meet=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await page.get("/users/me")).body["name"] == "Ann"


async def test_over_https_the_cookie_is_bound_to_the_host(make_api: Make) -> None:
    api = await make_api(public_url="https://meet.example.com")
    await api.given_user()
    cookie = (await sign_in(api)).headers["Set-Cookie"]
    assert cookie.startswith("__Host-meet=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_a_change_needs_the_csrf_token(page: Api) -> None:
    token = (await sign_in(page)).body["csrf_token"]
    assert (await page.post("/meetings", {"title": "Weekly"})).code == "forbidden"
    assert (await page.post("/meetings", {"title": "Weekly"}, headers={"X-CSRF-Token": "wrong"})).code == "forbidden"
    assert (await page.post("/meetings", {"title": "Weekly"}, headers={"X-CSRF-Token": token})).status == 201
    assert (await page.get("/auth/csrf")).body["csrf_token"] == token


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["origin", "null", "fetch-site"],
)
async def test_a_foreign_page_can_change_nothing_and_sign_nobody_in(page: Api, headers: dict[str, str]) -> None:
    assert (await sign_in(page, headers=headers)).code == "forbidden"
    token = (await sign_in(page)).body["csrf_token"]
    answer = await page.post("/meetings", {"title": "Weekly"}, headers={**headers, "X-CSRF-Token": token})
    assert answer.code == "forbidden"


async def test_the_own_page_is_no_foreign_one(page: Api) -> None:
    origin = str(page.client.make_url("/")).rstrip("/")
    assert (await sign_in(page, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"})).status == 200


async def test_logging_out_takes_the_cookie_and_ends_the_session(page: Api) -> None:
    answer = await sign_in(page)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    left = await page.post("/auth/logout", headers={"X-CSRF-Token": answer.body["csrf_token"]})
    assert left.status == 204
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    assert left.headers["Clear-Site-Data"] == '"storage"'
    assert (await page.get("/auth/csrf")).status == 401
    assert (await page.get("/auth/csrf", headers={"Cookie": cookie})).status == 401, "a kept cookie is worth nothing"


async def test_whoever_has_no_cookie_gets_401(page: Api) -> None:
    assert (await page.get("/auth/csrf")).code == "unauthenticated"
    assert (await page.get("/auth/csrf", headers={"Cookie": "meet=garbage"})).code == "unauthenticated"


async def test_a_bearer_token_needs_no_csrf_token(page: Api) -> None:
    ann = page.signed_in((await page.log_in()).body["access_token"])
    answer = await ann.post("/meetings", {"title": "Weekly"}, headers={"Origin": "https://elsewhere.example"})
    assert answer.status == 201


@pytest.mark.parametrize("header", [b"Cookie: meet=\xff\xfe", b"Authorization: Session \xff\xfe"])
async def test_what_is_no_text_says_of_nobody_who_they_are(api: Api, header: bytes) -> None:
    reader, writer = await asyncio.open_connection(api.client.host, api.client.port)
    writer.write(
        b"GET /api/v1/files/aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    )
    assert (await reader.readline()).split()[1] == b"401"
    writer.close()
    await writer.wait_closed()
