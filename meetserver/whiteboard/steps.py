"""What each person may take back, and do again: of their own changes only, and only where nobody else came after.

Each element has the stamp of the change that made it what it is. A step knows, for each element it changed, how it was
and which stamp it left there: as long as that stamp is there, nobody else has changed it since. Taking the step back
brings the earlier element back with its earlier stamp, so that older steps fit again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.ids import ParticipantId, UserId
from meetserver.whiteboard.state import CHANGE_BYTES, BoardState, Change, Element, Stacks, Step, Steps

Key = tuple[str, str]
"""Page and id of an element."""


def fits(board: BoardState, change: Change) -> bool:
    """Whether it can be taken back: nobody has changed the same element since."""
    element = board.page(change.page).elements.get(change.id)
    if element is None:
        return change.before is not None and board.steps.gone.get(key(change), 0) == change.after_stamp
    return bool(element.stamp == change.after_stamp)


def key(change: Change) -> Key:
    return change.page, change.id


def find(stack: Iterable[Step], seq: int) -> Step | None:
    return next((step for step in stack if step.seq == seq), None)


def newest(steps: Steps, person: ParticipantId) -> int | None:
    """Seq of what they would take back first."""
    stack = steps.people.get(person, Stacks()).undo
    return stack[-1].seq if stack else None


def of_changes(seq: int, changes: Iterable[Change]) -> Step:
    them = tuple(changes)
    return Step(seq, them, sum(change.size_bytes for change in them))


def record(steps: Steps, person: ParticipantId, step: Step, *, goes_on: bool) -> Steps:
    """Somebody has changed something: what they had taken back cannot be done again."""
    before = steps.people.get(person, Stacks())
    undo, added, dropped = _pushed(before.undo, step, goes_on=goes_on)
    return _with_stacks(steps, person, Stacks(undo), added, (*dropped, *before.redo))


def take_back(
    steps: Steps, person: ParticipantId, seq: int, inverse: Step, *, is_redo: bool = False, goes_on: bool = False
) -> Steps:
    """Of that step, what `inverse` does again goes to the other stack. What nobody may take back now stays: it may
    fit later."""
    stacks = steps.people.get(person, Stacks())
    source, target = (stacks.redo, stacks.undo) if is_redo else (stacks.undo, stacks.redo)
    left, changed = _without(source, seq, {key(change) for change in inverse.changes})
    target, added, dropped = _pushed(target, inverse, goes_on=goes_on)
    after = Stacks(target, left) if is_redo else Stacks(left, target)
    old = [step for step in source if step.seq == seq]
    return _with_stacks(steps, person, after, (*added, *changed), (*dropped, *old))


def _pushed(
    stack: tuple[Step, ...], step: Step, *, goes_on: bool
) -> tuple[tuple[Step, ...], Collection[Step], Collection[Step]]:
    """The stack with the step, and which are new on it, and which went. What is too large to be remembered leaves an
    empty step, so that nobody else's have to go for it, and what goes on with it is not taken for all of it."""
    if goes_on and stack:
        newest = stack[-1]
        joined = _bearable(of_changes(newest.seq, (*newest.changes, *step.changes) if newest.changes else ()))
        return (*stack[:-1], joined), (joined,), (newest,)
    step = _bearable(step)
    if len(stack) < limits.BOARD_UNDO_STEPS:
        return (*stack, step), (step,), ()
    most = limits.BOARD_UNDO_STEPS - 1
    return (*stack[-most:], step), (step,), stack[:-most]


def is_bearable(taken: Iterable[Element]) -> bool:
    """Whether a step that takes these away is small enough to be remembered."""
    return sum([len(element.body) + CHANGE_BYTES for element in taken]) <= limits.BOARD_UNDO_BYTES


def _bearable(step: Step) -> Step:
    return step if step.size_bytes <= limits.BOARD_UNDO_BYTES else Step(step.seq, (), 0)


def _without(stack: tuple[Step, ...], seq: int, done: Collection[Key]) -> tuple[tuple[Step, ...], Collection[Step]]:
    """The stack when these elements of that step are done with, and what is new on it."""
    after: list[Step] = []
    changed: list[Step] = []
    for step in stack:
        if step.seq == seq:
            step = of_changes(seq, (change for change in step.changes if key(change) not in done))
            changed += [step] if step.changes else []
        if step.seq != seq or step.changes:
            after.append(step)
    return tuple(after), changed


def _with_stacks(
    steps: Steps, person: ParticipantId, stacks: Stacks, added: Iterable[Step], dropped: Iterable[Step]
) -> Steps:
    """Bounded: the oldest steps go, whosever they are."""
    size_bytes, changes = steps.size_bytes, steps.changes
    for step in added:
        size_bytes, changes = size_bytes + step.size_bytes, changes + len(step.changes)
    for step in dropped:
        size_bytes, changes = size_bytes - step.size_bytes, changes - len(step.changes)
    if stacks.undo or stacks.redo:
        people = steps.people.set(person, stacks)
    else:
        people = steps.people.delete(person) if person in steps.people else steps.people
    away = steps.away.delete(person) if person in steps.away and person not in people else steps.away
    after = Steps(people, steps.gone if people else Map(), size_bytes, changes, away)
    return _bounded(after) if size_bytes > limits.BOARD_UNDO_BYTES else after


