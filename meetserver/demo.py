"""What a demo is made of: three meetings, what was said in one of them, and what was drawn. admin.py makes it so."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from math import cos, pi, sin
from zoneinfo import ZoneInfo

from msgspec import Struct

from meetserver.chat import messages as chat
from meetserver.meetings.messages import NewMeeting
from meetserver.messages import Command
from meetserver.whiteboard import messages as whiteboard

EMAIL = "demo@example.org"
HOST = "Dana Demo"
PEOPLE = (HOST, "Ben", "Noor")
TIMEZONE = "Europe/Berlin"

PINK, GREEN, BLUE = "#d6336c", "#2b8a3e", "#1c7ed6"


class Doing(Struct, frozen=True):
    """One of PEOPLE, and what they do in the room."""

    who: str
    command: Command


def meetings(now: datetime) -> list[NewMeeting]:
    """The calendar entries, seen from `now`; the first is the one in which something happened."""
    return [
        NewMeeting(
            title="Product weekly",
            description="What we finished, what we are at, what comes next.",
            starts_at=_next(now, weekday=0, hour=10),
            duration_min=45,
            timezone=TIMEZONE,
        ),
        NewMeeting(
            title="Design review: first steps",
            description="What somebody sees who comes here for the first time.",
            starts_at=_next(now, weekday=2, hour=14),
            duration_min=60,
            timezone=TIMEZONE,
        ),
        NewMeeting(title="Open door", description="No agenda. Come in when you want to talk."),
    ]


def _next(now: datetime, *, weekday: int, hour: int) -> datetime:
    """The next such day (Monday is 0) after today, by the clock of TIMEZONE."""
    zone = ZoneInfo(TIMEZONE)
    today = now.astimezone(zone).date()
    day = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return datetime.combine(day, time(hour), zone)


def happenings() -> list[Doing]:
    """What is said and drawn in the first meeting, in order."""
    dana, ben, noor = PEOPLE
    return [
        Doing(dana, chat.Send(text="Good morning! Can everybody see the board?")),
        Doing(ben, chat.Send(text="Yes. Who draws?")),
        Doing(noor, chat.Send(text="Me. Three boxes: done, under way, next.")),
        Doing(noor, _drawing("boxes", [_box(140, 300), _box(620, 300), _box(1100, 300)], BLUE)),
        Doing(noor, _drawing("arrows", [*_arrow(490, 450, 600), *_arrow(970, 450, 1080)], BLUE)),
        Doing(ben, _drawing("tick", [_line((230, 450), (290, 520), (410, 370))], GREEN, width=9)),
        Doing(ben, chat.Send(text="The import is done, so that one gets a tick.")),
        Doing(dana, _drawing("spiral", [_spiral(795, 450)], PINK, width=4)),
        Doing(dana, chat.Send(text="Search goes round in circles. I drew what it feels like.")),
        Doing(noor, chat.Send(text="The notes are at https://example.org/weekly as always.")),
        Doing(ben, _drawing("star", [_star(1275, 450)], GREEN)),
        Doing(ben, chat.Send(text="And the star is the release. See you next week!")),
    ]


def _drawing(name: str, strokes: list[list[float]], color: str, width: int = 4) -> whiteboard.Apply:
    """Strokes as the page draws them: points in the board's own units, which are 1600 by 900."""
    return whiteboard.Apply(
        [
            whiteboard.Put(
                f"demo-{name}-{number}", {"kind": "stroke", "points": points, "color": color, "width": width}
            )
            for number, points in enumerate(strokes, start=1)
        ]
    )


def _line(*corners: tuple[float, float]) -> list[float]:
    """Straight from corner to corner, as straight as a hand draws."""
    points: list[float] = []
    for (x, y), (to_x, to_y) in pairwise(corners):
        for step in range(13):
            part = step / 12
            wobble = 3 * sin(part * pi * 2 + x / 50 + y / 70)
            points += [round(x + (to_x - x) * part + wobble, 1), round(y + (to_y - y) * part - wobble, 1)]
    return points


def _box(x: float, y: float) -> list[float]:
    return _line((x, y), (x + 350, y), (x + 350, y + 300), (x, y + 300), (x, y))


def _arrow(x: float, y: float, to_x: float) -> list[list[float]]:
    return [_line((x, y), (to_x, y)), _line((to_x - 30, y - 25), (to_x, y), (to_x - 30, y + 25))]


def _spiral(x: float, y: float) -> list[float]:
    points: list[float] = []
    for step in range(120):
        angle = step * pi / 15
        points += [round(x + step * cos(angle), 1), round(y + step * sin(angle) * 0.9, 1)]
    return points


def _star(x: float, y: float) -> list[float]:
    angles = [-pi / 2 + corner * 4 * pi / 5 for corner in range(6)]
    return _line(*((x + 110 * cos(angle), y + 110 * sin(angle)) for angle in angles))
