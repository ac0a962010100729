"""Files of messages: claimed before, found by whoever may see the message, gone when no message has them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.chat.messages import Attachment, Sent
from meetserver.files import store
from meetserver.files.claims import Claims
from meetserver.files.store import Content, File
from meetserver.ids import FileId, MeetingId, RoomId, UserId
from meetserver.ports import Brought, ChatFiles, FileClaim, FileWish
from meetserver.rooms.attached import delete_with, messages_with
from meetserver.wire import encode
from tests.contract.logs import ANN, OWNER, MemoryWorld, OwnedRoom, SqlWorld, World, world_on

BO = UserId("bo's account")
MEETING = MeetingId("meeting of r1")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        yield world


@pytest.fixture
def files(world: World) -> ChatFiles:
    return Claims(world.database, ManualClock()) if isinstance(world, SqlWorld) else MemoryChatFiles()


@pytest.fixture
async def room(world: World) -> OwnedRoom:
    return await world.given_owned_room()


async def brings(world: World, files: ChatFiles, id_: str, by: str = ANN, *, for_chat: bool = False) -> FileId:
    """A picture of the meeting's."""
    if isinstance(world, SqlWorld):
        file = File(FileId(id_), id_, MEETING, OWNER, by, f"{id_}.png", "image/png", 9, 4, 3, False, START, for_chat)
        content = Content(id_, OWNER, id_.encode(), 9, [], [], b"key", START)

        async def insert(connection: AsyncConnection) -> None:
            await store.insert_content(connection, content)
            await store.insert_file(connection, file)

        await world.database.run(insert)
    else:
        assert isinstance(files, MemoryChatFiles)
        brought = Brought(FileId(id_), by, f"{id_}.png", "image/png", 9, 4, 3, is_held=False)
        files.brought[MEETING, id_] = brought
    return FileId(id_)


def wish(*files: str, txn: str = "t1", user: UserId | None = None, private: bool = False) -> FileWish:
    return FileWish(ANN, txn, user, files, private)


async def hidden(world: World, files: ChatFiles, id_: str) -> bool:
    if isinstance(files, MemoryChatFiles):
        return id_ in files.hidden
    assert isinstance(world, SqlWorld)
    file = await store.read_file(world.database, id_)
    assert file is not None
    return file.by_message


async def sends(room: OwnedRoom, *files: str, txn: str = "t1") -> None:
    shown = [Attachment(id_, f"{id_}.png", "image/png", 9) for id_ in files]
    sent = Sent(f"{room.last_seq + 1}-x", "Ann", text="see", files=shown)
    assert await room.write({"txn": txn, "data": encode(sent)}) is None


async def claim(files: ChatFiles, *wishes: FileWish) -> list[list[str]]:
    return [[one.id for one in found.files] for found in await files.claim(RoomId("r1"), MEETING, wishes)]


