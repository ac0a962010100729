"""Taking one's data along, and having it erased."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.accounts.erasure import ERASE, AccountEraser, Erasure
from meetserver.accounts.models import user_account
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Unavailable
from meetserver.http.models import idempotency_key
from meetserver.ids import UserId
from meetserver.meetings.models import invitee, meeting
from meetserver.ports import Eraser, Origin
from meetserver.rooms.messages import End
from tests.integration.http.conftest import PASSWORD, Api, Make, all_at_once

pytestmark = pytest.mark.both_databases


async def tables(api: Api) -> str:
    """Accounts, meetings and invitations, as text."""
    rows = [await api.services.database.fetch(select(table)) for table in (user_account, meeting, invitee)]
    return str(rows)


async def make_admin(api: Api, user: Api) -> None:
    await user.grant("admin")


async def test_from_then_on_nobody_can_sign_in(api: Api) -> None:
    ann = await api.given_user()
    answer = await ann.delete("/users/me")
    assert answer.status == 202
    assert answer.body["state"] == "under_way"
    assert (await ann.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in()).code == "unauthenticated"


async def test_what_was_removed_stands_in_the_receipt(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    await ann.given_meeting("Ann's own")
    others = await ben.given_meeting("Ben's")
    invited = {"email": "ann@example.com", "name": "Ann", "role": "participant"}
    assert (await ben.post(f"/meetings/{others['id']}/invitees", invited)).status == 201
    receipt = (await ann.delete("/users/me")).body
    await api.jobs.run()
    done = (await api.get(f"/erasures/{receipt['id']}")).body
    assert done["state"] == "done"
    assert done["report"]["meetings"] == {"meetings": 1, "invitations": 1}
    assert done["report"]["account"]["user_account"] == 1
    kept = await tables(api)
    for trace in ("ann@example.com", "Ann"):
        assert trace not in kept, trace
    assert "Ben's" in kept
    assert "ann@example.com" not in msgspec.json.encode(done).decode()


async def test_who_is_in_an_erased_meeting_is_told(api: Api) -> None:
    ann = await api.given_user()
    await ann.given_meeting()
    await ann.delete("/users/me")
    await api.jobs.run()
    rooms: Any = api.services.rooms
    assert [type(command) for _, command in rooms.asked] == [End]


async def test_the_address_is_free_again(api: Api) -> None:
    await (await api.given_user()).delete("/users/me")
    await api.jobs.run()
    await api.given_user()


async def test_the_last_administrator_stays(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    await make_admin(api, ann)
    assert (await ann.delete("/users/me")).code == "conflict"
    assert (await ann.get("/users/me")).status == 200
    await make_admin(api, ben)
    assert (await ann.delete("/users/me")).status == 202
    assert (await ben.delete("/users/me")).code == "conflict"


async def test_two_administrators_at_once(api: Api) -> None:
    people = [await api.given_user(f"{name}@example.com", name) for name in ("ann", "ben")]
    for person in people:
        await make_admin(api, person)
    answers = await all_at_once(*(person.delete("/users/me") for person in people))
    assert sorted(answer.status for answer in answers) == [202, 409]


async def test_asked_often_at_once_it_is_one_erasure(api: Api) -> None:
    ann = await api.given_user()
    answers = await all_at_once(*(ann.delete("/users/me") for _ in range(10)))
    assert {answer.status for answer in answers} <= {202, 401}
    assert len({answer.body["id"] for answer in answers if answer.status == 202}) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_only_shortly_after_having_signed_in(make_api: Make, clock: ManualClock, method: str) -> None:
    api = await make_api(access_token_life_s=3600)
    ann = await api.given_user()
    clock.advance(limits.CONFIRM_LIFE_S)
    path = "/users/me/export" if method == "GET" else "/users/me"
    assert (await ann.request(method, path)).code == "confirm_first"


async def test_a_receipt_that_is_none(api: Api) -> None:
    assert (await api.get("/erasures/nothing")).code == "not_found"


async def test_a_copy_of_all_that_is_known(api: Api) -> None:
    ann = await api.given_user()
    await ann.given_meeting("Weekly")
    answer = await ann.get("/users/me/export")
    data = answer.body["data"]
    assert "attachment" in answer.headers["Content-Disposition"]
    assert data["account"]["user_account"][0]["email"] == "ann@example.com"
    assert data["account"]["auth_session"][0]["kind"] == "token"
    assert [one["title"] for one in data["meetings"]["owned"]] == ["Weekly"]
    assert data["rooms"] == {}


async def test_a_copy_holds_no_secret(api: Api) -> None:
    ann = await api.given_user()
    await ann.post("/users/me/factors/totp")
    content = msgspec.json.encode((await ann.get("/users/me/export")).body).decode()
    (row,) = await api.services.database.fetch(select(user_account.c.password_hash))
    assert row.password_hash not in content
    assert "secret" not in content
    assert "_hash" not in content
    assert PASSWORD not in content


async def test_both_are_written_down_without_a_name(api: Api) -> None:
    ann = await api.given_user()
    me = (await ann.get("/users/me")).body["id"]
    await ann.get("/users/me/export")
    await ann.delete("/users/me")
    events = api.recorded[-2:]
    assert [(event.type, event.actor, event.subject) for event in events] == [
        ("account.exported", me, me),
        ("account.deleted", me, me),
    ]


class Failing:
    """An eraser that fails as often as it is told to."""

    name = "failing"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    async def erase(self, user: UserId) -> Mapping[str, int]:
        self.calls += 1
        if self.calls <= self.failures:
            raise Unavailable("not now")
        return {"things": 1}

    async def export(self, user: UserId) -> Mapping[str, object]:
        return {}


async def test_what_was_done_before_a_crash_is_not_done_again(api: Api) -> None:
    ann = await api.given_user()
    me = UserId((await ann.get("/users/me")).body["id"])
    first, second = Failing(0), Failing(1)
    first.name = "first"
    services, asked = api.services, []

    async def enqueue(_connection: object, kind: str, payload: Any) -> None:
        asked.append((kind, payload))

    erasers: list[Eraser] = [first, second, AccountEraser(services.database)]
    erasure = Erasure(erasers, enqueue, services.database, services.clock, services.random, services.security_log)
    receipt = await erasure.ask(me, Origin())
    ((kind, payload),) = asked
    assert kind == ERASE
    with pytest.raises(Unavailable):
        await erasure.run(payload)
    assert (await erasure.receipt(receipt.id)).report == {"first": {"things": 1}}
    await erasure.run(payload)
    await erasure.run(payload)
    assert (first.calls, second.calls) == (1, 2)
    assert (await erasure.receipt(receipt.id)).state == "done"


async def test_an_address_that_was_never_verified_is_not_theirs_to_take_along(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    ben = await api.given_user("ben@example.com", "Ben")
    others = await ben.given_meeting("Ben's")
    await ben.post(f"/meetings/{others['id']}/invitees", {"email": "ann@example.com", "name": "The real Ann"})
    await api.register()
    squatter = api.signed_in((await api.log_in()).body["access_token"])
    assert (await squatter.get("/users/me/export")).body["data"]["meetings"]["invitations"] == []
    await squatter.delete("/users/me")
    await api.jobs.run()
    assert "The real Ann" in await tables(api)


async def test_answers_kept_for_repeated_requests_go_too(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    for person in (ann, ben):
        answer = await person.post("/meetings", {"title": "Weekly"}, headers={"Idempotency-Key": "k1"})
        assert answer.status == 201
    await ann.delete("/users/me")
    await api.jobs.run()
    (row,) = await api.services.database.fetch(select(idempotency_key.c.principal))
    assert row.principal == f"user {(await ben.get('/users/me')).body['id']}"
