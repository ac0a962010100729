"""All that is cached: by which key, for how long, and what becomes of it when the database is away. docs/caching.md
is made from here.

A key is `<kind>:<id>`; `<kind>:*` stands for all of its kind that processes keep for themselves. Whoever changes rows
that a kind shows notes its key in the same unit of work (`database.changed`).
"""

from typing import Final

from msgspec import Struct

from meetserver import limits
from meetserver.ids import MeetingId, ShardId, UserId

EVERY: Final = "*"


class Kind(Struct, frozen=True):
    """`what` and `changed_by` are for the documentation. A process keeps what it has read for limits.CACHE_LOCAL_S."""

    name: str
    what: str
    changed_by: str
    shared_s: float = 0.0
    """For so long all processes share it, in Redis; 0: it never leaves the process that read it."""
    stale_s: float = 0.0
    """For so long more a process serves its copy while the database is away; 0: never."""
    keeps_absence: bool = False
    """Whether a process remembers also that there is nothing: what some may not see takes no less time than that."""


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "session",
            "an account's session, with the account and its roles: who calls, at each call",
            "signing out, confirming, refreshing, personal tokens; any change of the account or its roles",
        ),
        Kind(
            "meeting",
            "a meeting by its id, as joining, reading and changing it begin; who is invited is asked anew",
            "changes of the meeting; any change of an account (its owner's name)",
            keeps_absence=True,
        ),
        Kind(
            "door",
            "what the door of a meeting says to whoever has its link",
            "as `meeting`",
            stale_s=limits.DOOR_STALE_S,
        ),
        Kind(
            "meetings_of",
            "the first page of somebody's own meetings",
            "making, changing and deleting one of them",
            shared_s=limits.MEETING_LIST_LIFE_S,
        ),
        Kind(
            "occupancy",
            "how many people are in each room of one shard, for lists",
            f"the shard itself, every {limits.OCCUPANCY_S:g} s",
            shared_s=limits.OCCUPANCY_LIFE_S,
        ),
    )
}


def session(id_: str) -> str:
    return f"session:{id_}"


def meeting(id_: MeetingId) -> str:
    return f"meeting:{id_}"


def door(id_: MeetingId) -> str:
    return f"door:{id_}"


def meetings_of(owner: UserId) -> str:
    return f"meetings_of:{owner}"


def occupancy(shard: ShardId) -> str:
    return f"occupancy:{shard}"


OF_ACCOUNTS: Final = tuple(f"{kind}:{EVERY}" for kind in ("session", "meeting", "door"))
"""What may show something of an account. Accounts change so rarely that nobody remembers where each is shown."""


def of_meeting(id_: MeetingId, owner: UserId) -> tuple[str, ...]:
    """What shows something of a meeting."""
    return meeting(id_), door(id_), meetings_of(owner)


def kind_of(key: str) -> Kind:
    """Raises KeyError for a kind that there is not."""
    return KINDS[key.partition(":")[0]]
