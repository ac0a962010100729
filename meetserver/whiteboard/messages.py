"""The whiteboard on the wire: elements with ids, changed by put, patch, delete and order; the pages they are on."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import Command, DurableCommand, Ephemeral, Event, Json

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Page = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]
Name = Annotated[str, Meta(max_length=limits.BOARD_NAME_CHARS)]
Side = Annotated[int, Meta(ge=limits.BOARD_SIDE_MIN, le=limits.BOARD_SIDE_MAX)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]

FIRST_PAGE = "1"
WIDTH, HEIGHT = 1600, 900
"""A page's size, in the units of its elements' coordinates, where nobody says otherwise."""


class Put(Struct, frozen=True, tag_field="op", tag="put", omit_defaults=True):
    """Add an element, or replace the one of this id. `z` stands in events alone, for one that came back to its place:
    the higher is above the lower. A new one without it stands at the board's `next_z`, which then rises by one."""

    id: Id
    element: dict[str, Json]
    z: int | float | None = None


class Patch(Struct, frozen=True, tag_field="op", tag="patch"):
    """Set fields of an element; a field that is null goes."""

    id: Id
    fields: dict[str, Json]


class Delete(Struct, frozen=True, tag_field="op", tag="delete"):
    id: Id


class Order(Struct, frozen=True, tag_field="op", tag="order"):
    """Move an element above or below all others of its page, or by one of them."""

    id: Id
    to: Literal["front", "back", "forward", "backward"]


class Ordered(Struct, frozen=True, tag_field="op", tag="order"):
    """The element stands at `z` from now on: the higher is above the lower."""

    id: Id
    z: int | float


Op: TypeAlias = Put | Patch | Delete | Order
"""As people wish it."""
Done: TypeAlias = Put | Patch | Delete | Ordered
"""As it was done."""


class Apply(DurableCommand, frozen=True):
    """`follows`: seq of the sender's change that this is one with to undo, as long as that is their newest."""

    type: ClassVar[str] = "whiteboard.apply"
    ops: Annotated[list[Op], Meta(min_length=1, max_length=limits.BOARD_OPS)]
    page: Page = FIRST_PAGE
    follows: Seq | None = None


class Undo(DurableCommand, frozen=True):
    """Take back the newest change of the sender's own, as far as nobody else has changed the same elements since; with
    `page`, the newest one there. Nothing to take back is ok, and no event."""

    type: ClassVar[str] = "whiteboard.undo"
    page: Page | None = None


class Redo(DurableCommand, frozen=True):
    """Do again what the sender took back last, on the same conditions."""

    type: ClassVar[str] = "whiteboard.redo"
    page: Page | None = None


class Clear(DurableCommand, frozen=True):
    """Take all elements of a page away, but those that are locked."""

    type: ClassVar[str] = "whiteboard.clear"
    page: Page = FIRST_PAGE


class Save(DurableCommand, frozen=True):
    """Keep the board as it is now under a name; the ok has `version`."""

    type: ClassVar[str] = "whiteboard.save"
    name: Annotated[str, Meta(min_length=1, max_length=limits.BOARD_NAME_CHARS)]


class Restore(DurableCommand, frozen=True):
    """Make the board's elements, or those of `page` alone, what they were in a version. It can be undone."""

    type: ClassVar[str] = "whiteboard.restore"
    version: Id
    page: Page | None = None


class Discard(DurableCommand, frozen=True):
    """Drop a version."""

    type: ClassVar[str] = "whiteboard.discard"
    version: Id


class AddPage(DurableCommand, frozen=True):
    """A new page, at `index` or last. A page is also made by the first element that is put on it; then it goes with
    its last one."""

    type: ClassVar[str] = "whiteboard.add_page"
    page: Page
    name: Name = ""
    width: Side = WIDTH
    height: Side = HEIGHT
    background: Name = ""
    index: Annotated[int, Meta(ge=0, le=limits.BOARD_PAGES)] | None = None


class ChangePage(DurableCommand, frozen=True):
    """What is left out stays. Only hosts and cohosts lock a page, and only they change one that is locked."""

    type: ClassVar[str] = "whiteboard.change_page"
    page: Page
    name: Name | None = None
    width: Side | None = None
    height: Side | None = None
    background: Name | None = None
    locked: bool | None = None


class MovePage(DurableCommand, frozen=True):
    """Put a page in another place among the others; 0 is the first."""

    type: ClassVar[str] = "whiteboard.move_page"
    page: Page
    index: Annotated[int, Meta(ge=0, le=limits.BOARD_PAGES)]


class RemovePage(DurableCommand, frozen=True):
    """With all that is on it; the last page stays."""

    type: ClassVar[str] = "whiteboard.remove_page"
    page: Page


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


class Sheet(Struct, frozen=True, omit_defaults=True):
    """A page's properties."""

    name: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    background: str = ""
    locked: bool = False


class Applied(Event, frozen=True):
    """The ops as accepted: one that named an element no longer there is left out. `undo` and `redo` say that they take
    back, or do again, the author's change at that seq; `goes_on`, that they are one with the author's change before."""

    type: ClassVar[str] = "whiteboard.applied"
    ops: list[Done]
    page: str = FIRST_PAGE
    undo: int | None = None
    redo: int | None = None
    goes_on: bool = False


class Cleared(Event, frozen=True):
    """All elements of the page are gone, but those with `locked`: true."""

    type: ClassVar[str] = "whiteboard.cleared"
    page: str = FIRST_PAGE


class Saved(Event, frozen=True, rename={"kept": "version"}):
    """The board as it is at this seq is kept."""

    type: ClassVar[str] = "whiteboard.saved"
    kept: str
    name: str

    def receipt(self) -> dict[str, str]:
        return {"version": self.kept}


class Restored(Event, frozen=True, rename={"kept": "version"}):
    """`whiteboard.page_added` and `whiteboard.applied` follow, with whatever was different."""

    type: ClassVar[str] = "whiteboard.restored"
    kept: str
    page: str | None = None


class Discarded(Event, frozen=True, rename={"kept": "version"}):
    type: ClassVar[str] = "whiteboard.discarded"
    kept: str


class PageAdded(Event, frozen=True):
    type: ClassVar[str] = "whiteboard.page_added"
    page: str
    index: int
    sheet: Sheet = Sheet()


class PageChanged(Event, frozen=True):
    """`sheet` is all of the page's properties."""

    type: ClassVar[str] = "whiteboard.page_changed"
    page: str
    sheet: Sheet


class PageMoved(Event, frozen=True):
    type: ClassVar[str] = "whiteboard.page_moved"
    page: str
    index: int


class PageRemoved(Event, frozen=True):
    """With all that was on it."""

    type: ClassVar[str] = "whiteboard.page_removed"
    page: str


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


class VersionShown(Struct, frozen=True):
    """A version of the board, as snapshots list it: kept under `name` by somebody, as of `seq`."""

    id: str
    name: str
    by: ParticipantId
    at: str
    seq: int


Wish: TypeAlias = Apply | Undo | Redo | Clear | Save | Restore | Discard | AddPage | ChangePage | MovePage | RemovePage
"""What changes a board."""

Fact: TypeAlias = Applied | Cleared | Saved | Restored | Discarded | PageAdded | PageChanged | PageMoved | PageRemoved
"""What has changed it."""
