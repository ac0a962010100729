"""Who was in a room, from when to when: made of its log's entries about coming and going. Pure."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from meetserver.ids import ParticipantId, UserId
from meetserver.messages import Role
from meetserver.ports import Entry
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.messages import Ended, Joined, LeaveReason, Left, Participant

TYPES = (Joined.type, Left.type, Ended.type)
"""The entries that it is made of."""


class Visit(Struct, frozen=True):
    """`left` is None as long as they are there; `reason`: why they left."""

    participant: ParticipantId
    came: datetime
    left: datetime | None = None
    reason: LeaveReason | None = None


class Attendee(Struct, frozen=True):
    """One person: an account, or a guest as often as they came. `name` and `role` as when they came last; `total_s`
    counts time once that they were there twice, in two tabs."""

    name: str
    user: UserId | None
    role: Role
    visits: tuple[Visit, ...]
    total_s: float


def attendance(entries: Iterable[Entry], now: datetime) -> list[Attendee]:
    """Of entries of TYPES, rising by seq. Who came first stands first; whoever is still there is until `now`."""
    people: dict[str, Participant] = {}
    visits: dict[str, list[Visit]] = {}
    open_: dict[ParticipantId, tuple[str, int]] = {}
    for entry in entries:
        match decode_event(entry.type, entry.v, entry.data):
            case Joined(who):
                person = f"user {who.user}" if who.user else who.id
                people[person] = who
                theirs = visits.setdefault(person, [])
                open_[who.id] = person, len(theirs)
                theirs.append(Visit(who.id, entry.at))
            case Left(participant, reason) if participant in open_:
                person, place = open_.pop(participant)
                visits[person][place] = Visit(participant, visits[person][place].came, entry.at, reason)
            case Ended():
                for participant, (person, place) in open_.items():
                    visits[person][place] = Visit(participant, visits[person][place].came, entry.at, "ended")
                open_.clear()
            case _:
                pass
    return [
        Attendee(who.name, who.user, who.role, tuple(visits[person]), total_s(visits[person], now))
        for person, who in people.items()
    ]


def total_s(visits: Iterable[Visit], now: datetime) -> float:
    """Seconds in any of these, which are by when they began."""
    total, until = 0.0, datetime.min.replace(tzinfo=now.tzinfo)
    for visit in visits:
        left = visit.left or max(now, visit.came)
        total += max(0.0, (left - max(visit.came, until)).total_seconds())
        until = max(until, left)
    return total
