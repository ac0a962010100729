"""Who tries what they may not do is on the record."""

from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.http.rates import RECORDED_AGAIN
from tests.integration.http.conftest import Api, Make


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


def refused(api: Api) -> list[tuple[str | None, dict[str, Any]]]:
    return [(event.actor, event.data) for event in api.recorded if event.type == "access.refused"]


async def test_a_call_that_ones_roles_do_not_allow(ann: Api) -> None:
    me = (await ann.get("/users/me")).body["id"]
    assert (await ann.get("/admin/users")).code == "forbidden"
    assert refused(ann) == [(me, {"action": "users.read"})]


async def test_a_call_that_a_token_has_no_scope_for(ann: Api) -> None:
    me = (await ann.get("/users/me")).body["id"]
    token = (await ann.post("/users/me/tokens", {"name": "Script", "scopes": ["profile:read"]})).body["token"]
    assert (await ann.signed_in(token).get("/meetings")).code == "forbidden"
    assert refused(ann) == [(me, {"action": "meetings.list"})]


async def test_a_call_from_a_foreign_page(api: Api) -> None:
    answer = await api.post("/auth/login", {}, headers={"Origin": "https://evil.example"})
    assert answer.code == "forbidden"
    assert refused(api) == [(None, {"action": "auth.sign_in"})]


async def test_one_who_goes_on_trying_does_not_fill_the_record(ann: Api, clock: ManualClock) -> None:
    for _ in range(5):
        await ann.get("/admin/users")
    assert len(refused(ann)) == 1
    await ann.get("/admin/ip-rules")
    assert len(refused(ann)) == 2, "another action is another matter"
    clock.advance(2 * RECORDED_AGAIN.per_s)
    await ann.get("/admin/users")
    assert len(refused(ann)) == 3


async def test_what_only_needs_a_confirmation_is_no_refusal(make_api: Make, clock: ManualClock) -> None:
    ann = await (await make_api(access_token_life_s=3600)).given_user()
    clock.advance(limits.CONFIRM_LIFE_S + 1)
    assert (await ann.get("/users/me/export")).code == "confirm_first"
    assert refused(ann) == []
