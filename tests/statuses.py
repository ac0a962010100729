"""Shards and rooms as operators see them, for tests."""

from typing import Any

from meetserver.ids import RoomId, ShardId
from meetserver.ports import RoomStatus, ShardStatus


def shard_status(shard: str = "shard-1", **more: Any) -> ShardStatus:
    """A calm one that takes rooms."""
    calm = {"address": f"http://{shard}:8080", "is_draining": False, "weight": 1.0, "rooms": 0, "members": 0}
    quick = {"level": 0, "loop_lag_ms": 1.5, "commit_lag_ms": 2.0}
    return ShardStatus(id=ShardId(shard), **{**calm, **quick, **more})


def room_status(room: str, owner: str = "shard-1", **more: Any) -> RoomStatus:
    calm = {"epoch": 1_795_000_000_000, "seq": 40, "members": 2, "mailbox": 0, "commit_lag_ms": 0.0}
    return RoomStatus(id=RoomId(room), owner=ShardId(owner), **{**calm, **more})
