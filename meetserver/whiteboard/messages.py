"""The whiteboard on the wire: elements with ids, changed by put, patch and delete."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.messages import Command, DurableCommand, Ephemeral, Event, Json

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Page = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]

FIRST_PAGE = "1"


class Put(Struct, frozen=True, tag_field="op", tag="put"):
    """Add an element, or replace the one of this id."""

    id: Id
    element: dict[str, Json]


class Patch(Struct, frozen=True, tag_field="op", tag="patch"):
    """Set fields of an element; a field that is null goes."""

    id: Id
    fields: dict[str, Json]


class Delete(Struct, frozen=True, tag_field="op", tag="delete"):
    id: Id


Op = Put | Patch | Delete


class Apply(DurableCommand, frozen=True):
    type: ClassVar[str] = "whiteboard.apply"
    ops: Annotated[list[Op], Meta(min_length=1, max_length=limits.BOARD_OPS)]
    page: Page = FIRST_PAGE


class Preview(Command, frozen=True):
    """A stroke under way: not stored, newest wins."""

    type: ClassVar[str] = "whiteboard.preview"
    id: Id
    element: dict[str, Json]
    page: Page = FIRST_PAGE


class PointerMove(Command, frozen=True):
    type: ClassVar[str] = "pointer.move"
    x: Coordinate
    y: Coordinate
    tool: Annotated[str, Meta(max_length=32)] = ""
    color: Annotated[str, Meta(max_length=32)] = ""


class Applied(Event, frozen=True):
    """The ops as accepted: one that named an element no longer there is left out."""

    type: ClassVar[str] = "whiteboard.applied"
    ops: list[Op]
    page: str = FIRST_PAGE


class Previewed(Ephemeral, frozen=True):
    type: ClassVar[str] = "whiteboard.previewed"
    id: str
    element: dict[str, Json]
    page: str = FIRST_PAGE

    def coalesce(self) -> str | None:
        return f"preview:{self.id}"


class PointerMoved(Ephemeral, frozen=True):
    type: ClassVar[str] = "pointer.moved"
    x: float
    y: float
    tool: str = ""
    color: str = ""

    def coalesce(self) -> str | None:
        return "pointer"
