"""Idempotency-Key: one effect, one answer."""

import asyncio
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.http.idempotency import Answer, forget_answers, once
from meetserver.http.store import ClaimKey
from tests.integration.http.conftest import PASSWORD, Api, all_at_once

pytestmark = pytest.mark.both_databases

KEY = {"Idempotency-Key": "key-1"}


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


async def count(api: Api) -> int:
    return len((await api.get("/meetings")).body["items"])


async def test_the_same_post_twice_is_done_once(ann: Api) -> None:
    first = await ann.post("/meetings", {"title": "A"}, headers=KEY)
    again = await ann.post("/meetings", {"title": "A"}, headers=KEY)
    assert (first.status, first.body, first.headers["ETag"]) == (again.status, again.body, again.headers["ETag"])
    assert await count(ann) == 1


async def test_many_at_once_are_done_once(ann: Api) -> None:
    answers = await all_at_once(*(ann.post("/meetings", {"title": "A"}, headers=KEY) for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert await count(ann) == 1


async def test_another_body_is_a_conflict(ann: Api) -> None:
    await ann.post("/meetings", {"title": "A"}, headers=KEY)
    answer = await ann.post("/meetings", {"title": "B"}, headers=KEY)
    assert (answer.status, answer.code) == (409, "conflict")


async def test_a_key_belongs_to_its_caller_and_its_path(ann: Api) -> None:
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    mine = (await ann.post("/meetings", {"title": "A"}, headers=KEY)).body
    others = (await bo.post("/meetings", {"title": "A"}, headers=KEY)).body
    assert mine["id"] != others["id"]
    assert (await ann.post(f"/meetings/{mine['id']}/join", {}, headers=KEY)).status == 200


async def test_a_refusal_is_not_kept(ann: Api) -> None:
    body = {"email": "cy@example.com", "password": PASSWORD}
    assert (await ann.post("/auth/login", body, headers=KEY)).status == 401
    await ann.signed_in(None).given_user("cy@example.com", "Cy")
    assert (await ann.post("/auth/login", body, headers=KEY)).status == 200


async def test_a_repeated_sign_in_of_a_page_sets_its_cookie_again(ann: Api) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD, "cookie": True}
    page = ann.signed_in(None)
    first = await page.post("/auth/login", body, headers=KEY)
    again = await page.post("/auth/login", body, headers=KEY)
    assert first.body == again.body
    assert again.headers["Set-Cookie"].startswith("meet=")


async def test_answers_are_forgotten_after_a_day(ann: Api, clock: ManualClock) -> None:
    await ann.post("/meetings", {"title": "A"}, headers=KEY)
    clock.advance(limits.IDEMPOTENCY_LIFE_S)
    assert await forget_answers(ann.services, clock.now()) == 1
    assert await forget_answers(ann.services, clock.now()) == 0


async def test_a_claim_of_a_process_that_died_is_taken_over(api: Api, clock: ManualClock) -> None:
    key = ClaimKey("user x", "POST /meetings", "k")
    acted: list[str] = []
    claimed = asyncio.Event()

    async def never() -> Answer:
        claimed.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def act() -> Answer:
        acted.append("acted")
        return Answer(200, {}, b"{}")

    dead: asyncio.Task[Any] = asyncio.create_task(once(api.services, key, b"", never))
    await claimed.wait()
    clock.advance(limits.IDEMPOTENCY_CLAIM_S)
    assert (await once(api.services, key, b"", act)).status == 200
    dead.cancel()
    await asyncio.wait([dead])
    assert (await once(api.services, key, b"", act)).status == 200
    assert acted == ["acted"], "what the dead one cleans up is not the other's answer"


async def test_a_key_that_cannot_be_is_refused(ann: Api) -> None:
    for key in ("", "a b", "x" * 129):
        answer = await ann.post("/meetings", {"title": "A"}, headers={"Idempotency-Key": key})
        assert answer.code == "bad_message", key
