"""Messages with files: looked up before they are decided, while everything else goes on."""

import asyncio
from typing import Any

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Unavailable
from meetserver.ids import FileId, MeetingId
from meetserver.ports import Brought
from tests.simulation.person import Person
from tests.simulation.scene import after_a_restart_from_a_snapshot, play, send, settle, types
from tests.simulation.world import World


def given_file(world: World, id_: str, by: str = "user-ann") -> str:
    brought = Brought(FileId(id_), by, "notes.txt", "text/plain", 10, None, None, is_held=False)
    world.files.brought[MeetingId("room"), id_] = brought
    return id_


def lookups_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Until it is set."""
    claim, is_open = world.files.claim, asyncio.Event()

    async def wait(*asked: Any) -> Any:
        await is_open.wait()
        return await claim(*asked)

    monkeypatch.setattr(world.files, "claim", wait)
    return is_open


def test_a_message_has_its_sender_s_files() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        file = given_file(world, "f1")
        ok = (await ann.ask(chat.Send(text="see", files=[file])))["ok"]
        assert ok["message_id"]
        assert (await bo.ask(chat.Send(text="see", files=[file])))["error"]["code"] == "forbidden"
        assert (await ann.ask(chat.Send(text="see", files=["f2"])))["error"]["code"] == "not_found"
        [claim] = await world.files.claims([FileId(file)])
        assert claim.author == ann.participant

    play(scene)


@pytest.mark.parametrize(
    ("settings", "code"), [({"chat_private": False}, "forbidden"), ({"chat": False}, "forbidden"), ({}, "not_found")]
)
def test_a_private_message_that_is_refused_takes_no_file_from_the_others(settings: dict[str, Any], code: str) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        to = [str(bo.participant)] if settings else ["nobody"]
        error = (await ann.ask(chat.Send(files=[given_file(world, "f1")], to=to)))["error"]
        assert (error["code"], world.files.hidden) == (code, set())

    play(scene, **settings)


def test_others_speak_meanwhile_and_a_repetition_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        file = given_file(world, "f1")
        is_open = lookups_wait(world, monkeypatch)
        for id_ in (900, 901):
            send(ann, id_, chat.Send(text="see", files=[file]), "same")
        assert "ok" in await bo.ask(chat.Send(text="meanwhile"))
        assert types(world).count("chat.sent") == 1
        is_open.set()
        await settle()
        assert types(world).count("chat.sent") == 2

    play(scene)


def test_a_message_is_there_once_after_a_restart() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        command = chat.Send(text="see", files=[given_file(world, "f1")])
        send(ann, 900, command, "t")
        await settle()
        await after_a_restart_from_a_snapshot(world, ann, bo)
        send(ann, 901, command, "t")
        await settle()
        assert types(world).count("chat.sent") == 1

    play(scene)


def test_where_nobody_can_be_asked_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        async def fail(*_: Any) -> Any:
            raise Unavailable("away")

        monkeypatch.setattr(world.files, "claim", fail)
        error = (await ann.ask(chat.Send(text="see", files=["f1"])))["error"]
        assert (error["code"], error["temporary"]) == ("unavailable", True)

    play(scene)


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECALLS_WAITING", 2)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        is_open = lookups_wait(world, monkeypatch)
        for id_ in (900, 901, 902):
            send(ann, id_, chat.Send(text="see", files=[given_file(world, "f1")]), f"t{id_}")
        await settle()
        assert ann.replies[902]["error"]["code"] == "busy"
        is_open.set()
        await settle()
        assert types(world).count("chat.sent") == 2

    play(scene)
