"""A meeting's minutes as one page: no script, nothing from elsewhere, and all that people wrote as text."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from meetserver.chat.messages import Message
from meetserver.http.attendance import AttendeeShown
from meetserver.http.printed import environment, policy_of
from meetserver.http.registry import API
from meetserver.ids import MeetingId

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1c2033}"
    "h1{line-height:1.2}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "padding:.25rem .75rem .25rem 0;border-bottom:1px solid #dee2e6}time{color:#495057;white-space:nowrap}"
    ".said{white-space:pre-wrap;overflow-wrap:anywhere}.note{color:#495057;font-style:italic}"
    "img{max-width:100%;border:1px solid #dee2e6;margin:0 0 1rem;break-inside:avoid}tr{break-inside:avoid}"
)
POLICY: Final = f"{policy_of(STYLE)}; frame-ancestors 'none'"


class MinutesFile(Struct, frozen=True):
    id: str
    name: str
    size_bytes: int
    created_at: str


class Minutes(Struct, frozen=True):
    """`began` and `ended`: when the first one came and the last one left; None before, and as long as somebody is
    there. What is not whole has only the newest: `has_all_people`, `has_all_messages`, `has_all_files`. What was up to
    the seq `expired_until` is not kept any more."""

    title: str
    began: str | None
    ended: str | None
    people: list[AttendeeShown]
    has_all_people: bool
    messages: list[Message]
    has_all_messages: bool
    files: list[MinutesFile]
    has_all_files: bool
    pages: int
    """Of the board."""
    expired_until: int


def written(minutes: Minutes, meeting: MeetingId, pictures: Sequence[bytes]) -> str:
    """`pictures` of the board, in SVG."""
    template = environment().get_template("minutes.html")
    return template.render(
        minutes=minutes,
        names={visit.participant: one.name for one in minutes.people for visit in one.visits},
        files=f"{API}/files",
        board=f"{API}/meetings/{meeting}/whiteboard.pdf",
        pictures=[b64encode(picture).decode() for picture in pictures],
        style=STYLE,
    )
