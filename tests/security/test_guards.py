"""Attacks that fail, and succeed once the guard against them is taken out: so it is the guard that stops them.

That they fail in all their forms is tested beside each guard; here each stands once.
"""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.http import auth, endpoint, oidc, peer, websocket
from meetserver.limits import RATES, Rate
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make
from tests.integration.http.scripted_provider import ScriptedProvider
from tests.integration.socket import conftest as sockets
from tests.integration.socket.conftest import Meeting

config = sockets.config
meeting = sockets.meeting

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EVIL: Final = "https://evil.example"


# --- an address that is made up


def believe_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "is_trusted", lambda address, config: address.startswith("127."))


@on_sqlite
async def test_forwarded_headers_against_limits(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names another address each time is not slowed down."""
    monkeypatch.setitem(RATES, "recover", Rate("recover", 3, 600.0))
    monkeypatch.setattr(limits, "OWN_MACHINE_FACTOR", 1)

    async def ask_often() -> int:
        statuses = []
        for number in range(6):
            made_up = f"198.51.100.{number}"
            headers = {"X-Forwarded-For": made_up} if number % 2 else {"Forwarded": f"for={made_up}"}
            answer = await api.post("/auth/password/forgot", {"email": f"{number}@example.com"}, headers=headers)
            statuses.append(answer.status)
        return statuses[-1]

    assert await ask_often() == 429
    believe_everybody(monkeypatch)
    assert await ask_often() == 200


@on_sqlite
async def test_forwarded_headers_in_the_security_log(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}

    async def address_written() -> str:
        await api.post("/auth/login", {"email": "ann@example.com", "password": PASSWORD}, headers=headers)
        return api.recorded[-1].origin.address

    assert await address_written() == "127.0.0.1"
    believe_everybody(monkeypatch)
    assert await address_written() == "198.51.100.1"


@on_sqlite
async def test_a_mailed_link_leads_here_whatever_the_host_is_called(api: Api) -> None:
    """Not by a guard that could be forgotten: mails do not see the request."""
    await api.given_user()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"}
    assert (await api.post("/auth/password/forgot", {"email": "ann@example.com"}, headers=headers)).status == 200
    mail = (await api.mails("ann@example.com"))[-1]
    assert f"{api.services.config.url}/reset/" in mail.text
    assert "evil.example" not in f"{mail.text}{mail.html}"


# --- what a foreign page can make a browser do


async def page(api: Api) -> str:
    """Signed in by cookie; the CSRF token."""
    await api.given_user()
    answer = await sign_in(api)
    assert answer.status == 200
    return str(answer.body["csrf_token"])


async def sign_in(api: Api, **headers: str) -> Answer:
    body = {"email": "ann@example.com", "password": PASSWORD, "cookie": True}
    return await api.post("/auth/login", body, headers=headers)


async def make_meeting(api: Api, **headers: str) -> int:
    return (await api.post("/meetings", {"title": "Theirs"}, headers=headers)).status


@on_sqlite
async def test_a_change_without_the_csrf_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await page(api)
    assert await make_meeting(api) == 403
    assert (await api.get("/meetings")).body["items"] == []
    monkeypatch.setattr(auth, "has_csrf_token", lambda request, session: True)
    assert await make_meeting(api) == 201


@on_sqlite
async def test_a_request_of_a_foreign_page(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that signs somebody in as somebody else: that needs no CSRF token of theirs."""
    token = await page(api)
    foreign = ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
    for headers in foreign:
        assert await make_meeting(api, **headers, **{"X-CSRF-Token": token}) == 403
        assert (await sign_in(api, **headers)).status == 403
    monkeypatch.setattr(auth, "is_foreign", lambda request, config: False)
    for headers in foreign:
        assert await make_meeting(api, **headers, **{"X-CSRF-Token": token}) == 201
        answer = await sign_in(api, **headers)
        assert answer.status == 200
        token = answer.body["csrf_token"]


@on_sqlite
async def test_what_a_form_can_send_is_no_body(api: Api) -> None:
    """Forms send no JSON, and a page that sends JSON elsewhere is asked about first (Fetch, CORS preflight)."""
    token = await page(api)
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""):
        assert await make_meeting(api, **{"X-CSRF-Token": token, "Content-Type": type_}) == 415


