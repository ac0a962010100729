"""How a shard that drains sends away who is connected to it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from meetserver.actors.background import Background
from meetserver.cluster.handover import Handover
from meetserver.ids import ShardId
from tests.simulation.virtual_time import run_virtual
from tests.unit.cluster.houses import BOTH, Members


class Edge:
    """So many sockets. `closed_at`: when they were, and `retry_after_ms` what they were told."""

    def __init__(self, sockets: int) -> None:
        self._sockets = sockets
        self.closed_at = -1.0
        self.retry_after_ms = 0

    def __len__(self) -> int:
        return self._sockets

    def close_all(self, refusal: object, *, code: int, farewell: bytes) -> None:
        self.closed_at = asyncio.get_running_loop().time()
        self.retry_after_ms = msgspec.json.decode(farewell[farewell.index(b"{") :])["data"]["retry_after_ms"]


def drained(*sockets: int, has_others: bool = True) -> list[Edge]:
    """By rooms of so many sockets each; they are closed some time after 0."""
    edges = [Edge(count) for count in sockets]
    members = Members(ShardId("east"))
    owned: Any = SimpleNamespace(all=list, is_closing=False)

    async def run() -> None:
        if not has_others:
            members.become(*(one for one in BOTH if one.shard == "east"))
        nothing: Any = None
        seen: Any = edges
        handover = Handover(nothing, members, owned, nothing, Background(), edges=lambda: seen, follow=lambda: None)
        began = asyncio.get_running_loop().time()
        await handover.drain()
        for edge in edges:
            edge.closed_at -= began

    run_virtual(run())
    return edges


def test_a_hundred_sockets_a_second_are_sent_away() -> None:
    assert [edge.closed_at for edge in drained(100, 50, 150)] == pytest.approx([1.0, 1.5, 3.0])


def test_however_many_there_are_it_takes_fifteen_seconds_at_most() -> None:
    assert [edge.closed_at for edge in drained(1_000, 500)] == pytest.approx([10.0, 15.0])
    assert [edge.closed_at for edge in drained(10_000, 5_000)] == pytest.approx([10.0, 15.0])


def test_few_go_at_once() -> None:
    assert [edge.closed_at for edge in drained(4, 6)] == [0.0, 0.0]


def test_they_come_back_at_once_where_another_takes_them_and_else_when_this_one_may_be_there_again() -> None:
    assert [edge.retry_after_ms for edge in drained(1)] == [50]
    assert [edge.retry_after_ms for edge in drained(1, has_others=False)] == [1000]
