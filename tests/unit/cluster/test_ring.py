"""Who should own a room."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from meetserver.cluster import ring
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease

ROOMS = [RoomId(f"room-{n}") for n in range(20_000)]
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


def lease(number: int, *, weight: float = 1.0, is_draining: bool = False) -> Lease:
    return Lease(ShardId(f"shard-{number}"), "life", NEVER, is_draining, weight)


def owners(leases: list[Lease]) -> dict[RoomId, ShardId | None]:
    return {room: ring.owner(room, leases) for room in ROOMS}


def shares(leases: list[Lease]) -> Counter[ShardId | None]:
    return Counter(owners(leases).values())


def moved(before: list[Lease], after: list[Lease]) -> list[tuple[ShardId | None, ShardId | None]]:
    now = owners(after)
    return [(owner, now[room]) for room, owner in owners(before).items() if owner != now[room]]


def test_rooms_spread_evenly() -> None:
    counts = shares([lease(n) for n in range(5)])
    assert len(counts) == 5
    assert all(count == pytest.approx(len(ROOMS) / 5, rel=0.05) for count in counts.values())


def test_who_comes_takes_its_share_from_all_and_nothing_else_moves() -> None:
    three, four = [lease(n) for n in range(3)], [lease(n) for n in range(4)]
    moves = moved(three, four)
    assert len(moves) == pytest.approx(len(ROOMS) / 4, rel=0.05)
    assert {to for _, to in moves} == {"shard-3"}
    assert all(count == pytest.approx(len(moves) / 3, rel=0.1) for count in Counter(one for one, _ in moves).values())


def test_who_goes_leaves_its_share_to_all_and_nothing_else_moves() -> None:
    moves = moved([lease(n) for n in range(4)], [lease(n) for n in range(3)])
    assert {before for before, _ in moves} == {"shard-3"}
    assert len({after for _, after in moves}) == 3


def test_the_order_of_the_leases_and_their_lives_do_not_matter() -> None:
    leases = [lease(n) for n in range(5)]
    anew = [replace(one, incarnation="another life", expires_at=datetime.now(UTC)) for one in reversed(leases)]
    assert moved(leases, anew) == []


def test_all_processes_agree() -> None:
    """Though each has its own hash seed."""
    code = (
        "import json; from tests.unit.cluster.test_ring import *\n"
        "print(json.dumps([ring.owner(room, [lease(n) for n in range(5)]) for room in ROOMS[:200]]))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert json.loads(told.stdout) == [ring.owner(room, [lease(n) for n in range(5)]) for room in ROOMS[:200]]


def test_rooms_stay_where_they_were_put() -> None:
    """By an earlier release: another hash would move all of them at an upgrade."""
    leases = [lease(n) for n in range(5)]
    assert [ring.owner(room, leases) for room in ROOMS[:10]] == [f"shard-{n}" for n in [2, 0, 4, 4, 3, 3, 1, 1, 1, 0]]


def test_a_shard_of_half_the_weight_gets_half_as_much() -> None:
    counts = shares([lease(0), lease(1), lease(2, weight=0.5)])
    assert counts[ShardId("shard-2")] == pytest.approx(len(ROOMS) / 5, rel=0.05)
    assert counts[ShardId("shard-0")] == pytest.approx(len(ROOMS) * 2 / 5, rel=0.05)


def test_a_change_of_weight_moves_rooms_only_from_or_to_that_shard() -> None:
    moves = moved([lease(n) for n in range(4)], [*(lease(n) for n in range(3)), lease(3, weight=0.5)])
    assert {before for before, _ in moves} == {"shard-3"}


def test_a_full_shard_gets_no_rooms() -> None:
    assert set(shares([lease(0), lease(1, weight=0)])) == {"shard-0"}


def test_when_all_are_full_rooms_spread_over_all() -> None:
    counts = shares([lease(0, weight=0), lease(1, weight=0)])
    assert counts[ShardId("shard-0")] == pytest.approx(len(ROOMS) / 2, rel=0.05)


def test_a_shard_that_drains_gets_no_rooms_not_even_when_the_others_are_full() -> None:
    assert set(shares([lease(0, weight=0), lease(1, is_draining=True)])) == {"shard-0"}


def test_where_all_drain_or_nobody_is_nobody_owns() -> None:
    assert ring.owner(ROOMS[0], [lease(0, is_draining=True)]) is None
    assert ring.owner(ROOMS[0], []) is None
