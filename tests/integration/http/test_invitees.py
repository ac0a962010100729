"""Invitees: who may ask whom to come, and as what."""

from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from tests.integration.http.conftest import Answer, Api


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def path(ann: Api) -> str:
    return f"/meetings/{(await ann.given_meeting())['id']}/invitees"


async def invite(who: Api, path: str, email: str = "bo@example.com", **more: Any) -> Answer:
    return await who.post(path, {"email": email, **more})


async def test_the_list(ann: Api, path: str, clock: ManualClock) -> None:
    made = (await invite(ann, path, "Bo@EXAMPLE.com", name="Bo", role="cohost")).body
    assert (made["email"], made["name"], made["role"], made["state"]) == ("Bo@example.com", "Bo", "cohost", "pending")
    clock.advance(1)
    await invite(ann, path, "cy@example.com")
    page = (await ann.get(f"{path}?limit=1")).body
    rest = (await ann.get(path, params={"cursor": page["next"]})).body
    assert page["items"] == [made]
    assert [(one["email"], one["name"], one["role"]) for one in rest["items"]] == [
        ("cy@example.com", None, "participant")
    ]
    assert rest["next"] is None


async def test_those_of_a_new_meeting(ann: Api) -> None:
    made = await ann.given_meeting(invitees=[{"email": "bo@example.com", "name": "Bo"}, {"email": "cy@example.com"}])
    found = (await ann.get(f"/meetings/{made['id']}/invitees")).body["items"]
    assert {one["email"] for one in found} == {"bo@example.com", "cy@example.com"}


@pytest.mark.both_databases
async def test_nobody_is_invited_twice(ann: Api, path: str) -> None:
    assert (await invite(ann, path)).status == 201
    again = await invite(ann, path, "BO@example.com")
    assert (again.status, again.code) == (409, "conflict")


async def test_a_role_changes_and_an_invitation_is_taken_back(ann: Api, path: str) -> None:
    one = f"{path}/{(await invite(ann, path, name='Bo')).body['id']}"
    assert (await ann.patch(one, {"role": "viewer"})).body["role"] == "viewer"
    assert (await ann.patch(one, {"name": None})).body["name"] is None
    assert (await ann.patch(one, {})).body["role"] == "viewer"
    assert (await ann.delete(one)).status == 204
    for answer in (await ann.delete(one), await ann.patch(one, {"role": "viewer"})):
        assert answer.code == "not_found"


async def test_an_invitee_of_another_meeting_is_not_there(ann: Api, path: str) -> None:
    other = f"/meetings/{(await ann.given_meeting())['id']}/invitees"
    id_ = (await invite(ann, path)).body["id"]
    assert (await ann.delete(f"{other}/{id_}")).code == "not_found"
    assert len((await ann.get(path)).body["items"]) == 1


async def test_a_cohost_neither_makes_nor_unmakes_moderators(ann: Api, path: str) -> None:
    host = (await invite(ann, path, "di@example.com", role="host")).body["id"]
    assert (await invite(ann, path, role="cohost")).status == 201
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    assert len((await bo.get(path)).body["items"]) == 2
    for answer in (
        await invite(bo, path, "me2@example.com", role="host"),
        await invite(bo, path, "me2@example.com", role="cohost"),
        await bo.patch(f"{path}/{host}", {"role": "viewer"}),
        await bo.delete(f"{path}/{host}"),
    ):
        assert (answer.status, answer.code) == (403, "forbidden")
    plain = (await invite(bo, path, "cy@example.com", role="viewer")).body["id"]
    assert (await bo.patch(f"{path}/{plain}", {"role": "host"})).code == "forbidden"
    assert (await bo.patch(f"{path}/{plain}", {"role": "participant"})).status == 200
    assert (await bo.delete(f"{path}/{plain}")).status == 204


async def test_to_others_there_is_nothing(ann: Api, path: str) -> None:
    id_ = (await invite(ann, path)).body["id"]
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    for answer in (
        await bo.get(path),
        await invite(bo, path, "x@example.com"),
        await bo.patch(f"{path}/{id_}", {"role": "host"}),
        await bo.delete(f"{path}/{id_}"),
    ):
        assert (answer.status, answer.code) == (404, "not_found"), "an invited participant does not manage the list"
    assert (await ann.signed_in(None).get(path)).code == "unauthenticated"


async def test_there_are_only_so_many(ann: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INVITEES", 2)
    for email in ("a@example.com", "b@example.com"):
        assert (await invite(ann, path, email)).status == 201
    assert (await invite(ann, path, "c@example.com")).code == "conflict"


@pytest.mark.parametrize(
    "wish",
    [
        {"email": "bo"},
        {"email": "bo@example.com\r\nBcc: all@example.com"},
        {"email": "bo@example.com", "name": "Bo\r\nBcc: all@example.com"},
        {"email": "bo@example.com", "name": ""},
        {"email": "bo@example.com", "role": "king"},
        {"email": "bo@example.com", "state": "accepted"},
    ],
)
async def test_what_no_invitee_can_be(ann: Api, path: str, wish: dict[str, str]) -> None:
    assert (await ann.post(path, wish)).code == "bad_message"


async def test_a_new_name_is_a_name_like_any_other(ann: Api) -> None:
    meeting = await ann.given_meeting(invitees=[{"email": "bo@example.com", "name": "Bo"}])
    path = f"/meetings/{meeting['id']}/invitees"
    path += "/" + (await ann.get(path)).body["items"][0]["id"]
    assert (await ann.patch(path, {"name": "   "})).code == "bad_message"
    assert (await ann.patch(path, {"name": "  Bo  "})).body["name"] == "Bo"
    assert (await ann.patch(path, {"name": None})).body["name"] is None
