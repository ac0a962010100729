"""Ops on the elements of a page: which are accepted, what they make of it, and what takes them back."""

from operator import attrgetter

from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.ids import SERVER
from meetserver.messages import Context, Event, Json, Meta
from meetserver.whiteboard import pages, steps
from meetserver.whiteboard.draft import Draft
from meetserver.whiteboard.elements import decode, encode, flaw
from meetserver.whiteboard.messages import Applied, Apply, Clear, Cleared, Delete, Done, Op, Order, Ordered, Patch, Put
from meetserver.whiteboard.state import BoardPage, BoardState, Change, Element, Step, Steps


def apply(board: BoardState, command: Apply, ctx: Context) -> list[Event] | Refusal:
    """Ops on elements that are not there (any more) are left out: whoever sent them had not seen the delete yet."""
    if (refusal := pages.shut(board, command.page, ctx)) is not None:
        return refusal
    draft = Draft(board, command.page, ctx.by, 0)
    accepted: list[Done] = []
    for op in command.ops:
        done = _try(draft, op, ctx)
        if isinstance(done, Refusal):
            return done
        if done is not None:
            accepted.append(done)
    if not accepted:
        return []
    goes_on = command.follows is not None and steps.newest(board.steps, ctx.by) == command.follows
    return overflow(board, draft.finish()) or [Applied(accepted, command.page, goes_on=goes_on)]


def _try(draft: Draft, op: Op, ctx: Context) -> Done | Refusal | None:
    """Apply one op to the draft; None: there is nothing to do it to."""
    if not op.id.isprintable():
        return Refusal("bad_message", "an element's id is made of printable characters")
    said = encode(_said(op))
    if isinstance(said, Refusal):
        return said
    before = draft.get(op.id)
    if before is not None and before.lock and not _unlocks(op, before, ctx):
        return Refusal("forbidden", "an element in this is locked")
    done = _done(draft, op)
    if done is None or (after := draft.apply(done)) is None:
        return None
    refusal = flaw(after.body, _said(op)) if isinstance(op, Put | Patch) else None
    return refusal or done


def _done(draft: Draft, op: Op) -> Done | None:
    match op:
        case Order():
            return draft.place(op)
        case Put(z=int() | float()):
            return Put(op.id, op.element)  # who draws does not say how high
        case _:
            return op


def _unlocks(op: Op, element: Element, ctx: Context) -> bool:
    is_patch = isinstance(op, Patch) and "locked" in op.fields and op.fields["locked"] is not True
    return is_patch and (ctx.by == element.lock or ctx.role in pages.MODERATORS)


def _said(op: Op) -> Json:
    match op:
        case Put():
            return op.element
        case Patch():
            return op.fields
        case _:
            return None


def overflow(before: BoardState, after: BoardState) -> Refusal | None:
    """What is wrong with the board afterwards. Full is full for what grows only: what is there can be made smaller."""
    if len(after.all_pages) > max(limits.BOARD_PAGES, len(before.all_pages)):
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_PAGES} pages")
    for name, page in after.pages.items():
        if len(page.elements) > max(limits.BOARD_ELEMENTS, len(before.page(name).elements)):
            return Refusal("too_large", f"a page has at most {limits.BOARD_ELEMENTS} elements")
    if after.size_bytes > max(limits.BOARD_BYTES, before.size_bytes):
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_BYTES} bytes")
    return None


def applied(board: BoardState, event: Applied, meta: Meta) -> BoardState:
    draft = Draft(board, event.page, meta.by, meta.seq)
    for op in event.ops:
        draft.apply(op)
    changes = changes_of(board, event.page, draft, dict.fromkeys(draft.before, meta.seq))
    return _recorded(draft.finish(), changes, meta, goes_on=event.goes_on)


def clear(board: BoardState, command: Clear, ctx: Context) -> list[Event] | Refusal:
    if (refusal := pages.shut(board, command.page, ctx)) is not None:
        return refusal
    elements = board.page(command.page).elements.values()
    return [Cleared(command.page)] if any(not element.lock for element in elements) else []


def cleared(board: BoardState, event: Cleared, meta: Meta) -> BoardState:
    """A page may have very many elements: what cannot be remembered anyway is not looked at one by one."""
    page = board.page(event.page)
    taken = [element for element in page.elements.values() if not element.lock]
    pages = board.pages
    if len(taken) < len(page.elements):
        kept = Map({element.id: element for element in page.elements.values() if element.lock})
        pages = pages.set(event.page, BoardPage(kept, sum(element.shown_bytes for element in kept.values())))
    elif event.page in pages:
        pages = pages.delete(event.page)
    after = replace(board, pages=pages)
    if not taken or meta.by == SERVER:
        return after
    if not steps.is_bearable(taken):
        return replace(after, steps=_forgotten(after, event.page, page.elements, meta))
    taken.sort(key=attrgetter("z", "id"))
    changes = [Change(event.page, element.id, element, element.stamp, meta.seq) for element in taken]
    return _recorded(after, changes, meta, goes_on=False)


def _forgotten(after: BoardState, name: str, before: Map[str, Element], meta: Meta) -> Steps:
    """A step that cannot be taken back, after which the page has no more of what was on it `before` than it has now.
    That has stamps as far as an earlier step asks for it."""
    kept = steps.record(after.steps, meta.by, Step(meta.seq, (), 0), goes_on=False)
    now = after.page(name).elements
    asked = (key for key in steps.asked(kept) if key[0] == name and key[1] in before and key[1] not in now)
    return steps.with_gone(kept, dict.fromkeys(asked, meta.seq))


def _recorded(after: BoardState, changes: list[Change], meta: Meta, *, goes_on: bool) -> BoardState:
    """The board afterwards, with these changes as their author's newest step."""
    if not changes or meta.by == SERVER:
        return after
    kept = steps.record(after.steps, meta.by, steps.of_changes(meta.seq, changes), goes_on=goes_on)
    return replace(after, steps=steps.with_gone(kept, gone_in(after, changes)))


def changes_of(board: BoardState, page: str, draft: Draft, stamps: dict[str, int]) -> list[Change]:
    """What the draft changed, each element with the stamp that it has now."""
    gone = board.steps.gone
    return [
        Change(page, id_, before, gone.get((page, id_), 0) if before is None else before.stamp, stamps[id_])
        for id_, before in draft.before.items()
        if before is not None or id_ in draft.elements
    ]


def gone_in(after: BoardState, changes: list[Change]) -> dict[steps.Key, int]:
    """The stamps of those that are not there afterwards."""
    pages = {change.page: after.page(change.page).elements for change in changes}
    return {steps.key(change): change.after_stamp for change in changes if change.id not in pages[change.page]}


def as_ops(id_: str, now: Element | None, then: Element | None) -> list[Done]:
    """What makes an element that is as `now` what it is in `then`."""
    if then is None:
        return [] if now is None else [Delete(id_)]
    ops: list[Done] = []
    if now is None or now.body != then.body:
        ops.append(Put(id_, decode(then.body), then.z if now is None else None))
    if now is not None and now.z != then.z:
        ops.append(Ordered(id_, then.z))
    return ops
