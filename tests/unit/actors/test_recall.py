"""Commands about messages that the room has no more at hand: read from the log, while everything else goes on."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Unavailable
from meetserver.ids import RoomId
from meetserver.ports import Entry
from meetserver.rooms.messages import Erase
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, Gate, after_a_restart_from_a_snapshot, play, send, settle, types
from tests.simulation.world import World

UP, DOWN = "\N{THUMBS UP SIGN}", "\N{THUMBS DOWN SIGN}"


@pytest.fixture(autouse=True)
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that has only its last message at hand."""
    monkeypatch.setattr(limits, "CHAT_PAGE_MESSAGES", 1)


async def given_old_message(ann: Person) -> str:
    id_: str = (await ann.ask(chat.Send(text="long ago")))["ok"]["message_id"]
    await ann.ask(chat.Send(text="lately"))
    return id_


def entries(world: World) -> list[Entry]:
    return world.log.rooms[RoomId("room")].entries


def test_an_old_message_is_edited_reacted_to_pinned_and_deleted() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        for who, command in (
            (ann, chat.Edit(old, text="then")),
            (bo, chat.React(old, UP)),
            (ann, chat.Pin(old)),
            (ann, chat.Delete(old)),
        ):
            assert "ok" in await who.ask(command)
        assert types(world)[-4:] == ["chat.edited", "chat.reacted", "chat.pinned", "chat.deleted"]
        assert b"then" in entries(world)[-2].data, "it was pinned as it was by then"
        assert {entry.subject for entry in entries(world)[-4:]} == {int(old.partition("-")[0])}
        assert (await bo.ask(chat.React(old, DOWN)))["error"]["code"] == "not_found"

    play(scene)


def test_what_is_refused_of_others_is_refused_of_old_ones() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        assert (await bo.ask(chat.Edit(old, text="mine?")))["error"]["code"] == "forbidden"
        assert (await bo.ask(chat.Edit(f"{old}x", text="?")))["error"]["code"] == "not_found"
        assert (await bo.ask(chat.React("1-joined", UP)))["error"]["code"] == "not_found", "no message, but an entry"

    play(scene)


def test_two_who_wish_the_same_at_once_are_decided_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHAT_REACTION_KINDS", 1)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        send(ann, 10, chat.React(old, UP), "a")
        send(bo, 11, chat.React(old, DOWN), "b")
        await settle()
        assert sorted("error" in who.replies[id_] for who, id_ in ((ann, 10), (bo, 11))) == [False, True]
        assert types(world).count("chat.reacted") == 1

    play(scene)


def test_what_is_said_while_the_log_is_read_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHAT_REACTION_KINDS", 1)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        reading, may_answer = asyncio.Event(), asyncio.Event()
        about = world.log.entries_about

        async def slow(room: RoomId, subjects: Sequence[int], limit: int, **more: Any) -> list[Entry]:
            found = await about(room, subjects, limit, **more)
            reading.set()
            await may_answer.wait()
            return found

        monkeypatch.setattr(world.log, "entries_about", slow)
        send(ann, 10, chat.Edit(old, text="first"), "a")
        send(ann, 11, chat.Edit(old, text="first"), "b")
        await reading.wait()
        assert "ok" in await bo.ask(chat.Send(text="meanwhile")), "other work goes on"
        may_answer.set()
        await settle()
        assert "ok" in ann.replies[10]
        assert "ok" in ann.replies[11]
        assert types(world).count("chat.edited") == 1, "the second changes nothing"

    play(scene)


def test_what_was_read_is_kept_up_to_date_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        reads = 0
        at = world.log.entries_at

        async def counted(room: RoomId, seqs: Sequence[int]) -> list[Entry]:
            nonlocal reads
            reads += 1
            return await at(room, seqs)

        monkeypatch.setattr(world.log, "entries_at", counted)
        for text in ("one", "two", "two"):
            assert "ok" in await ann.ask(chat.Edit(old, text=text))
        assert (types(world).count("chat.edited"), reads) == (2, 1)

    play(scene)


def test_a_repeated_txn_gets_its_first_answer_also_after_a_restart() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        first = await ann.ask(chat.Delete(old), txn="once")
        await after_a_restart_from_a_snapshot(world, ann)
        again = await ann.ask(chat.Delete(old), txn="once")
        assert again["ok"]["seq"] >= first["ok"]["seq"]
        assert types(world).count("chat.deleted") == 1

    play(scene)


def test_a_batch_that_cannot_be_stored_leaves_no_trace_in_what_was_read() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        assert "ok" in await ann.ask(chat.Edit(old, text="one"))
        send(ann, 10, chat.Edit(old, text="two"), "nul\0")
        send(bo, 11, chat.Send(text="beside it"), "fine")
        await settle(3)
        assert ann.replies[10]["error"]["code"] == "bad_message"
        assert "ok" in bo.replies[11]
        assert "ok" in await ann.ask(chat.Edit(old, text="two"))
        assert types(world).count("chat.edited") == 2

    play(scene, closes=False)


def test_where_the_log_cannot_be_read_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)

        async def away(*_: object) -> list[Entry]:
            raise Unavailable("the database is away")

        with monkeypatch.context() as broken:
            broken.setattr(world.log, "entries_at", away)
            assert (await ann.ask(chat.Delete(old)))["error"]["code"] == "unavailable"
        assert "ok" in await ann.ask(chat.Delete(old))

    play(scene)


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECALLS_WAITING", 2)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        for number in range(3):
            send(bo, number + 10, chat.React(old, UP), f"t{number}")
        await settle()
        assert bo.replies[12]["error"]["code"] == "busy"
        assert "ok" in bo.replies[11]

    play(scene)


def test_what_waits_while_a_commit_is_under_way_is_answered_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        old = await given_old_message(ann)
        with monkeypatch.context() as slowed:
            gate = Gate(world, slowed)
            send(bo, 10, chat.Send(text="under way"), "slow")
            await settle(0.1)
            send(ann, 11, chat.Edit(old, text="then"), "edit")
            await settle(0.1)
            assert 11 not in ann.replies
            gate.open()
            await settle()
        assert "ok" in bo.replies[10]
        assert "ok" in ann.replies[11]

    play(scene)


@pytest.mark.parametrize("was_read", [True, False])
def test_of_whoever_was_erased_nothing_comes_back_with_a_pin(was_read: bool) -> None:
    """Nor while the log still has it."""

    async def scene(world: World, ann: Person, bo: Person) -> None:
        old: str = (await bo.ask(chat.Send(text="my secret")))["ok"]["message_id"]
        await ann.ask(chat.Send(text="lately"))
        if was_read:
            assert "ok" in await ann.ask(chat.React(old, UP))
        await world.router.desk.ask(ROOM, Erase((bo.participant,)))
        await settle()
        assert "ok" in await ann.ask(chat.Pin(old))
        pin = entries(world)[-1]
        assert (pin.type, b"my secret" in pin.data, b'"name":"erased"' in pin.data) == ("chat.pinned", False, True)

    play(scene, closes=False)