def _all(stacks: Stacks) -> Iterator[Step]:
    yield from stacks.undo
    yield from stacks.redo


def _bounded(steps: Steps) -> Steps:
    """A tenth goes at once: to look at every step for each change would be dear."""
    by_age = sorted((step.seq, step.size_bytes) for stacks in steps.people.values() for step in _all(stacks))
    left_bytes, newest_gone = steps.size_bytes, 0
    for seq, size_bytes in by_age:
        if left_bytes <= limits.BOARD_UNDO_BYTES * 9 // 10:
            break
        left_bytes, newest_gone = left_bytes - size_bytes, seq
    people = dict[ParticipantId, Stacks]()
    for person, stacks in steps.people.items():
        left = Stacks(_after(stacks.undo, newest_gone), _after(stacks.redo, newest_gone))
        if left.undo or left.redo:
            people[person] = left
    return of_people(people, steps.gone, steps.away)


def _after(stack: tuple[Step, ...], seq: int) -> tuple[Step, ...]:
    return tuple(step for step in stack if step.seq > seq)


def of_people(
    people: Mapping[ParticipantId, Stacks], gone: Map[Key, int], away: Mapping[ParticipantId, UserId]
) -> Steps:
    """Counted anew."""
    every = [step for stacks in people.values() for step in _all(stacks)]
    size_bytes, changes = sum(step.size_bytes for step in every), sum(len(step.changes) for step in every)
    still = Map((person, user) for person, user in away.items() if person in people)
    return Steps(Map(people), gone if people else Map(), size_bytes, changes, still)


def without_page(steps: Steps, page: str) -> Steps:
    """The page was removed."""
    people = dict[ParticipantId, Stacks]()
    for person, stacks in steps.people.items():
        left = Stacks(_elsewhere(stacks.undo, page), _elsewhere(stacks.redo, page))
        if left.undo or left.redo:
            people[person] = left
    return of_people(people, steps.gone, steps.away)


def _elsewhere(stack: tuple[Step, ...], page: str) -> tuple[Step, ...]:
    left = (of_changes(step.seq, (change for change in step.changes if change.page != page)) for step in stack)
    return tuple(step for step in left if step.changes)


def with_gone(steps: Steps, stamps: Mapping[Key, int]) -> Steps:
    """These elements are not there; 0: as if they had never been there."""
    if not stamps or not steps.people:
        return steps
    gone = steps.gone.mutate()
    for element, stamp in stamps.items():
        if stamp:
            gone[element] = stamp
        elif element in gone:
            del gone[element]
    after = replace(steps, gone=gone.finish())
    return _asked_for(after) if len(after.gone) > 1000 + 2 * after.changes else after


def _asked_for(steps: Steps) -> Steps:
    """Only the stamps that some step may ask for."""
    some = asked(steps)
    return replace(steps, gone=Map((element, stamp) for element, stamp in steps.gone.items() if element in some))


def asked(steps: Steps) -> set[Key]:
    """Of which elements some step may ask for the stamp."""
    return {key(change) for stacks in steps.people.values() for step in _all(stacks) for change in step.changes}


def left(board: BoardState, person: ParticipantId, user: UserId | None) -> BoardState:
    """With an account they may come back, as somebody else. Steps with nothing in them are not worth waiting for: they
    do not count towards any bound."""
    stacks = board.steps.people.get(person, Stacks())
    if user is None or not any(step.changes for step in _all(stacks)):
        return forget(board, person)
    return replace(board, steps=replace(board.steps, away=board.steps.away.set(person, user)))


def joined(board: BoardState, person: ParticipantId, user: UserId | None) -> BoardState:
    """What they could take back as whoever they were before, they can take back now."""
    steps = board.steps
    if user is None:
        return board
    before = {one for one, whose in steps.away.items() if whose == user}
    if not before:
        return board
    own = [stacks for one, stacks in steps.people.items() if one in before or one == person]
    people = {one: stacks for one, stacks in steps.people.items() if one not in before}
    people[person] = Stacks(_merged(stacks.undo for stacks in own), _merged(stacks.redo for stacks in own))
    return replace(board, steps=of_people(people, steps.gone, steps.away))


def _merged(stacks: Iterable[tuple[Step, ...]]) -> tuple[Step, ...]:
    """The newest steps of all of these."""
    every = sorted((step for stack in stacks for step in stack), key=lambda step: step.seq)
    return tuple(every[-limits.BOARD_UNDO_STEPS :])


def forget(board: BoardState, person: ParticipantId) -> BoardState:
    """They have left, and will not come back as who they were."""
    stacks = board.steps.people.get(person)
    if stacks is None:
        return board
    return replace(board, steps=_with_stacks(board.steps, person, Stacks(), (), _all(stacks)))


def forget_all(board: BoardState) -> BoardState:
    """Everybody has left."""
    return replace(board, steps=Steps())
