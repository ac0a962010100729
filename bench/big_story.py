"""What happened in a room where much was drawn and said, and its log as the server itself would have written it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from meetserver.actors.batch import Batch
from meetserver.chat.messages import Edit, React, Send
from meetserver.errors import Refusal
from meetserver.ids import SERVER, MeetingId, ParticipantId, RoomId, SessionId
from meetserver.messages import Command, Context, Event
from meetserver.presence.messages import Set
from meetserver.rooms.messages import Configure, Join, Leave, Settings
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import empty
from meetserver.whiteboard.messages import Apply, ChangePage, Patch, Put

PEOPLE: Final = 8
BEGIN: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
PACE: Final = timedelta(milliseconds=100)
EMOJIS: Final = "\N{THUMBS UP SIGN}", "\N{PARTY POPPER}", "\N{EYES}"
TEXT: Final = "we should draw this again with another colour and see what it costs before the next one starts"
WORDS: Final = tuple(TEXT.split())
OTHERS: Final = ["react"] * 8 + ["move"] * 6 + ["edit"] * 4 + ["hand"] * 4 + ["come or go"] * 6 + ["page"]


class Story:
    """`state` is the room after all that was told. Half of all entries are new strokes, a fifth messages, the rest what
    was done with these, and who came and went; in the end nobody is there."""

    def __init__(self, room: RoomId, meeting: MeetingId, *, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._people: list[ParticipantId] = []
        self._came = 0
        self._strokes: list[tuple[str, list[float]]] = []
        self.state = empty(room, meeting)

    def batches(self, entries: int, epoch: int, at_once: int) -> Iterator[Batch]:
        """So many entries, in commits of `at_once` or a few more."""
        batch = Batch(self.state.room, epoch, self.state)
        for by, wish in self._wishes(entries):
            [event] = self._decided(by, wish) or self._decided(by, self._hand(by))
            txn = f"{self._chance.getrandbits(96):024x}"
            batch.append([event], by, self._now, txn, self._chance.randbytes(16))
            self.state = batch.state
            if len(batch.entries) >= at_once:
                yield batch
                batch = Batch(self.state.room, epoch, self.state)
        if batch.entries:
            yield batch

    @property
    def _now(self) -> datetime:
        return BEGIN + self.state.seq * PACE

    def _decided(self, by: ParticipantId, wish: Command) -> list[Event]:
        role = "host" if by == SERVER else self.state.participants[by].role if by in self.state.participants else "host"
        id_ = f"{self._chance.getrandbits(48):012x}"
        present = self.state.participants
        context = Context(self.state.room, by, SessionId(f"s-{by}"), role, by, self._now, id_, present)
        events = decide(self.state, wish, context)
        assert not isinstance(events, Refusal), events
        return events

    def _wishes(self, entries: int) -> Iterator[tuple[ParticipantId, Command]]:
        yield SERVER, Configure("A long day", Settings())
        for _ in range(PEOPLE):
            yield self._arrival()
        kinds = ["stroke"] * (entries // 2) + ["message"] * (entries // 5)
        kinds += self._chance.choices(OTHERS, k=entries - len(kinds) - 1 - 2 * PEOPLE)
        self._chance.shuffle(kinds)
        for kind in kinds:
            if kind == "come or go":
                yield self._departure() if len(self._people) == PEOPLE else self._arrival()
            else:
                who = self._chance.choice(self._people)
                yield who, self._wish(kind, who)
        if len(self._people) < PEOPLE:
            yield self._people[0], self._hand(self._people[0])
        while self._people:
            yield self._departure()

    def _arrival(self) -> tuple[ParticipantId, Command]:
        self._came += 1
        who = ParticipantId(f"{self._came:024x}")
        self._people.append(who)
        return who, Join(who, SessionId(f"s-{who}"), f"Person {self._came}", "host")

    def _departure(self) -> tuple[ParticipantId, Command]:
        return SERVER, Leave(self._people.pop(), "bye")

    def _hand(self, who: ParticipantId) -> Command:
        return Set(hand=not self.state.participants[who].hand)

    def _wish(self, kind: str, who: ParticipantId) -> Command:
        """Where there is nothing yet to do it to, a hand."""
        chance, said = self._chance, self.state.chat.shared.messages[-20:]
        own = [message.message_id for message in said if message.by == who]
        match kind:
            case "stroke":
                self._strokes.append((f"{chance.getrandbits(96):024x}", self._points()))
                id_, points = self._strokes[-1]
                return Apply([Put(id_, {"kind": "stroke", "points": points, "color": "#1c2033", "width": 3})])
            case "move" if self._strokes:
                id_, points = chance.choice(self._strokes)
                return Apply([Patch(id_, {"points": [round(place + 10, 1) for place in points]})])
            case "message":
                return Send(text=self._text())
            case "react" if said:
                return React(chance.choice(said).message_id, chance.choice(EMOJIS))
            case "edit" if own:
                return Edit(own[-1], text=self._text())
            case "page":
                return ChangePage("1", name=self._text()[:40])
            case _:
                return self._hand(who)

    def _text(self) -> str:
        return " ".join(self._chance.choices(WORDS, k=self._chance.randint(2, 24)))

    def _points(self) -> list[float]:
        """Of a pen: from 6 to 54 points, a few units apart, to a tenth."""
        chance = self._chance
        x, y, dx, dy = chance.uniform(0, 1600), chance.uniform(0, 900), chance.uniform(-6, 6), chance.uniform(-6, 6)
        points: list[float] = []
        for _ in range(chance.randint(6, 54)):
            points += [round(x, 1), round(y, 1)]
            dx, dy = dx + chance.uniform(-2, 2), dy + chance.uniform(-2, 2)
            x, y = x + dx, y + dy
        return points
