"""What people do in a meeting, by chance: what they can name is what they see."""

import random

from meetserver.chat import messages as chat
from meetserver.messages import Command
from meetserver.presence.messages import Pen
from meetserver.presence.messages import Set as SetPresence
from meetserver.whiteboard import messages as whiteboard
from tests.simulation.person import Person

PAGES = ("1", "2", "3")
EMOJI = ("\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}", "\N{PARTY POPPER}")


def something(person: Person, others: list[Person], chance: random.Random) -> Command:
    if isinstance(person.last, whiteboard.Undo | whiteboard.Redo) and chance.random() < 0.5:
        return whiteboard.Redo() if chance.random() < 0.6 else whiteboard.Undo()
    action = chance.random()
    if action < 0.35:
        return chat.Send(text=_words(person, "says", chance))
    if action < 0.42:
        return chat.Send(text=_words(person, "whispers", chance), to=[chance.choice(others).participant])
    if action < 0.6:
        return _about_a_message(person, chance) or chat.Send(text=_words(person, "says", chance))
    if action < 0.75:
        return whiteboard.Apply([_drawn(person, chance)], _page(chance))
    if action < 0.82:
        return _changed(person, chance)
    if action < 0.95:
        return whiteboard.Undo(chance.choice([None, None, *PAGES]))
    return _about_a_page(person, chance)


def _words(person: Person, does: str, chance: random.Random) -> str:
    return f"{person.name} {does} {chance.randrange(10**6)}"


def _page(chance: random.Random) -> str:
    return chance.choice(["1", *PAGES])


def _about_a_message(person: Person, chance: random.Random) -> Command | None:
    """Mostly about a late one; None: there is none yet."""
    ids = list(person.picture.messages)
    if not ids:
        return None
    id_ = chance.choice(ids if chance.random() < 0.3 else ids[-20:])
    match chance.randrange(8):
        case 0:
            return chat.Delete(id_)
        case 1 | 2:
            return chat.React(id_, chance.choice(EMOJI), on=chance.random() < 0.7)
        case 3:
            return chat.Pin(id_, on=chance.random() < 0.6)
        case _:
            own = [id_ for id_ in ids if person.picture.messages[id_]["by"] == person.participant]
            return chat.Edit(chance.choice(own), text=_words(person, "says now", chance)) if own else None


def _drawn(person: Person, chance: random.Random) -> whiteboard.Put:
    fields = {"kind": "pen", "points": [0, chance.randrange(100)], "locked": chance.randrange(20) == 0}
    return whiteboard.Put(f"{person.name}-{chance.randrange(50)}", fields)


def _changed(person: Person, chance: random.Random) -> Command:
    """Of what is on a page, whoever drew it; and something new, so that something happens in any case."""
    page = _page(chance)
    ids = sorted(person.picture.pages.get(page, {}))
    ops: list[whiteboard.Op] = [_drawn(person, chance)]
    for id_ in chance.sample(ids, min(len(ids), 3)):
        match chance.randrange(3):
            case 0:
                ops.append(whiteboard.Patch(id_, {"colour": chance.randrange(9), "locked": None}))
            case 1:
                ops.append(whiteboard.Delete(id_))
            case _:
                ops.append(whiteboard.Order(id_, chance.choice(["front", "back", "forward", "backward"])))
    return whiteboard.Apply(ops, page)


def _about_a_page(person: Person, chance: random.Random) -> Command:
    """Some of these are for hosts alone."""
    page, versions = chance.choice(PAGES), person.picture.versions
    match chance.randrange(8):
        case 0:
            return whiteboard.AddPage(page)
        case 1:
            return whiteboard.ChangePage(page, name=_words(person, "calls it", chance))
        case 2:
            return whiteboard.MovePage(page, chance.randrange(3))
        case 3:
            return whiteboard.RemovePage(page)
        case 4:
            return whiteboard.Clear(page)
        case 5:
            return whiteboard.Save(_words(person, "keeps", chance))
        case 6 if versions:
            return whiteboard.Restore(chance.choice(versions), chance.choice([None, page]))
        case _:
            return SetPresence(board=Pen(tool="pen", page=page))
