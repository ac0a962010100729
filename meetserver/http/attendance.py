"""GET /meetings/{id}/attendance: who was there, from when to when, how long. As JSON and as a table."""

import csv
import io
from datetime import datetime

from aiohttp import web
from msgspec import Struct

from meetserver import limits
from meetserver.files.names import content_disposition, name_of
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, B, Call, Q, Route
from meetserver.ids import ParticipantId, UserId
from meetserver.messages import Role
from meetserver.ports import Entry, RoomHistory
from meetserver.rooms.messages import LeaveReason
from meetserver.rooms.visits import TYPES, Attendee, attendance
from meetserver.wire import timestamp

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is one to spreadsheets, whoever has written it."""
COLUMNS = ("name", "account", "role", "came", "left", "reason", "total_s")


class VisitShown(Struct, frozen=True):
    participant: ParticipantId
    came: str
    left: str | None
    reason: LeaveReason | None


class AttendeeShown(Struct, frozen=True):
    """One person; who is still there has a visit without `left`."""

    name: str
    user: UserId | None
    role: Role
    total_s: float
    visits: list[VisitShown]


class AttendanceShown(Struct, frozen=True):
    """Who came first stands first. Not `is_whole`: it begins with the newest limits.ATTENDANCE_ENTRIES arrivals, or
    after what is not kept any more, up to `expired_until`."""

    people: list[AttendeeShown]
    is_whole: bool
    expired_until: int = 0


async def read_attendance(call: Call[None, None]) -> AttendanceShown:
    return await attendance_of(call, await reader_of(call))


async def read_attendance_csv(call: Call[None, None]) -> web.Response:
    reader = await reader_of(call)
    attended = await attendance_of(call, reader)
    name = content_disposition(name_of(reader.meeting.title, ".csv"), is_inline=False)
    return web.Response(text=_table(attended.people), content_type="text/csv", headers={"Content-Disposition": name})


async def attendance_of(call: Call[B, Q], reader: Reader) -> AttendanceShown:
    found: list[Entry] = []
    since = 0
    for type_ in TYPES:
        some, is_whole = await _newest(call.services.history, reader, type_)
        found += some
        since = since if is_whole else max(since, some[0].seq)
    entries = sorted((one for one in found if one.seq >= since), key=lambda one: one.seq)
    people = [_shown(one) for one in attendance(entries, call.services.clock.now())]
    expired_until = reader.meeting.log_base
    return AttendanceShown(people, since == 0 and expired_until == 0, expired_until)


async def _newest(history: RoomHistory, reader: Reader, type_: str) -> tuple[list[Entry], bool]:
    """Entries of this type, rising, as far back as the limit goes; and whether these are all."""
    found: list[Entry] = []
    before: int | None = None
    while len(found) < limits.ATTENDANCE_ENTRIES:
        page = await history.entries_of_type(
            reader.meeting.room_id, type_, before_seq=before, after_seq=None, limit=limits.LOG_PAGE_EVENTS
        )
        found = [*page, *found]
        if len(page) < limits.LOG_PAGE_EVENTS:
            return found, True
        before = page[0].seq
    return found, False


def _shown(person: Attendee) -> AttendeeShown:
    visits = [VisitShown(one.participant, timestamp(one.came), _at(one.left), one.reason) for one in person.visits]
    return AttendeeShown(person.name, person.user, person.role, round(person.total_s, 3), visits)


def _at(time: datetime | None) -> str | None:
    return None if time is None else timestamp(time)


def _table(people: list[AttendeeShown]) -> str:
    """A line for each visit."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for one in people:
        for visit in one.visits:
            cells = (one.name, one.user, one.role, visit.came, visit.left, visit.reason, one.total_s)
            table.writerow([_cell(cell) for cell in cells])
    return file.getvalue()


def _cell(value: str | float | None) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/attendance",
        handler=read_attendance,
        action="history.read",
        takes_room_token=True,
        answer=AttendanceShown,
        tag="history",
        summary="Who was there, from when to when, and how long.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/attendance.csv",
        handler=read_attendance_csv,
        action="history.read",
        takes_room_token=True,
        streams=True,
        tag="history",
        summary="The same as a table, a line for each visit.",
    ),
]
