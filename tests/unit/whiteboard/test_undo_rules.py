"""Random ops, undos and redos of up to eight people in any interleaving, with restarts among them.

The rules are told a second time here, in the plainest way: each element has layers, one upon the other, each made by
one change. Whoever takes a change back takes away its layers, as far as they are on top.
"""

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Struct

from meetserver.ids import UserId
from meetserver.messages import Command
from meetserver.ports import Entry
from meetserver.rooms.messages import Leave
from meetserver.rooms.reducer import evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Apply, Clear, Delete, Op, Order, Patch, Put, Redo, Undo
from tests.builders import entry_after, given_room, granted, join, meta_after, participant_id

NAMES = ("Ann", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal")
Key = tuple[str, str]
Content = tuple[bytes, float] | None
"""Body and height; None: not there."""

element_ids = st.sampled_from("abcd")
bodies = st.dictionaries(st.sampled_from("xy"), st.integers(0, 3) | st.none(), max_size=2)
directions: Any = st.sampled_from(["front", "back", "forward", "backward"])
ops: st.SearchStrategy[list[Op]] = st.lists(
    st.one_of(
        st.builds(Put, element_ids, bodies),
        st.builds(Patch, element_ids, bodies),
        st.builds(Delete, element_ids),
        st.builds(Order, element_ids, directions),
    ),
    min_size=1,
    max_size=4,
)
pages = st.sampled_from(["1", "2"])


class Layer(Struct, eq=False):
    content: Content


class Done(Struct, eq=False):
    """A change: its layers, and what each of them lies on."""

    layers: dict[Key, Layer]
    below: dict[Key, Layer]


class BoardOfMany(RuleBasedStateMachine):
    @initialize(people=st.integers(2, 8))
    def begin(self, people: int) -> None:
        self.names = NAMES[:people]
        self.now = {name: name for name in self.names}
        """Who is who by now."""
        self.room = given_room("Ann", guests=self.names[1:])
        self.first = self.room
        self.log: list[Entry] = []
        self.layers: dict[Key, list[Layer]] = {}
        self.undo: dict[str, list[Done]] = {name: [] for name in self.names}
        self.redo: dict[str, list[Done]] = {name: [] for name in self.names}

    def someone(self, who: int) -> str:
        return self.names[who % len(self.names)]

    def say(self, name: str, command: Command) -> None:
        name = self.now[name]
        for event in granted(self.room, name, command):
            self.log.append(entry_after(self.room, event, name))
            self.room = evolve(self.room, event, meta_after(self.room, name))

    def top(self, key: Key) -> Layer:
        return self.layers.setdefault(key, [Layer(None)])[-1]

    @rule(who=st.integers(0, 7), drawn=ops, page=pages)
    def draw(self, who: int, drawn: list[Op], page: str) -> None:
        self.change(self.someone(who), Apply(drawn, page), {(page, op.id) for op in drawn})

    @rule(who=st.integers(0, 7), page=pages)
    def clear(self, who: int, page: str) -> None:
        self.change(self.someone(who), Clear(page), {key for key in contents(self.room) if key[0] == page})

    def change(self, name: str, command: Command, keys: set[Key]) -> None:
        before, seq = contents(self.room), self.room.seq
        stamps = stamps_of(self.room)
        self.say(name, command)
        now = contents(self.room)
        if self.room.seq == seq:
            return
        touched = [key for key in keys if stamps_of(self.room).get(key) != stamps.get(key)]
        assert before | {key: now.get(key) for key in touched} == now | {
            key: None for key in touched if key not in now
        }, "nothing else has changed"
        layers = {key: Layer(now.get(key)) for key in touched}
        below = {key: self.top(key) for key in touched}
        for key, layer in layers.items():
            self.layers[key].append(layer)
        if touched:
            self.undo[name].append(Done(layers, below))
            self.redo[name] = []

    @rule(who=st.integers(0, 7), page=st.none() | pages)
    def take_back(self, who: int, page: str | None) -> None:
        name = self.someone(who)
        self.say(name, Undo(page))
        done = self.newest(self.undo[name], page, lambda done, key: self.top(key) is done.layers[key])
        if done is None:
            return
        keys = [key for key in done.layers if self.top(key) is done.layers[key]]
        for key in keys:
            self.layers[key].pop()
        self.redo[name].append(split(done, keys))

    @rule(who=st.integers(0, 7), page=st.none() | pages)
    def do_again(self, who: int, page: str | None) -> None:
        name = self.someone(who)
        self.say(name, Redo(page))
        done = self.newest(self.redo[name], page, lambda done, key: self.top(key) is done.below[key])
        if done is None:
            return
        keys = [key for key in done.layers if self.top(key) is done.below[key]]
        for key in keys:
            self.layers[key].append(done.layers[key])
        self.undo[name].append(split(done, keys))

    @staticmethod
    def newest(stack: list[Done], page: str | None, fits: Any) -> Done | None:
        for done in reversed(stack):
            if any(page in (None, key[0]) and fits(done, key) for key in done.layers):
                return done
        return None

    @rule(who=st.integers(1, 7))
    def leave_and_come_back(self, who: int) -> None:
        name = self.someone(who)
        if name != "Ann" and name == self.now[name]:
            self.leave(name)
            self.say(name, join(name))
            self.undo[name], self.redo[name] = [], []

    @rule(who=st.integers(1, 7))
    def sign_in(self, who: int) -> None:
        """As somebody with an account they have done nothing yet; later they leave and come back."""
        name = self.someone(who)
        if name != "Ann":
            self.leave(name)
            if self.now[name] == name:
                self.undo[name], self.redo[name] = [], []
            self.now[name] = f"{name}{self.room.seq}"
            self.say(name, join(self.now[name], user=UserId(f"account of {name}")))

    def leave(self, name: str) -> None:
        self.say(name, Leave(participant_id(self.now[name]), "bye"))

    @rule()
    def restart(self) -> None:
        stored = encode_snapshot(self.room)
        loaded = decode_snapshot(stored)
        assert loaded == self.room
        assert encode_snapshot(loaded) == stored
        self.room = loaded

    @invariant()
    def the_board_is_what_lies_on_top(self) -> None:
        expected = {key: layers[-1].content for key, layers in self.layers.items()}
        assert contents(self.room) == {key: content for key, content in expected.items() if content is not None}

    def teardown(self) -> None:
        if hasattr(self, "log"):
            assert fold(self.first, self.log) == self.room


def split(done: Done, keys: list[Key]) -> Done:
    """What goes to the other stack; the rest stays where it is."""
    moved = Done({key: done.layers[key] for key in keys}, {key: done.below[key] for key in keys})
    for key in keys:
        del done.layers[key]
    return moved


def contents(room: RoomState) -> dict[Key, Content]:
    pages = room.whiteboard.pages.items()
    return {(name, one.id): (one.body, one.z) for name, page in pages for one in page.elements.values()}


def stamps_of(room: RoomState) -> dict[Key, int]:
    pages = room.whiteboard.pages.items()
    there = {(name, one.id): one.stamp for name, page in pages for one in page.elements.values()}
    return {**dict(room.whiteboard.steps.gone), **there}


TestBoardOfMany = BoardOfMany.TestCase
TestBoardOfMany.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