async def test_what_is_there_is_found_in_the_order_asked_for(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    for id_ in ("a", "b"):
        await brings(world, files, id_)
    assert await claim(files, wish("b", "none", "a"), wish("none", txn="t2")) == [["b", "a"], []]
    (found,) = await files.claim(room.room, MEETING, [wish("a")])
    assert found.files[0] == Brought(FileId("a"), ANN, "a.png", "image/png", 9, 4, 3, is_held=False)
    assert await files.claim(room.room, MeetingId("another"), [wish("a")]) != [found]


async def test_only_who_brought_it_claims_it_and_twice_is_once(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    await brings(world, files, "mine")
    await brings(world, files, "account's", BO)
    await brings(world, files, "other's", "cem")
    for _ in range(2):
        named = wish("mine", "account's", "other's", user=BO, private=True)
        assert await claim(files, named) == [["mine", "account's", "other's"]]
    claims = await files.claims([FileId("mine"), FileId("account's"), FileId("other's")])
    expected = {FileClaim(FileId(id_), room.room, ANN, "t1") for id_ in ("mine", "account's")}
    assert len(claims) == 2
    assert set(claims) == expected
    assert not await hidden(world, files, "mine"), "a message with somebody else's file is refused"
    await claim(files, wish("mine", "account's", txn="t2", user=BO, private=True))
    assert [await hidden(world, files, id_) for id_ in ("mine", "account's", "other's")] == [True, True, False]


async def test_what_cannot_be_sent_for_one_of_its_files_hides_no_other(
    world: World, files: ChatFiles, room: OwnedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILE_MESSAGES", 1)
    for id_ in ("a", "worn"):
        await brings(world, files, id_)
    await claim(files, wish("worn"), wish("a", "none", txn="t2", private=True))
    await claim(files, wish("a", "worn", txn="t3", private=True), wish("a", txn="\0", private=True))
    assert not await hidden(world, files, "a")


async def test_what_no_database_holds_is_not_there(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    await brings(world, files, "a")
    assert await claim(files, wish("\0", "half \ud83d", "a"), wish("\0", txn="t2")) == [["a"], []]
    assert await files.claims([FileId("a")]) == [FileClaim(FileId("a"), room.room, ANN, "t1")]


async def test_what_is_sent_to_all_is_not_hidden(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    await brings(world, files, "a")
    await claim(files, wish("a"))
    assert not await hidden(world, files, "a")


async def test_a_file_is_in_so_many_messages_only(
    world: World, files: ChatFiles, room: OwnedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILE_MESSAGES", 2)
    await brings(world, files, "a")
    for txn in ("t1", "t2"):
        (found,) = await files.claim(room.room, MEETING, [wish("a", txn=txn)])
        assert not found.files[0].is_worn
    (found,) = await files.claim(room.room, MEETING, [wish("a", txn="t3")])
    assert found.files[0].is_worn
    assert len(await files.claims([FileId("a")])) == 2


async def test_the_log_says_which_messages_have_it(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    a, b = await brings(world, files, "a"), await brings(world, files, "b")
    await claim(files, wish("a", "b"), wish("b", txn="t2"), wish("b", txn="never sent"))
    await sends(room, "a", "b")
    await sends(room, "b", txn="t2")
    found = await messages_with(world.log, await files.claims([a, b]))
    assert {id_: sorted(entry.seq for entry in entries) for id_, entries in found.items()} == {a: [1], b: [1, 2]}


async def test_files_go_with_the_last_message_that_has_them(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    a, b = await brings(world, files, "a"), await brings(world, files, "b")
    await claim(files, wish("a", "b"), wish("b", txn="t2"))
    await sends(room, "a", "b")
    await sends(room, "b", txn="t2")
    await delete_with(world.log, files, await world.log.entries_at(room.room, [1]))
    assert {one.file for one in await files.claims([a, b])} == {b}
    await delete_with(world.log, files, await world.log.entries_at(room.room, [1, 2]))
    assert await files.claims([a, b]) == []
    assert await claim(files, wish("a", "b", txn="t3")) == [[]]


async def test_what_no_message_has_after_a_day_goes(world: World, files: ChatFiles, room: OwnedRoom) -> None:
    if not isinstance(world, SqlWorld):
        pytest.skip("the sweep is of the database's rows")
    clock = ManualClock()
    claims = Claims(world.database, clock)
    for id_ in ("sent", "unsent", "claimed", "meeting's"):
        await brings(world, files, id_, for_chat=id_ != "meeting's")
    await claim(claims, wish("sent"), wish("claimed", "meeting's", txn="never sent"))
    await sends(room, "sent")

    async def left() -> set[str]:
        return {file.id for file in await store.page_of_meeting(world.database, MEETING, 10, None)}

    clock.advance(limits.FILE_UNSENT_S - 1)
    await claims.sweep()
    assert len(await left()) == 4
    clock.advance(2)
    await claims.sweep()
    assert await left() == {"sent", "meeting's"}
