"""Which shard should own a room: rendezvous hashing, weighted. Who owns it is what the database says."""

import hashlib
import math
from collections.abc import Iterable

from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease

HASH_BITS = 64


def owner(room: RoomId, leases: Iterable[Lease]) -> ShardId | None:
    """Among those that do not drain, who draws the highest for this room; a shard's share goes with its weight.
    Those of weight 0 only when all are: a full house is better than none. None when all drain."""
    staying = [lease for lease in leases if not lease.is_draining]
    willing = [(lease.weight, lease.shard) for lease in staying if lease.weight > 0]
    candidates = willing or [(1.0, lease.shard) for lease in staying]
    return max(candidates, key=lambda one: (_score(room, *one), one[1]), default=(0.0, None))[1]


def _score(room: RoomId, weight: float, shard: ShardId) -> float:
    """−w / ln h for h even in (0, 1): the highest is a given shard's in proportion to its weight, and who comes or goes
    changes nothing between the others (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005)."""
    digest = hashlib.blake2b(f"{shard}\0{room}".encode(), digest_size=HASH_BITS // 8).digest()
    # The middle of its step, so that neither 0 nor 1 comes out; 53 bits are what a float can tell apart.
    even = ((int.from_bytes(digest) >> (HASH_BITS - 53)) + 0.5) / 2**53
    return -weight / math.log(even)
