"""Shards and rooms over HTTP: what operators see, what they have done, and that it is on record."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from meetserver.adapters.memory.operations import MemoryOperations
from meetserver.ids import RoomId, ShardId
from tests.integration.http.conftest import Answer, Api
from tests.statuses import room_status, shard_status

ONE, TWO = ShardId("shard-1"), ShardId("host.example-2")
WEEKLY = RoomId("weekly")


@pytest.fixture
def cluster(api: Api) -> MemoryOperations:
    """Two shards, and three rooms that are awake."""
    operations = api.services.operations
    assert isinstance(operations, MemoryOperations)
    operations.shard_statuses = {shard: shard_status(shard) for shard in (ONE, TWO)}
    rooms = [room_status("weekly", members=3), room_status("daily", TWO, members=12), room_status("alone", members=3)]
    operations.room_statuses = {room.id: room for room in rooms}
    return operations


@pytest.fixture
async def operator(api: Api, cluster: MemoryOperations) -> Api:
    person = await api.given_user("operator@example.com", "Opal")
    await person.grant("operator")
    return person


async def listed(who: Api, query: str = "") -> list[str]:
    answer = await who.get(f"/admin/rooms{query}")
    assert answer.status == 200, answer
    return [room["id"] for room in answer.body["items"]]


def on_record(api: Api) -> list[tuple[str, str, dict[str, Any]]]:
    """What operators did: the type, to what, and more."""
    return [(e.type, e.subject, e.data) for e in api.recorded if e.type.startswith(("room.", "shard."))]


async def test_shards_are_shown_with_what_they_carry(operator: Api, cluster: MemoryOperations) -> None:
    cluster.shard_statuses[ONE] = shard_status(ONE, rooms=2, members=6, level=1, weight=0.5)
    answer = await operator.get("/admin/shards")
    assert [shard["id"] for shard in answer.body["items"]] == [TWO, ONE]
    assert answer.body["items"][1] == {
        "id": "shard-1",
        "address": "http://shard-1:8080",
        "is_draining": False,
        "weight": 0.5,
        "rooms": 2,
        "members": 6,
        "level": 1,
        "loop_lag_ms": 1.5,
        "commit_lag_ms": 2.0,
    }


async def test_a_room_is_shown(operator: Api) -> None:
    answer = await operator.get("/admin/rooms/weekly")
    assert answer.body == {
        "id": "weekly",
        "owner": "shard-1",
        "epoch": 1_795_000_000_000,
        "seq": 40,
        "members": 3,
        "mailbox": 0,
        "commit_lag_ms": 0.0,
        "is_quarantined": False,
    }


async def test_rooms_in_quarantine_come_first_then_the_busiest(operator: Api, cluster: MemoryOperations) -> None:
    assert await listed(operator) == ["daily", "alone", "weekly"]
    await cluster.quarantine(WEEKLY)
    assert await listed(operator) == ["weekly", "daily", "alone"]
    assert await listed(operator, "?shard=shard-1") == ["weekly", "alone"]
    assert await listed(operator, "?shard=nowhere") == []


async def test_pages_hold_each_room_once(operator: Api, cluster: MemoryOperations) -> None:
    await cluster.quarantine(WEEKLY)
    seen: list[str] = []
    query = "?limit=1"
    while query:
        answer = await operator.get(f"/admin/rooms{query}")
        assert answer.body["total"] == 3
        seen += [room["id"] for room in answer.body["items"]]
        query = f"?limit=1&cursor={answer.body['next']}" if answer.body["next"] else ""
    assert seen == ["weekly", "daily", "alone"]


async def test_a_page_begins_after_a_room_that_is_gone(operator: Api, cluster: MemoryOperations) -> None:
    first = await operator.get("/admin/rooms?limit=2")
    await cluster.sleep(RoomId("alone"))
    assert await listed(operator, f"?limit=2&cursor={first.body['next']}") == ["weekly"]


@pytest.mark.parametrize(
    "query", ["cursor=weekly", "cursor=2-1-weekly", "cursor=1--1-weekly", "limit=0", "limit=101", "shard=a%2Fb", "q=w"]
)
async def test_what_cannot_be_asked_for_is_refused(operator: Api, query: str) -> None:
    answer = await operator.get(f"/admin/rooms?{query}")
    assert (answer.status, answer.code) == (400, "bad_message")


Act = Callable[[Api], Awaitable[Answer]]
ACTS: list[tuple[Act, tuple[str, str, dict[str, Any]]]] = [
    (lambda who: who.post(f"/admin/shards/{TWO}/drain"), ("shard.drained", TWO, {})),
    (lambda who: who.post("/admin/rooms/weekly/move", {"shard": TWO}), ("room.moved", "weekly", {"shard": TWO})),
    (lambda who: who.post("/admin/rooms/weekly/sleep"), ("room.put_to_sleep", "weekly", {})),
    (lambda who: who.post("/admin/rooms/weekly/quarantine"), ("room.quarantined", "weekly", {})),
    (lambda who: who.post("/admin/rooms/weekly/release"), ("room.released", "weekly", {})),
]


@pytest.mark.parametrize(("act", "record"), ACTS, ids=[record[0] for _, record in ACTS])
async def test_what_is_done_is_on_record(operator: Api, act: Act, record: tuple[str, str, dict[str, Any]]) -> None:
    assert (await act(operator)).status == 204
    assert on_record(operator) == [record]
    (event,) = [event for event in operator.recorded if event.type == record[0]]
    assert event.actor == (await operator.get("/users/me")).body["id"]
    assert event.origin.address == "127.0.0.1"


@pytest.mark.parametrize(("act", "record"), ACTS, ids=[record[0] for _, record in ACTS])
async def test_what_nobody_answered_is_on_record_too(
    operator: Api, cluster: MemoryOperations, act: Act, record: tuple[str, str, dict[str, Any]]
) -> None:
    cluster.deaf |= {ONE, TWO}
    answer = await act(operator)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    type_, subject, data = record
    assert on_record(operator) == [(type_, subject, {"outcome": "unknown", **data})]


async def test_it_is_done(operator: Api, cluster: MemoryOperations) -> None:
    await operator.post(f"/admin/shards/{TWO}/drain")
    assert cluster.shard_statuses[TWO].is_draining
    await operator.post("/admin/rooms/weekly/quarantine")
    assert cluster.room_statuses[WEEKLY].is_quarantined
    await operator.post("/admin/rooms/weekly/release")
    assert WEEKLY not in cluster.room_statuses
    await operator.post("/admin/rooms/alone/sleep")
    assert list(cluster.room_statuses) == ["daily"]
    await operator.post("/admin/rooms/daily/move", {"shard": ONE})
    assert cluster.room_statuses[RoomId("daily")].owner == ONE


async def test_no_room_moves_to_who_takes_none(operator: Api, cluster: MemoryOperations) -> None:
    await cluster.drain(TWO)
    for shard in (TWO, "shard-9"):
        answer = await operator.post("/admin/rooms/weekly/move", {"shard": shard})
        assert (answer.status, answer.code) == (409, "conflict")
    for body in ({"shard": ""}, {"shard": "a/b"}, {"shard": "x" * 65}, {}, {"shard": ONE, "soon": True}):
        assert (await operator.post("/admin/rooms/weekly/move", body)).status == 400
    assert on_record(operator) == []


async def test_what_is_not_there_is_not_found(operator: Api) -> None:
    assert (await operator.get("/admin/rooms/nowhere")).status == 404
    for call in ("sleep", "quarantine", "release"):
        assert (await operator.post(f"/admin/rooms/nowhere/{call}")).status == 404
    assert (await operator.post("/admin/rooms/nowhere/move", {"shard": ONE})).status == 404
    for shard in ("shard-9", "..%2F..", "-", "x" * 65):
        assert (await operator.post(f"/admin/shards/{shard}/drain")).status == 404
    assert on_record(operator) == []


async def test_the_record_of_a_shard_is_found_by_its_name(operator: Api) -> None:
    await operator.grant("auditor")
    assert (await operator.get(f"/admin/security-log?subject={TWO}")).status == 200
    assert (await operator.get("/admin/security-log?subject=a%20b")).status == 400
