"""What a room costs by itself, without socket, log and loop: microseconds a command, milliseconds a snapshot.

    .venv/bin/python -m bench.reducers

Each figure is the best of five rounds. What is given for two sizes should not grow with the size.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from meetserver import wire
from meetserver.chat.messages import Send
from meetserver.errors import Refusal
from meetserver.ids import SERVER, MeetingId, ParticipantId, RoomId, SessionId
from meetserver.messages import Command, Context, Meta
from meetserver.ports import Entry
from meetserver.presence.messages import Set
from meetserver.rooms.live import LiveState, react
from meetserver.rooms.messages import Configure, Join, Settings
from meetserver.rooms.reducer import decide, evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, shared_view
from meetserver.rooms.state import RoomState, empty
from meetserver.rooms.views import Views, whole_view
from meetserver.whiteboard.messages import Apply, Delete, Op, Patch, Put

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ROUNDS = 5
STROKES = 50_000


def context(state: RoomState, by: str) -> Context:
    id_ = ParticipantId(by)
    return Context(state.room, id_, SessionId(f"s-{by}"), "host", by, NOW, f"id{state.seq}", state.participants)


def do(state: RoomState, by: str, command: Command) -> RoomState:
    events = decide(state, command, context(state, by))
    assert not isinstance(events, Refusal), events
    for event in events:
        state = evolve(state, event, Meta(1, state.seq + 1, NOW, ParticipantId(by)))
    return state


def room_of(members: int) -> RoomState:
    state = do(
        empty(RoomId("room"), MeetingId("meeting")), SERVER, Configure("Bench", Settings(max_participants=10_000))
    )
    for number in range(members):
        name = f"p{number}"
        state = do(state, name, Join(ParticipantId(name), SessionId(f"s-{name}"), name, "host"))
    return state


def stroke(chance: random.Random, points: int = 20) -> dict[str, object]:
    return {
        "type": "stroke",
        "color": "#1a1a1a",
        "width": 2,
        "points": [[round(chance.uniform(0, 2000), 1), round(chance.uniform(0, 2000), 1)] for _ in range(points)],
    }


def draw(state: RoomState, strokes: int, chance: random.Random) -> RoomState:
    for start in range(0, strokes, 200):
        ops: list[Op] = [Put(f"e{number}", stroke(chance)) for number in range(start, min(strokes, start + 200))]
        state = do(state, "p0", Apply(ops))
    return state


def timed(run: Callable[[], object]) -> float:
    """Seconds of the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begin)
    return best


def say(what: str, seconds: float, per: int = 1) -> None:
    each = seconds / per
    print(f"{what:68} {each * 1e6:10.1f} µs" if per > 1 else f"{what:68} {each * 1e3:10.2f} ms")


def repeat(state: RoomState, commands: list[Command], by: str = "p0") -> RoomState:
    for command in commands:
        state = do(state, by, command)
    return state


def measure_commands(members: int) -> None:
    state = repeat(room_of(members), [Send(text="x" * 80)] * 100)
    say(f"chat.send, {members} members", timed(lambda: repeat(state, [Send(text="hello" * 16)] * 1000)), 1000)
    private: list[Command] = [Send(text="hello" * 16, to=[f"p{n % 40 + 1}"]) for n in range(2000)]
    full = repeat(state, private)
    say(f"chat.send to one, {members} members, 1,000 kept", timed(lambda: repeat(full, private[:1000])), 1000)
    hands: list[Command] = [Set(hand=number % 2 == 0) for number in range(1000)]
    say(f"presence.set hand, {members} members", timed(lambda: repeat(state, hands)), 1000)
    mute = [Set(audio=number % 2 == 0) for number in range(1000)]
    say(f"presence.set audio, {members} members", timed(lambda: mute_all(state, mute)), 1000)


def mute_all(state: RoomState, commands: list[Set]) -> None:
    live = LiveState()
    for command in commands:
        reaction = react(live, state, command, context(state, "p0"))
        assert not isinstance(reaction, Refusal)
        live, _ = reaction


def measure_board(chance: random.Random) -> RoomState:
    for size in (1000, STROKES - 2000):
        state = draw(room_of(10), size, chance)
        puts: list[Command] = [Apply([Put(f"n{number}", stroke(chance))]) for number in range(1000)]
        say(f"whiteboard put, {size} strokes there", timed(lambda s=state, c=puts: repeat(s, c)), 1000)  # type: ignore[misc]
        patches: list[Command] = [Apply([Patch(f"e{number}", {"x": number})]) for number in range(1000)]
        say(f"whiteboard patch, {size} strokes there", timed(lambda s=state, c=patches: repeat(s, c)), 1000)  # type: ignore[misc]
        deletes: list[Command] = [Apply([Delete(f"e{number}")]) for number in range(1000)]
        say(f"whiteboard delete, {size} strokes there", timed(lambda s=state, c=deletes: repeat(s, c)), 1000)  # type: ignore[misc]
    return draw(room_of(10), STROKES, chance)


def measure_snapshots(state: RoomState) -> None:
    data = encode_snapshot(state)
    say(f"encode_snapshot, {STROKES} strokes, {len(data) / 1e6:.0f} MB", timed(lambda: encode_snapshot(state)))
    say(f"decode_snapshot, {STROKES} strokes", timed(lambda: decode_snapshot(data)))
    say(f"shared_view, {STROKES} strokes (a link)", timed(lambda: shared_view(state, LiveState())))
    say(f"whole_view, {STROKES} strokes", timed(lambda: whole_view(state, LiveState())))


def measure_fold(chance: random.Random) -> None:
    entries, state = [], room_of(10)
    base = state
    for number in range(5000):
        command = Apply([Put(f"e{number}", stroke(chance))])
        [event] = decide(state, command, context(state, "p0"))  # type: ignore[misc]
        meta = Meta(1, state.seq + 1, NOW, ParticipantId("p0"))
        entries.append(Entry(1, meta.seq, NOW, meta.by, event.type, 1, wire.encode(event)))
        state = evolve(state, event, meta)
    say("fold, an entry of one put", timed(lambda: fold(base, entries)), 5000)


def measure_joins(members: int, chance: random.Random) -> None:
    start = repeat(draw(room_of(1), 1000, chance), [Send(text="x" * 200)] * 100)

    def storm() -> None:
        state, views, live = start, Views(), LiveState()
        for number in range(members):
            name = f"q{number}"
            state = do(state, name, Join(ParticipantId(name), SessionId(f"s-{name}"), name, "participant"))
            views.view(state, live, ParticipantId(name))

    say(f"join and view, a storm of {members}, 1,000 strokes, 100 messages", timed(storm), members)


def main() -> None:
    chance = random.Random(1)
    for members in (50, 2000):
        measure_commands(members)
    measure_snapshots(measure_board(chance))
    measure_fold(chance)
    for members in (100, 1000):
        measure_joins(members, chance)


if __name__ == "__main__":
    main()
