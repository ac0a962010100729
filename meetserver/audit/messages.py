"""The security log as HTTP shows it."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.ids import SHARD_PATTERN
from meetserver.ports import SecurityEventType

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,64}$")]


class SecurityLogQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`actor` did it, to `subject`: ids, of a shard too. `since` in RFC 3339."""

    type: SecurityEventType | UnsetType = UNSET
    actor: Id | UnsetType = UNSET
    subject: Annotated[str, Meta(pattern=SHARD_PATTERN)] | UnsetType = UNSET
    since: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    cursor: Annotated[str, Meta(pattern=r"^[0-9]{1,15}$")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50


class SecurityEvent(Struct, frozen=True):
    """`actor` is a user's id, "" for who is not signed in; `subject` what it was done to. `hash`, in hexadecimal
    digits, covers the rest and the hash of the event before."""

    seq: int
    at: str
    type: str
    actor: str
    subject: str
    address: str
    user_agent: str
    request_id: str
    data: dict[str, str | int]
    hash: str


class SecurityLogPage(Struct, frozen=True):
    """Newest first. `next` is the cursor of the following page, null on the last one."""

    items: list[SecurityEvent]
    next: str | None
