"""How often somebody may call, and how they are told."""

from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.errors import Busy
from meetserver.http.rates import RECORDED_AGAIN, rate_of
from meetserver.http.routes import ROUTES
from meetserver.limits import RATES, Rate
from tests.integration.http.conftest import Answer, Api, Make

RECOVER = RATES["recover"].amount


@pytest.fixture
async def api(make_api: Make) -> Api:
    """Behind a proxy, so that a test can be anywhere."""
    return await make_api(trusted_proxies=["127.0.0.1"])


async def forget_password(api: Api, address: str = "192.0.2.1", n: int = 0) -> Answer:
    return await api.post(
        "/auth/password/forgot", {"email": f"person{n}@example.com"}, headers={"X-Forwarded-For": address}
    )


async def exhausted(api: Api, address: str = "192.0.2.1") -> Answer:
    """The first answer that refuses, after as many as the rate allows."""
    for n in range(RECOVER):
        assert (await forget_password(api, address, n)).status == 200
    return await forget_password(api, address)


def recorded(api: Api) -> list[Any]:
    log = api.services.security_log
    assert isinstance(log, MemorySecurityLog)
    return [(event.actor, event.data) for event in log.events if event.type == "rate.limited"]


async def test_what_is_too_much_is_refused_and_told_until_when(api: Api) -> None:
    refused = await exhausted(api)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 2 * RATES["recover"].per_s
    assert refused.headers["RateLimit-Policy"] == f'"recover";q={RECOVER};w=600'
    assert refused.headers["RateLimit"] == f'"recover";r=0;t={refused.headers["Retry-After"]}'


async def test_who_waits_as_long_as_told_may_go_on(api: Api, clock: ManualClock) -> None:
    refused = await exhausted(api)
    clock.advance(int(refused.headers["Retry-After"]))
    assert (await forget_password(api)).status == 200


async def test_another_address_is_not_concerned(api: Api) -> None:
    await exhausted(api)
    assert (await forget_password(api, "192.0.2.2")).status == 200


async def test_an_ipv6_block_is_one_address(api: Api) -> None:
    await exhausted(api, "2001:db8::1")
    assert (await forget_password(api, "2001:db8::2")).status == 429
    assert (await forget_password(api, "2001:db8:0:1::1")).status == 200


async def test_a_header_that_anybody_can_write_gives_no_other_address(make_api: Make) -> None:
    api = await make_api()
    for n in range(3):
        await forget_password(api, f"192.0.2.{n}")
    policy, left = RECOVER * limits.OWN_MACHINE_FACTOR, RECOVER * limits.OWN_MACHINE_FACTOR - 4
    answer = await forget_password(api)
    assert answer.headers["RateLimit-Policy"] == f'"recover";q={policy};w=600'
    assert answer.headers["RateLimit"].startswith(f'"recover";r={left};')


async def test_who_is_signed_in_is_counted_by_account_wherever_they_are(api: Api) -> None:
    ann, bob = await api.given_user(), await api.given_user("bob@example.com", "Bob")
    left = []
    for person, address in ((ann, "192.0.2.1"), (ann, "192.0.2.2"), (bob, "192.0.2.2"), (ann, "127.0.0.1")):
        answer = await person.get("/users/me", headers={"X-Forwarded-For": address})
        left.append(RATES["read"].amount - int(answer.headers["RateLimit"].split("r=")[1].split(";")[0]))
    assert left == [1, 2, 1, 3]


async def test_a_wrong_token_counts_for_the_address(api: Api) -> None:
    stranger = api.signed_in("not.a.token")
    answers = [await stranger.get("/users/me", headers={"X-Forwarded-For": "192.0.2.1"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[1].headers["RateLimit"].startswith(f'"read";r={RATES["read"].amount - 2};')


async def test_too_many_wrong_tokens_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, "read", Rate("read", 3, 60.0))
    stranger = api.signed_in("not.a.token")
    codes = [(await stranger.get("/users/me", headers={"X-Forwarded-For": "192.0.2.1"})).status for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]


async def test_problems_say_what_is_left_too(api: Api) -> None:
    answer = await api.post("/auth/login", {"email": "ann@example.com"})
    assert answer.status == 400
    assert answer.headers["RateLimit"].startswith('"sign_in";')


async def test_health_is_not_counted(api: Api) -> None:
    answer = await api.get("//healthz")
    assert answer.status == 200
    assert "RateLimit" not in answer.headers


async def test_it_is_recorded_once_a_minute(api: Api, clock: ManualClock) -> None:
    await exhausted(api)
    for _ in range(5):
        await forget_password(api)
    assert recorded(api) == [(None, {"rate": "recover"})]
    clock.advance(2 * RECORDED_AGAIN.per_s)
    for n in range(10):
        await forget_password(api, n=n)
    assert len(recorded(api)) == 2


async def test_a_log_that_cannot_be_written_changes_no_answer(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise Busy("the security log does not keep up")

    monkeypatch.setattr(api.services.security_log, "record", refuse)
    assert (await exhausted(api)).status == 429


def test_every_call_but_health_has_a_rate() -> None:
    without = {route.path for route in ROUTES if rate_of(route) is None}
    assert {"/healthz", "/readyz"} <= without
    assert all(route.method == "GET" and route.action == "service.read" for route in ROUTES if route.path in without)


@pytest.mark.parametrize(
    ("path", "rate"),
    [
        ("/auth/login", "sign_in"),
        ("/auth/login/factor", "sign_in"),
        ("/auth/refresh", "write"),
        ("/auth/confirm", "sign_in"),
        ("/auth/register", "sign_up"),
        ("/auth/verify/resend", "sign_up"),
        ("/auth/password/forgot", "recover"),
        ("/auth/password/reset", "recover"),
        ("/meetings/{meeting_id}/join", "join"),
        ("/meetings", "write"),
    ],
)
def test_calls_that_guessers_like_have_a_class_of_their_own(path: str, rate: str) -> None:
    (route,) = [route for route in ROUTES if route.path == path and route.method == "POST"]
    found = rate_of(route)
    assert found is not None
    assert found.name == rate
