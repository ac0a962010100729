"""Whatever a client sends is granted or refused, never an error; and what is granted can be kept and shown."""

from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from meetserver.errors import BadMessage, Refusal
from meetserver.messages import Command
from meetserver.rooms.catalog import WIRE_COMMANDS
from meetserver.rooms.live import LiveState, react
from meetserver.rooms.messages import End
from meetserver.rooms.reducer import decide, evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, view
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Apply, Put
from meetserver.wire import CommandDecoder, encode, ephemeral_frame
from tests.builders import after, context, entry_after, given_room, meta_after, participant_id
from tests.unit.e2ee.rooms import WRAPPED, given_encrypted, identity, key_id, share

DECODER = CommandDecoder(WIRE_COMMANDS)
ROOM = after(given_room(host="Ann", guests=["Bo"], viewers=["Vi"]), "Ann", Apply([Put("a", {"x": 1})]))
ENCRYPTED = after(given_encrypted("Ann", "Bo"), "Bo", share(1, "Ann", "Bo"))
ROOMS = (ROOM, after(ROOM, "Ann", End()), ENCRYPTED)

odd_texts = st.sampled_from(["", "\0", "a", "bo", "bo-session", "x" * 9000, "\u202e", "\N{GRINNING FACE}", '"\\', "1"])
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | odd_texts | st.text(max_size=5).filter(lambda text: text.isprintable())
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3), max_leaves=8
)
op_kinds = st.sampled_from(["put", "patch", "delete", "other"])
element_ids = st.sampled_from(["a", "b", "\0"])
objects = st.dictionaries(odd_texts, values, max_size=3)
ops = st.fixed_dictionaries({"op": op_kinds, "id": element_ids, "element": objects, "fields": objects})


def fitting(name: str) -> st.SearchStrategy[Any]:
    """Values that have a chance to be taken for this field."""
    match name:
        case "ops":
            return st.lists(ops, min_size=1, max_size=3)
        case "element":
            return objects
        case "candidates":
            return st.lists(objects, max_size=3)
        case "to":
            return st.sampled_from(["bo-session", "ann-session", "gone", ["bo"], ["gone"], ["ann"]])
        case "key":
            return st.sampled_from([identity("Ann"), identity("Cy"), identity("Cy")[:-1] + "_"])
        case "key_id":
            return st.sampled_from([key_id(1), key_id(2)])
        case "wrapped":
            return st.dictionaries(st.sampled_from(["ann", "bo", "gone"]), st.just(WRAPPED), max_size=3)
        case "role":
            return st.sampled_from(["host", "viewer", "king"])
        case "participant":
            return st.sampled_from(["ann", "bo", "gone"])
        case "x" | "y":
            return numbers
        case "on" | "audio" | "video" | "screen" | "hand" | "final":
            return st.booleans()
        case _:
            return odd_texts


def bodies(command: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    fields = msgspec.structs.fields(command)
    return st.fixed_dictionaries(
        {f.encode_name: fitting(f.encode_name) | values for f in fields if f.required},
        optional={f.encode_name: fitting(f.encode_name) | values for f in fields if not f.required},
    )


@pytest.mark.parametrize("command", WIRE_COMMANDS, ids=lambda command: command.type)
@settings(deadline=None, max_examples=60)
@given(frame=st.data())
def test_it_is_granted_or_refused(command: type[Command], frame: st.DataObject) -> None:
    body = frame.draw(bodies(command))
    try:
        wish = DECODER.decode(encode({"id": 1, "type": command.type, "txn": "t", "data": body})).data
    except BadMessage:
        return
    for room in ROOMS:
        for name in ("Ann", "Bo", "Vi", "Stranger"):
            if wish.durable or wish.type == "presence.set":
                assert_decided(room, name, wish)
            if not wish.durable and wish.type not in ("ping", "bye"):
                assert_reacted_to(room, name, wish)


def assert_decided(room: RoomState, name: str, wish: Command) -> None:
    events = decide(room, wish, context(room, name))
    for event in [] if isinstance(events, Refusal) else events:
        after_it = evolve(room, event, meta_after(room, name))
        assert decode_snapshot(encode_snapshot(after_it)) == after_it
        assert fold(room, [entry_after(room, event, name)]) == after_it
        msgspec.json.decode(view(after_it, LiveState(), participant_id(name)))


def assert_reacted_to(room: RoomState, name: str, wish: Command) -> None:
    reaction = react(LiveState(), room, wish, context(room, name))
    if not isinstance(reaction, Refusal):
        live, tells = reaction
        msgspec.json.decode(view(room, live, participant_id(name)))
        for tell in tells:
            msgspec.json.decode(ephemeral_frame(tell.event, "ann"))
