"""What one may not see answers exactly as what is not there: status, body, headers and time."""

import statistics
import time
from typing import Any

import pytest

from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES
from tests.integration.http.conftest import Answer, Api

ABSENT = "0" * 20
BODIES: dict[str, Any] = {
    "update_meeting": {"title": "Mine"},
    "add_invitee": {"email": "bo@example.com"},
    "update_invitee": {"role": "host"},
    "create_link": {},
    "begin_direct_upload": {"name": "some.dat", "size_bytes": 9},
}
"""What is sent where an empty body is none."""
HIDING = [route for route in ROUTES if "meeting_id" in route.path_parts and "guest" not in route.rule.roles]

SAME_WITHIN = 0.05
ROUNDS = 8
CALLS_A_ROUND = 150


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def hidden(ann: Api) -> str:
    settings = {"passcode": "1234", "ip_rules": [{"effect": "deny", "network": "192.0.2.0/24"}] * 50}
    return str((await ann.given_meeting(settings=settings))["id"])


@pytest.fixture
async def bo(ann: Api, hidden: str) -> Api:
    return await ann.signed_in(None).given_user("bo@example.com", "Bo")


async def ask(who: Api, route: AnyRoute, meeting: str) -> Answer:
    path = route.path.replace("{meeting_id}", meeting)
    for part in route.path_parts:
        path = path.replace(f"{{{part}}}", ABSENT)
    body = BODIES.get(route.name, {}) if route.body is not None else None
    return await who.request(route.method, path, body)


def told(answer: Answer) -> tuple[int, Any, list[tuple[str, str]]]:
    """All that a stranger can read, but for what is new in each answer."""
    body = {name: value for name, value in answer.body.items() if name != "request_id"}
    changing = ("x-request-id", "date", "ratelimit")
    headers = [item for item in answer.headers.items() if not item[0].lower().startswith(changing)]
    return answer.status, body, sorted(headers)


@pytest.mark.parametrize("route", HIDING, ids=lambda route: route.name)
async def test_a_hidden_meeting_is_an_absent_one(bo: Api, hidden: str, route: AnyRoute) -> None:
    there, nowhere = await ask(bo, route, hidden), await ask(bo, route, ABSENT)
    assert (there.status, there.code) == (404, "not_found")
    assert told(there) == told(nowhere)


async def test_there_is_something_to_hide(ann: Api, hidden: str) -> None:
    assert len(HIDING) >= 15
    assert (await ann.get(f"/meetings/{hidden}")).status == 200


async def test_a_hidden_meeting_takes_as_long_as_an_absent_one(make_api: Any) -> None:
    """Medians of many calls in turn, of this process's own time: a busy machine has no part in it."""
    api = await make_api(rate_factor=0)
    ann = await api.given_user()
    meeting = (await ann.given_meeting())["id"]
    bo = await api.given_user("bo@example.com", "Bo")
    times: dict[str, list[float]] = {meeting: [], ABSENT: []}
    difference = 1.0
    for _ in range(ROUNDS):
        for _ in range(CALLS_A_ROUND):
            for id_ in times:
                began = time.process_time()
                await bo.get(f"/meetings/{id_}")
                times[id_].append(time.process_time() - began)
        there, nowhere = (statistics.median(taken) for taken in times.values())
        difference = abs(there - nowhere) / nowhere
        if difference < SAME_WITHIN:
            break
    assert difference < SAME_WITHIN
