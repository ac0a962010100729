"""A meeting's minutes as one page: no script, nothing from elsewhere, and all that people wrote as text."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from msgspec import Struct

from meetserver.chat.messages import Message
from meetserver.http.attendance import AttendeeShown
from meetserver.http.pages import WEB
from meetserver.http.registry import API
from meetserver.ids import MeetingId

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1c2033}"
    "h1{line-height:1.2}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "padding:.25rem .75rem .25rem 0;border-bottom:1px solid #dee2e6}time{color:#495057;white-space:nowrap}"
    ".said{white-space:pre-wrap;overflow-wrap:anywhere}.note{color:#495057;font-style:italic}"
    "img{max-width:100%;border:1px solid #dee2e6;margin:0 0 1rem;break-inside:avoid}tr{break-inside:avoid}"
)
_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class MinutesFile(Struct, frozen=True):
    id: str
    name: str
    size_bytes: int
    created_at: str


class Minutes(Struct, frozen=True):
    """`began` and `ended`: when the first one came and the last one left; None before, and as long as somebody is
    there. What is not whole has only the newest: `has_all_people`, `has_all_messages`, `has_all_files`."""

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


def written(minutes: Minutes, meeting: MeetingId, pictures: Sequence[bytes]) -> str:
    """`pictures` of the board, in SVG."""
    return _template().render(
        minutes=minutes,
        names={visit.participant: one.name for one in minutes.people for visit in one.visits},
        files=f"{API}/files",
        board=f"{API}/meetings/{meeting}/whiteboard.pdf",
        pictures=[b64encode(picture).decode() for picture in pictures],
        style=STYLE,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = lambda at: f"{at[:10]} {at[11:16]}"
    environment.filters["minutes"] = lambda seconds: f"{seconds / 60:.0f} min"
    return environment.get_template("minutes.html")
