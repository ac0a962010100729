"""Reading the security log over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from meetserver.access import GrantedRole
from meetserver.accounts import store
from meetserver.adapters.memory.clock import ManualClock
from meetserver.audit.service import SqlSecurityLog
from meetserver.ids import UserId
from meetserver.ports import Origin
from meetserver.wire import timestamp
from tests.integration.http.conftest import Api

HERE = Origin("192.0.2.1", "Firefox", "request-1")
PATH = "/admin/security-log"


@pytest.fixture
def log(api: Api, clock: ManualClock) -> SqlSecurityLog:
    """The real one beside the application's twin, so that it has what the test writes and no more."""
    return SqlSecurityLog(api.services.database, clock)


async def given_role(api: Api, role: GrantedRole) -> Api:
    person = await api.given_user(f"{role}@example.com", role)
    user = UserId((await person.get("/users/me")).body["id"])
    now = api.services.clock.now()
    await api.services.database.run(lambda connection: store.grant(connection, user, role, "", now))
    return person


@pytest.fixture
async def auditor(api: Api) -> Api:
    return await given_role(api, "auditor")


async def found(auditor: Api, query: str = "") -> list[str]:
    answer = await auditor.get(PATH + query)
    assert answer.status == 200, answer
    return [event["subject"] for event in answer.body["items"]]


@pytest.mark.both_databases
async def test_an_event_is_shown_whole(auditor: Api, log: SqlSecurityLog, clock: ManualClock) -> None:
    await log.record("role.granted", HERE, actor="ann", subject="bob", role="admin")
    (event,) = (await auditor.get(PATH)).body["items"]
    assert len(event.pop("hash")) == 64
    assert event == {
        "seq": 1,
        "at": timestamp(clock.now()),
        "type": "role.granted",
        "actor": "ann",
        "subject": "bob",
        "address": "192.0.2.1",
        "user_agent": "Firefox",
        "request_id": "request-1",
        "data": {"role": "admin"},
    }


@pytest.mark.both_databases
async def test_it_is_filtered(auditor: Api, log: SqlSecurityLog, clock: ManualClock) -> None:
    await log.record("login.failed", HERE, actor=None, subject="old")
    clock.advance(60)
    since = timestamp(clock.now())
    await log.record("login.failed", HERE, actor=None, subject="new")
    await log.record("role.granted", HERE, actor="ann", subject="bob")
    assert await found(auditor) == ["bob", "new", "old"]
    assert await found(auditor, "?type=login.failed") == ["new", "old"]
    assert await found(auditor, "?actor=ann") == ["bob"]
    assert await found(auditor, "?subject=old") == ["old"]
    assert await found(auditor, f"?since={since}") == ["bob", "new"]
    assert await found(auditor, f"?since={since}&type=login.failed") == ["new"]
    later = timestamp(clock.now() + timedelta(seconds=1))
    assert await found(auditor, f"?since={later}") == []


@pytest.mark.both_databases
async def test_it_pages(auditor: Api, log: SqlSecurityLog) -> None:
    for n in range(7):
        await log.record("login.failed", HERE, actor=None, subject=str(n))
    pages: list[Any] = []
    query = "?limit=3"
    while True:
        answer = await auditor.get(PATH + query)
        pages.append([event["subject"] for event in answer.body["items"]])
        if answer.body["next"] is None:
            break
        query = f"?limit=3&cursor={answer.body['next']}"
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]


@pytest.mark.parametrize(
    "query",
    [
        "type=none",
        "actor=%27%20OR%201=1",
        "subject=%00",
        "since=yesterday",
        "since=2030-01-07T12:00:00",
        "since=0.5",
        "since=-1",
        "since=0001-01-01T00:00:00%2B23:59",
        "since=9999-12-31T23:59:59-23:59",
        "cursor=x",
        "cursor=99999999999999999999",
        "cursor=%D9%A1",
        "limit=0",
        "limit=101",
        "who=ann",
    ],
)
async def test_what_cannot_be_asked_is_refused(auditor: Api, query: str) -> None:
    assert (await auditor.get(f"{PATH}?{query}")).code == "bad_message"


async def test_members_and_operators_may_not_read_it(api: Api) -> None:
    assert (await api.get(PATH)).status == 401
    assert (await (await api.given_user()).get(PATH)).code == "forbidden"
    assert (await (await given_role(api, "operator")).get(PATH)).code == "forbidden"
    assert (await (await given_role(api, "admin")).get(PATH)).status == 200
