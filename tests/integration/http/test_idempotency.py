"""Idempotency-Key: one effect, one answer."""

import asyncio
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.http.idempotency import Answer, forget_answers, once
from meetserver.http.store import ClaimKey
from meetserver.ids import ParticipantId
from tests.integration.http.conftest import PASSWORD, Api, all_at_once
from tests.integration.http.test_history import Room
from tests.integration.http.test_uploads import begun as begin_upload

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


async def test_another_file_or_query_is_a_conflict_too(ann: Api) -> None:
    meeting = str((await ann.given_meeting())["id"])
    first = await ann.bring(meeting, b"one", headers=KEY)
    assert (await ann.bring(meeting, b"one", headers=KEY)).body == first.body
    for content, params in ((b"another", {}), (b"one", {"for_chat": "true"})):
        answer = await ann.bring(meeting, content, headers=KEY, params=params)
        assert (answer.status, answer.code) == (409, "conflict")
    begun = [await begin_upload(ann, meeting, size, headers=KEY) for size in (7, 7, 8)]
    assert begun[0].headers["Location"] == begun[1].headers["Location"]
    assert begun[2].code == "conflict"


async def test_a_guest_s_key_is_theirs_alone(ann: Api) -> None:
    room = Room(ann, await ann.given_meeting())
    path = f"{room.path}/files"
    bo, cem = [KEY | {"Authorization": f"Session {await room.joins(ParticipantId(who))}"} for who in ("bo", "cem")]
    guest, meeting = ann.signed_in(None), room.path.rpartition("/")[2]
    own = [(await guest.bring(meeting, b"one", headers=who)).body["uploaded_by"] for who in (bo, cem)]
    assert own == ["bo", "cem"]
    link = f"/files/{(await guest.get(path, headers=bo)).body['items'][0]['id']}/link"
    assert (await guest.post(link, headers=bo)).status == 200
    for nobody in (KEY, KEY | {"Authorization": "Session x"}, KEY | {"Authorization": "Session \xff"}):
        assert (await guest.post(link, headers=nobody)).status in {401, 404}


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