async def test_a_socket_of_a_foreign_page(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = await meeting.offer()
    for origin in (EVIL, "null", "http://127.0.0.1.evil.example", "http://127.0.0.1"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await meeting.connect(offer.room_id, origin=origin)
        assert refused.value.status == 403
    monkeypatch.setattr(websocket, "is_own_origin", lambda origin, request, config: True)
    socket = await meeting.welcomed(offer.room_id, origin=EVIL)
    await socket.raw.close()


# --- being led elsewhere


@pytest.fixture
async def provider(clock: ManualClock) -> Any:
    provider = ScriptedProvider(clock)
    async with provider.server:
        yield provider


@pytest.fixture
async def with_provider(make_api: Make, provider: ScriptedProvider) -> Api:
    return await make_api(oidc_providers=[provider.settings()], rate_factor=0)


def roundabout() -> Iterator[str]:
    """Ways to say //evil.example that have fooled others."""
    for slashes in (
        "//",
        "/\\",
        "\\\\",
        "\\/",
        "///",
        "////",
        "/\t/",
        "/\n/",
        "/\r/",
        "\t//",
        " //",
        "/ /",
        "/./\\",
        "\x00//",
    ):
        yield f"{slashes}evil.example"
        yield f"{slashes}evil.example/%2e%2e"
    for scheme in (
        "https:",
        "https:/",
        "https:\\\\",
        "HTTPS://",
        "javascript:",
        "data:text/html,",
        "//user@",
        "https:///",
    ):
        yield f"{scheme}evil.example"
    yield from (
        "/%2f/evil.example",
        "/%5cevil.example",
        "/..//evil.example",
        "/.//evil.example",
        "/@evil.example",
        "/;@x",
    )
    yield from ("%2f%2fevil.example", "?next=//evil.example", "#//evil.example", "/\u2215evil.example", "/\uff0fevil")


def is_elsewhere(location: str) -> bool:
    """Where a browser goes from there (WHATWG URL: line ends and tabs go, a backslash is a slash)."""
    read = "".join(char for char in location.strip() if char not in "\t\r\n").replace("\\", "/")
    return urlsplit(urljoin("https://meet.example", read)).netloc != "meet.example"


@on_sqlite
async def test_no_next_leads_elsewhere(with_provider: Api, provider: ScriptedProvider) -> None:
    taken = []
    for next_ in roundabout():
        answer = await with_provider.get("/auth/oidc/corp/start", params={"next": next_}, allow_redirects=False)
        if answer.status == 303:
            path = provider.let_in(answer.headers["Location"])
            location = (await with_provider.get(f"/{path}", allow_redirects=False)).headers["Location"]
            assert location == next_
            assert not is_elsewhere(location), location
            taken.append(next_)
        else:
            assert answer.code == "bad_message"
    assert taken, "and some are only odd paths of ours"


@on_sqlite
async def test_without_the_check_it_would(
    with_provider: Api, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_checked", lambda path: path)
    monkeypatch.setattr(endpoint, "decode_query", lambda request, route: _unchecked(request))
    start = await with_provider.get("/auth/oidc/corp/start", params={"next": "//evil.example"}, allow_redirects=False)
    path = provider.let_in(start.headers["Location"])
    location = (await with_provider.get(f"/{path}", allow_redirects=False)).headers["Location"]
    assert is_elsewhere(location)


def _unchecked(request: Any) -> Any:
    query = dict(request.query)
    return oidc.StartQuery(**query) if "next" in query else oidc.CallbackQuery(**query)
