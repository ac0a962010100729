"""The whiteboard: which ops are accepted, and what they make of a page. Ops of one command are granted all or none."""

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.messages import Context, Event, Json, Tell
from meetserver.whiteboard.draft import Draft
from meetserver.whiteboard.elements import encode, flaw
from meetserver.whiteboard.messages import (
    Applied,
    Apply,
    Delete,
    Op,
    Patch,
    PointerMove,
    PointerMoved,
    Preview,
    Previewed,
    Put,
)
from meetserver.whiteboard.state import BoardPage, BoardState


def decide(board: BoardState, command: Apply, ctx: Context) -> list[Event] | Refusal:
    """Ops on elements that are not there (any more) are left out: whoever sent them had not seen the delete yet."""
    page = board.pages.get(command.page)
    draft = Draft(page or BoardPage())
    accepted: list[Op] = []
    for op in command.ops:
        applied = _try(draft, op)
        if isinstance(applied, Refusal):
            return applied
        if applied:
            accepted.append(op)
    if not accepted:
        return []
    return _overflow(board, page, draft) or [Applied(accepted, command.page)]


def _try(draft: Draft, op: Op) -> bool | Refusal:
    """Apply one op to the draft; False: it names an element that is not there."""
    if not op.id.isprintable():
        return Refusal("bad_message", "an element's id is made of printable characters")
    said = encode(_said(op))
    if isinstance(said, Refusal):
        return said
    body = draft.apply(op)
    if not body:
        return body is not None
    return flaw(body, _said(op)) or True


def _said(op: Op) -> Json:
    match op:
        case Put():
            return op.element
        case Patch():
            return op.fields
        case Delete():
            return None


def _overflow(board: BoardState, page: BoardPage | None, draft: Draft) -> Refusal | None:
    """Full is full for what grows only: what is there can be made smaller."""
    before = page or BoardPage()
    if page is None and len(board.pages) >= limits.BOARD_PAGES:
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_PAGES} pages")
    if len(draft.elements) > max(limits.BOARD_ELEMENTS, len(before.elements)):
        return Refusal("too_large", f"a page has at most {limits.BOARD_ELEMENTS} elements")
    grown = draft.size_bytes - before.size_bytes
    if grown > 0 and board.size_bytes + grown > limits.BOARD_BYTES:
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_BYTES} bytes")
    return None


def evolve(board: BoardState, event: Applied) -> BoardState:
    """A page comes with its first element and goes with its last."""
    before = board.pages.get(event.page, BoardPage())
    draft = Draft(before)
    for op in event.ops:
        draft.apply(op)
    page = draft.finish()
    if page.elements:
        return BoardState(board.pages.set(event.page, page))
    return BoardState(board.pages.delete(event.page)) if event.page in board.pages else board


def react(command: Preview | PointerMove) -> list[Tell] | Refusal:
    match command:
        case Preview():
            return _preview(command)
        case PointerMove():
            return [Tell(PointerMoved(command.x, command.y, command.tool, command.color))]


def _preview(command: Preview) -> list[Tell] | Refusal:
    body = encode(command.element)
    if isinstance(body, Refusal):
        return body
    return flaw(body, command.element) or [Tell(Previewed(command.id, command.element, command.page))]
