"""How evenly rooms lie on shards, what moves when one comes, and what shards say to each other for no reason.

    .venv/bin/python -m bench.ring

In a minute. Nothing is started; its figures stand in docs/scaling.md.
"""

import time
from collections import Counter
from datetime import UTC, datetime

from meetserver.cluster import ring
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease

SHARDS = (3, 10, 50, 100, 300, 1000)
ROOMS = 10_000
ROOMS_OF_MANY = 2_000
"""Above MANY shards, where a look at all of them takes long."""
MANY = 100
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


def leases(count: int) -> list[Lease]:
    return [Lease(ShardId(f"shard-{number}"), "1", NEVER) for number in range(1, count + 1)]


def measure(shards: int) -> str:
    rooms = [RoomId(f"room-{number}") for number in range(ROOMS if shards <= MANY else ROOMS_OF_MANY)]
    before = leases(shards)
    started_at = time.process_time()
    owners = {room: ring.owner(room, before) for room in rooms}
    look_us = (time.process_time() - started_at) / len(rooms) * 1e6
    after = leases(shards + 1)
    moved = sum(ring.owner(room, after) != owners[room] for room in rooms) / len(rooms)
    most = max(Counter(owners.values()).values()) / (len(rooms) / shards)
    packets = shards * (shards - 1)
    return (
        f"{shards:6} {len(rooms):7,} {len(rooms) / shards:9.0f} {most:10.2f} {moved:9.2%} {1 / (shards + 1):9.2%}"
        f" {look_us:9.0f} {packets:11,} {2 * (shards - 1):8,}"
    )


def main() -> None:
    print("shards   rooms  a shard  most/mean     moved     ideal   us/look  packets/s  a shard")
    for shards in SHARDS:
        print(measure(shards), flush=True)


if __name__ == "__main__":
    main()
