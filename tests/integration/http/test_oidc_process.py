"""Signing in by a real provider in a process of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from meetserver.adapters.memory.clock import ManualClock
from tests.integration.http.conftest import Answer, Api, Make
from tests.servers.oidc import OidcServer


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcServer]:
    with OidcServer() as provider:
        yield provider


@pytest.fixture
def clock() -> ManualClock:
    """The provider's tokens go by the real time."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def api(make_api: Make, provider: OidcServer) -> Api:
    ours = {"name": "mock", "issuer": provider.issuer, "client_id": "meet", "client_secret": "secret"}
    return await make_api(oidc_providers=[{**ours, "group_roles": {"ops": "operator"}}])


@pytest.fixture
def ann(provider: OidcServer) -> str:
    claims = {"email": "ann@example.com", "email_verified": True, "name": "Ann Brown", "groups": ["ops"]}
    provider.given_user("ann", claims)
    return "ann"


async def start(api: Api) -> str:
    answer = await api.get("/auth/oidc/mock/start?next=/m/weekly", allow_redirects=False)
    assert answer.status == 303, answer
    return str(answer.headers["Location"])


async def come_back(api: Api, path: str) -> Answer:
    return await api.get(f"/{path}", allow_redirects=False)


def changed(url: str, **fields: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **fields})).geturl()


async def test_ann_signs_in(api: Api, provider: OidcServer, ann: str) -> None:
    answer = await come_back(api, provider.let_in(await start(api), ann))
    assert (answer.status, answer.headers["Location"]) == (303, "/m/weekly")
    me = (await api.get("/users/me")).body
    assert (me["email"], me["name"], me["roles"]) == ("ann@example.com", "Ann Brown", ["member", "operator"])


async def test_an_address_that_it_does_not_vouch_for_gets_nobody_in(api: Api, provider: OidcServer) -> None:
    provider.given_user("ben", {"email": "ben@example.com"})
    answer = await come_back(api, provider.let_in(await start(api), "ben"))
    assert answer.headers["Location"] == "/?sign_in=forbidden"


@pytest.mark.parametrize("field", ["nonce", "state"])
async def test_an_answer_to_another_question(api: Api, provider: OidcServer, ann: str, field: str) -> None:
    url = changed(await start(api), **{field: "of somebody else"})
    answer = await come_back(api, provider.let_in(url, ann))
    assert answer.headers["Location"] == "/?sign_in=unauthenticated"


async def test_a_token_for_another_client(api: Api, provider: OidcServer, ann: str) -> None:
    url = changed(await start(api), client_id="another")
    answer = await come_back(api, provider.let_in(url, ann))
    assert answer.headers["Location"] == "/?sign_in=unauthenticated"


async def test_an_answer_and_a_code_count_once(api: Api, provider: OidcServer, ann: str) -> None:
    path = provider.let_in(await start(api), ann)
    assert (await come_back(api, path)).headers["Location"] == "/m/weekly"
    assert (await come_back(api, path)).headers["Location"] == "/?sign_in=unauthenticated"
    again = provider.let_in(await start(api), ann)
    replayed = changed(again, code=dict(parse_qsl(urlsplit(path).query))["code"])
    assert (await come_back(api, replayed)).headers["Location"] == "/?sign_in=unauthenticated"
