"""Taking back one's own changes, and doing them again: as new ops, never on what somebody else has changed since."""

from msgspec.structs import replace

from meetserver.errors import Refusal
from meetserver.messages import Context, Event, Meta
from meetserver.whiteboard import drawing, entries, pages, steps
from meetserver.whiteboard.draft import Draft
from meetserver.whiteboard.messages import Applied, Redo, Undo
from meetserver.whiteboard.state import BoardState, Change, Stacks, Step


def decide(board: BoardState, wish: Undo | Redo, ctx: Context) -> list[Event] | Refusal:
    """The newest step of which anything may be taken back, on the page that is meant; of that, whatever may."""
    stacks = board.steps.people.get(ctx.by, Stacks())
    for step in reversed(stacks.undo if isinstance(wish, Undo) else stacks.redo):
        if any(wish.page in (None, change.page) and steps.fits(board, change) for change in step.changes):
            changes = [change for change in step.changes if steps.fits(board, change)]
            return _taken_back(board, step, changes, wish, ctx)
    return []


def _taken_back(
    board: BoardState, step: Step, changes: list[Change], wish: Undo | Redo, ctx: Context
) -> list[Event] | Refusal:
    by_page: dict[str, list[entries.Group]] = {}
    after = board
    for name in dict.fromkeys(change.page for change in changes):
        if (refusal := pages.shut(board, name, ctx)) is not None:
            return refusal
        draft, groups = Draft(after, name, ctx.by, 0), by_page.setdefault(name, [])
        for change in changes:
            if change.page == name:
                groups.append(drawing.as_ops(change.id, draft.get(change.id), change.before))
                draft.restore(change.id, change.before)
        after = draft.finish()
    if (refusal := drawing.overflow(board, after)) is not None:
        return refusal
    undo, redo = (step.seq, None) if isinstance(wish, Undo) else (None, step.seq)
    return [replace(entry, undo=undo, redo=redo) for entry in entries.of(by_page)]


def evolve(board: BoardState, event: Applied, meta: Meta) -> BoardState:
    is_redo = event.undo is None
    seq = event.redo if is_redo else event.undo
    stacks = board.steps.people.get(meta.by, Stacks())
    step = None if seq is None else steps.find(stacks.redo if is_redo else stacks.undo, seq)
    if step is None:
        return drawing.applied(board, event, meta)
    draft = Draft(board, event.page, meta.by, meta.seq)
    meant, stamps = {op.id for op in event.ops}, dict[str, int]()
    for change in step.changes:
        if change.page == event.page and change.id in meant:
            draft.restore(change.id, change.before)
            stamps[change.id] = change.before_stamp
    changes = drawing.changes_of(board, event.page, draft, stamps)
    kept = steps.take_back(
        board.steps, meta.by, step.seq, steps.of_changes(meta.seq, changes), is_redo=is_redo, goes_on=event.goes_on
    )
    after = draft.finish()
    return replace(after, steps=steps.with_gone(kept, drawing.gone_in(after, changes)))
