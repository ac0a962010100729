"""An edge between a room and sockets that read slowly, or not at all."""

import asyncio
from collections.abc import Awaitable, Callable

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.ids import RoomId
from meetserver.whiteboard import messages as whiteboard
from tests.faults.checker import check
from tests.faults.history import Invoked
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

LONG = "x" * limits.CHAT_TEXT_CHARS
Scene = Callable[[World, Person, Person], Awaitable[None]]


def play(scene: Scene) -> None:
    """Ann talks; Bo is a reader that may stall."""

    async def run() -> None:
        world = World(slowest_statement_s=0)
        room = world.given_room()
        ann, bo = Person(world, room, "ann", "host"), Person(world, room, "bo")
        await ann.join()
        await bo.join()
        await scene(world, ann, bo)
        assert check([ann.history], world.logs()) == []
        await world.close()

    run_virtual(run())


async def talk(person: Person, messages: int) -> None:
    for _ in range(messages):
        assert "ok" in await person.ask(chat.Send(text=LONG))


def stall(person: Person) -> None:
    assert person.connection is not None
    person.connection.is_stalled = True


def read_on(person: Person) -> None:
    assert person.connection is not None
    person.connection.is_stalled = False
    person.connection.read()


def test_a_stalled_reader_is_skipped_and_catches_up() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        stall(bo)
        await talk(ann, 40)
        assert bo.connection is not None
        assert bo.connection.unsent_bytes() < 2 * limits.SEND_QUEUE_BYTES
        assert ann.seq == world.log.rooms[RoomId("room")].last_seq
        for _ in range(20):
            read_on(bo)
            await asyncio.sleep(0.1)
        assert bo.seq == ann.seq
        assert check([bo.history], world.logs()) == []

    play(scene)


def test_one_that_lags_too_long_is_cut_and_resumes() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        stall(bo)
        await talk(ann, 40)
        await asyncio.sleep(limits.LAG_S + 1)
        assert bo.connection is not None
        assert bo.connection.closed_with == 3008
        assert await bo.resume()
        await asyncio.sleep(1)
        assert bo.recovered == [False, True]
        assert bo.seq == ann.seq

    play(scene)


def test_a_resume_from_long_ago_reads_the_log_and_then_the_newest() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        for _ in range(limits.EDGE_EVENTS + limits.LOG_PAGE_EVENTS + 10):
            ann.command(chat.Send(text="x"))
            await asyncio.sleep(0.001)
        assert await bo.resume()
        await asyncio.sleep(2)
        assert bo.recovered == [False, True]
        assert bo.seq == ann.seq
        assert check([bo.history], world.logs()) == []

    play(scene)


def test_pointers_of_one_author_are_joined_to_the_newest() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for x in range(50):
            ann.command(whiteboard.PointerMove(x=x, y=0))
        await asyncio.sleep(0.1)
        moves = [frame["data"]["x"] for frame in bo.ephemerals if frame["type"] == "pointer.moved"]
        assert moves == [49]

    play(scene)


def test_a_preview_comes_before_the_stroke_it_announces() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        ann.command(whiteboard.Preview(id="s", element={"kind": "pen"}))
        ann.command(whiteboard.Apply([whiteboard.Put("s", {"kind": "pen"})]))
        await asyncio.sleep(0.2)
        assert [frame["type"] for frame in bo.heard_frames[-2:]] == ["whiteboard.previewed", "whiteboard.applied"]

    play(scene)


def test_a_room_that_failed_meanwhile_and_answers_a_hello_twice_is_heard_once() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await talk(ann, 3)
        assert bo._edge is not None
        assert bo._session is not None
        assert bo._session.hello is not None
        bo._edge.opened(bo._session.link, bo._session.hello)
        await talk(ann, 3)
        await asyncio.sleep(1)
        assert bo.recovered == [False]
        assert check([bo.history], world.logs()) == []

    play(scene)


def test_too_many_unanswered_commands_are_busy() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert ann._edge is not None
        assert ann._session is not None
        for number in range(limits.UNANSWERED_COMMANDS + 1):
            ann.history.records.append(Invoked(f"t{number}", "chat.send", 0.0))
            ann._edge.command(ann._session, 1000 + number, chat.Send(text="x"), f"t{number}")
        await asyncio.sleep(1)
        assert ann.replies[1000 + limits.UNANSWERED_COMMANDS]["error"]["code"] == "busy"
        assert "ok" in ann.replies[1000 + limits.UNANSWERED_COMMANDS - 1]

    play(scene)


def test_an_id_that_is_unanswered_cannot_be_used_again() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert ann._edge is not None
        assert ann._session is not None
        ann.history.records.append(Invoked("a", "chat.send", 0.0))
        ann._edge.command(ann._session, 7, chat.Send(text="x"), "a")
        ann._edge.command(ann._session, 7, chat.Send(text="y"), "b")
        await asyncio.sleep(1)
        codes = [frame.get("error", {}).get("code") for frame in ann.heard_frames if frame.get("re") == 7]
        assert codes == ["bad_message", None]

    play(scene)
