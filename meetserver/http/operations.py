"""/admin/shards and /admin/rooms: which processes are up, whose each room is, and what operators have them do."""

from collections.abc import Awaitable
from typing import Annotated, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.errors import Timeout, Unavailable
from meetserver.http.registry import AnyCall, AnyRoute, Call, Route
from meetserver.ids import SHARD_PATTERN, RoomId, ShardId
from meetserver.ports import RoomStatus, SecurityEventType, ShardStatus

Shard = Annotated[str, Meta(pattern=SHARD_PATTERN)]

_Place: TypeAlias = tuple[int, int, str]
"""What rooms are sorted by."""
BEFORE_ALL: Final[_Place] = (-1, 0, "")


class ShardList(Struct, frozen=True):
    """All of them, by id; there is no next page."""

    items: list[ShardStatus]
    next: None = None


class RoomsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`shard`: only those that it owns."""

    shard: Shard | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50
    cursor: Annotated[str, Meta(pattern=r"^[01]-[0-9]{1,9}-[A-Za-z0-9]{1,64}$")] | UnsetType = UNSET


class RoomPage(Struct, frozen=True):
    """Those in quarantine, then those with most members. Rooms that people enter or leave meanwhile may be on two pages
    or on none. `total` is how many there are."""

    items: list[RoomStatus]
    next: str | None
    total: int


class MoveWish(Struct, frozen=True, forbid_unknown_fields=True):
    shard: Shard


async def list_shards(call: Call[None, None]) -> ShardList:
    return ShardList(await call.services.operations.shards())


async def drain_shard(call: Call[None, None]) -> None:
    shard = ShardId(call.part("shard_id"))
    await _do(call, "shard.drained", shard, call.services.operations.drain(shard))


async def list_rooms(call: Call[None, RoomsQuery]) -> RoomPage:
    query = call.query
    rooms = await call.services.operations.rooms()
    wanted = sorted((room for room in rooms if query.shard in (UNSET, room.owner)), key=_place)
    after = BEFORE_ALL if query.cursor is UNSET else _place_of(query.cursor)
    rest = [room for room in wanted if _place(room) > after]
    page = rest[: query.limit]
    return RoomPage(page, _cursor(page[-1]) if len(rest) > len(page) else None, len(wanted))


async def read_room(call: Call[None, None]) -> RoomStatus:
    return await call.services.operations.room(_room(call))


async def move_room(call: Call[MoveWish, None]) -> None:
    room, shard = _room(call), ShardId(call.body.shard)
    await _do(call, "room.moved", room, call.services.operations.move(room, shard), shard=shard)


async def put_room_to_sleep(call: Call[None, None]) -> None:
    room = _room(call)
    await _do(call, "room.put_to_sleep", room, call.services.operations.sleep(room))


async def quarantine_room(call: Call[None, None]) -> None:
    room = _room(call)
    await _do(call, "room.quarantined", room, call.services.operations.quarantine(room))


async def release_room(call: Call[None, None]) -> None:
    room = _room(call)
    await _do(call, "room.released", room, call.services.operations.release(room))


async def _do(call: AnyCall, type_: SecurityEventType, subject: str, doing: Awaitable[None], **data: str) -> None:
    """Have it done, and put on record by whom: also where nobody can say whether it was done."""
    record, actor = call.services.security_log.record, call.caller.user
    try:
        await doing
    except (Unavailable, Timeout):
        await record(type_, call.origin, actor=actor, subject=subject, outcome="unknown", **data)
        raise
    await record(type_, call.origin, actor=actor, subject=subject, **data)


def _room(call: AnyCall) -> RoomId:
    return RoomId(call.part("room_id"))


def _place(room: RoomStatus) -> _Place:
    return (0 if room.is_quarantined else 1, -room.members, room.id)


def _cursor(room: RoomStatus) -> str:
    return f"{0 if room.is_quarantined else 1}-{room.members}-{room.id}"


def _place_of(cursor: str) -> _Place:
    group, members, room = cursor.split("-")
    return (int(group), -int(members), room)


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/admin/shards",
        handler=list_shards,
        action="shards.read",
        answer=ShardList,
        problems=[503],
        tag="administration",
        summary="The processes that are up, with what they carry.",
    ),
    Route(
        method="POST",
        path="/admin/shards/{shard_id}/drain",
        handler=drain_shard,
        action="shards.write",
        problems=[503],
        tag="administration",
        summary="Have a process hand its rooms over and end, as SIGTERM does.",
    ),
    Route(
        method="GET",
        path="/admin/rooms",
        handler=list_rooms,
        action="rooms.read",
        query=RoomsQuery,
        answer=RoomPage,
        problems=[503],
        tag="administration",
        summary="Rooms that are awake or in quarantine, the busiest first.",
    ),
    Route(
        method="GET",
        path="/admin/rooms/{room_id}",
        handler=read_room,
        action="rooms.read",
        answer=RoomStatus,
        problems=[503],
        tag="administration",
        summary="One room: whose it is, and how it does. 404 while it sleeps.",
    ),
    Route(
        method="POST",
        path="/admin/rooms/{room_id}/move",
        handler=move_room,
        action="rooms.write",
        body=MoveWish,
        problems=[503],
        tag="administration",
        summary="Have another process run a room, until processes come or go. 409: that one takes none.",
    ),
    Route(
        method="POST",
        path="/admin/rooms/{room_id}/sleep",
        handler=put_room_to_sleep,
        action="rooms.write",
        problems=[503],
        tag="administration",
        summary="Save a room and let it go. Whoever is in it wakes it again.",
    ),
    Route(
        method="POST",
        path="/admin/rooms/{room_id}/quarantine",
        handler=quarantine_room,
        action="rooms.write",
        problems=[503],
        tag="administration",
        summary="Close a room to everybody until it is released.",
    ),
    Route(
        method="POST",
        path="/admin/rooms/{room_id}/release",
        handler=release_room,
        action="rooms.write",
        problems=[503],
        tag="administration",
        summary="End a room's quarantine: who comes next starts it.",
    ),
]
