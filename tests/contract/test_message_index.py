"""What was said is found by its words, the same on all three."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, text

from meetserver import limits
from meetserver.adapters.memory.message_index import MemoryMessageIndex
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.message_index import SqlMessageIndex
from meetserver.chat.messages import Deleted, Edited, Sent
from meetserver.chat.words import sought_in, words_of
from meetserver.errors import NotFound, Unavailable
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Event
from meetserver.ports import IndexChange, IndexPlace, MessageIndex, Said, Words
from meetserver.rooms.indexer import Indexer
from meetserver.rooms.messages import Erased, Expired
from meetserver.rooms.models import message_text
from tests.contract.logs import ANN, MemoryWorld, OwnedRoom, SqlWorld, World, world_on
from tests.unit.test_turns import others_during

BO = ParticipantId("bo")
ROOM = RoomId("r1")
TEXTS = {
    1: "Hello all",
    3: "the Straße is long",
    4: "hello again, all",
    6: "今日の会议です",
    7: "Caf\u00e9 \N{PARTY POPPER} at 3.14",
    8: "all hello",
}
HOSTILE = [
    "'", '"', "\\", "*", ":*", "a:*", "&", "a & b | !c", "<->", "NEAR(a b)", "AND", "OR NOT", "words:hello", "(", ")))",
    "{hello}", "^hello", "hello^", "-", "--", '-"', '"-"', "%", "_", "; DROP TABLE message_text; --", "' OR 1=1",
    "\x00", "\x01a", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}", "\ufdfa" * 200, "x" * 200, "a " * 100, '"' * 200, "\u0301",
    "hello'::tsquery", "1e5 -1 +2", "\N{MIDDLE DOT}",
]  # fmt: skip


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        yield world


@pytest.fixture
def index(world: World) -> MessageIndex:
    if isinstance(world.log, MemoryRoomLog):
        return MemoryMessageIndex(world.log)
    assert isinstance(world, SqlWorld)
    return SqlMessageIndex(world.database, PlainSealer())


def wrote(texts: dict[int, str], by: ParticipantId = ANN, **others: Any) -> IndexChange:
    return IndexChange({seq: Said(by, words_of(said)) for seq, said in texts.items()}, **others)


async def finds(
    index: MessageIndex, query: str, room: RoomId = ROOM, readers: Sequence[ParticipantId] = (), **bounds: Any
) -> list[int]:
    sought = sought_in(query)
    usual = {"before": None, "after": None, "limit": 10}
    return [] if sought is None else await index.find(room, sought, readers, **(usual | bounds))


async def test_words_are_found_and_phrases_and_beginnings(world: World, index: MessageIndex) -> None:
    await world.given_room()
    assert await index.bring_on(ROOM, None, 8, wrote(TEXTS))
    for query, seqs in {
        "hello": [8, 4, 1],
        "HELL": [8, 4, 1],
        "hell ": [],
        "ello": [],
        '"hello all"': [1],
        '"again all"': [4],
        '"all hello" ': [8],
        "all -again": [8, 1],
        'all -"all hello"': [4, 1],
        "all hello -absent": [8, 4, 1],
        "strasse": [3],
        "会议": [6],
        "议会": [],
        "会": [6],
        "cafe": [7],
        "\N{PARTY POPPER}": [7],
        "3.14": [7],
        "absent": [],
        "-hello": [],
    }.items():
        assert await finds(index, query) == seqs, query


async def test_pages_go_either_way(world: World, index: MessageIndex) -> None:
    await world.given_room()
    await index.bring_on(ROOM, None, 8, wrote(TEXTS))
    assert await finds(index, "hello", limit=2) == [8, 4]
    assert await finds(index, "hello", before=4) == [1]
    assert await finds(index, "hello", before=99) == [8, 4, 1]
    assert await finds(index, "hello", after=0, limit=2) == [1, 4]
    assert await finds(index, "hello", after=1) == [4, 8]
    assert await finds(index, "hello", after=2, before=8) == [4]
    assert await finds(index, "hello", after=8) == []


async def test_hostile_queries_are_words_or_nothing(world: World, index: MessageIndex) -> None:
    await world.given_room()
    await index.bring_on(ROOM, None, 8, wrote(TEXTS | {9: " ".join(HOSTILE).replace("\ud800", "")}))
    for query in HOSTILE:
        assert set(await finds(index, query)) <= {*TEXTS, 9}, query
        assert set(await finds(index, f"hello {query}")) <= {*TEXTS, 9}, query


async def test_any_message_can_be_written(world: World, index: MessageIndex) -> None:
    await world.given_room()
    most = limits.CHAT_TEXT_CHARS
    said = [
        "x" * most,
        "x " * (most // 2),
        "\ufdfa " * (most // 2),
        "\N{PARTY POPPER}" * most,
        "!?",
        "'\\\"\x00" * 9,
        "é" * most,
    ]
    said.append(" ".join(f"w{number}" for number in range(most // 6)))
    assert await index.bring_on(ROOM, None, 9, wrote(dict(enumerate(said, 1))))
    assert await finds(index, "w1000") == [8]
    assert await finds(index, '"w998 w999"') == [8]


async def test_private_messages_are_found_by_their_people(world: World, index: MessageIndex) -> None:
    await world.given_room()
    hello, eve = words_of("hello"), ParticipantId("eve")
    new = {1: Said(ANN, hello), 2: Said(ANN, hello, (BO,)), 3: Said(BO, hello, ()), 4: Said(BO, hello, (ANN, eve))}
    await index.bring_on(ROOM, None, 4, IndexChange(new))
    for words in ("hello", "bye"):
        assert await finds(index, words) == [1]
        assert await finds(index, words, readers=[ANN]) == [4, 2, 1]
        assert await finds(index, words, readers=[BO]) == [4, 3, 2, 1]
        assert await finds(index, words, readers=[eve, ParticipantId("nobody")]) == [4, 1]
        assert await finds(index, words, readers=[ParticipantId(f"p{number}") for number in range(1000)]) == [1]
        await index.bring_on(ROOM, 4, 5, IndexChange(now=dict.fromkeys(new, words_of("bye"))))


async def test_other_rooms_are_not_searched(world: World, index: MessageIndex) -> None:
    for room in ("r1", "r2"):
        await world.given_room(room)
        await index.bring_on(RoomId(room), None, 8, wrote({1: f"hello {room}"}))
    assert await finds(index, "hello") == [1]
    assert await finds(index, "r2") == []
    assert await finds(index, "r2", RoomId("r2")) == [1]
    await world.delete_meeting(ROOM)
    assert await finds(index, "hello") == []
    assert await finds(index, "hello", RoomId("r2")) == [1]


async def test_what_is_said_now_is_found_and_what_is_gone_is_not(world: World, index: MessageIndex) -> None:
    await world.given_room()
    await index.bring_on(ROOM, None, 4, wrote({1: "one two", 2: "one three", 3: "one four", 4: "one five"}))
    change = IndexChange(new={5: Said(BO, ("one", "six"))}, now={1: ("one", "seven"), 9: ("one",)}, gone={2}, expired=0)
    assert await index.bring_on(ROOM, 4, 6, change)
    assert await finds(index, "one") == [5, 4, 3, 1]
    assert (await finds(index, "two"), await finds(index, "seven"), await finds(index, "three")) == ([], [1], [])
    assert await index.bring_on(ROOM, 6, 7, IndexChange(erased={BO}))
    assert await finds(index, "one") == [4, 3, 1]
    assert await index.bring_on(ROOM, 7, 8, IndexChange(expired=3))
    assert await finds(index, "one") == [4]


async def test_of_two_that_bring_it_on_one_does_nothing(world: World, index: MessageIndex) -> None:
    await world.given_room()
    assert await index.bring_on(ROOM, None, 1, wrote({1: "one"}))
    assert not await index.bring_on(ROOM, None, 2, wrote({2: "one"}))
    assert not await index.bring_on(ROOM, 0, 2, wrote({2: "one"}))
    assert await finds(index, "one") == [1]
    assert not await index.bring_on(RoomId("nowhere"), None, 2, wrote({2: "one"}))


# --- following a log


def said(event: Event, by: ParticipantId = ANN) -> dict[str, Any]:
    return {"type": event.type, "by": by, "data": msgspec.json.encode(event), "subject": event.subject()}


async def given_said(world: World, *texts: str, by: ParticipantId = ANN) -> OwnedRoom:
    owned = await world.given_owned_room()
    for number, one in enumerate(texts, 1):
        assert await owned.write(said(Sent(f"{number}-k", "Ann", one), by)) is None
    return owned


async def test_it_follows_the_log(world: World, index: MessageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INDEX_STRETCH", 2)
    owned = await given_said(world, "one", "two", "three")
    indexer = Indexer(index)
    assert await index.standing(ROOM) == (0, True)
    await indexer.follow(ROOM)
    assert await index.standing(ROOM) == (3, False)
    assert [await finds(index, query) for query in ("one", "two", "three")] == [[1], [2], [3]]
    await owned.write(said(Edited("1-k", "four")), said(Deleted("2-k")), {"type": "whiteboard.applied", "data": b"{}"})
    assert await index.standing(ROOM) == (3, True)
    await indexer.follow(ROOM)
    assert await index.standing(ROOM) == (6, False)
    assert [await finds(index, query) for query in ("one", "two", "three", "four")] == [[], [], [3], [1]]
    await owned.write({"type": "whiteboard.applied", "data": b"{}"})
    assert await index.standing(ROOM) == (6, False), "nobody said anything"


async def test_others_go_on_while_long_messages_are_looked_at(
    world: World, index: MessageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(world, SqlWorld):
        pytest.skip("a database is waited for in any case")

    def slow(said: str) -> Words:
        until = time.monotonic() + limits.TURN_S * 1.1
        while time.monotonic() < until:
            pass
        return words_of(said)

    monkeypatch.setattr("meetserver.rooms.indexing.words_of", slow)
    await given_said(world, *["long"] * 4)
    assert await others_during(asyncio.ensure_future(Indexer(index).follow(ROOM))) >= 3
    assert await finds(index, "long") == [4, 3, 2, 1]


async def test_a_file_that_was_sent_without_a_word_is_found_by_what_is_said_of_it_later(
    world: World, index: MessageIndex
) -> None:
    owned = await given_said(world, "", "")
    indexer = Indexer(index)
    await indexer.follow(ROOM)
    await owned.write(said(Edited("1-k", "holiday")))
    await indexer.follow(ROOM)
    assert await finds(index, "holiday") == [1]


@pytest.mark.parametrize(("event", "left"), [(Erased((ANN,)), [4]), (Expired(2), [4, 3])])
async def test_who_is_erased_and_what_has_expired_leave(
    world: World, index: MessageIndex, event: Event, left: Sequence[int]
) -> None:
    owned = await given_said(world, "one", "one", "one")
    await owned.write(said(Sent("4-k", "Bo", "one"), BO))
    indexer = Indexer(index)
    await indexer.follow(ROOM)
    await owned.write(said(event))
    await indexer.run()
    assert await finds(index, "one") == left


async def test_a_sweep_finds_every_room_that_is_behind(
    world: World, index: MessageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INDEX_ROOMS", 2)
    for room in ("r1", "r2", "r3"):
        owned = await world.given_owned_room(room)
        await owned.write(said(Sent("1-k", "Ann", "hello")))
    await Indexer(index).run()
    assert [await finds(index, "hello", RoomId(room)) for room in ("r1", "r2", "r3")] == [[1]] * 3
    assert await index.places(ROOM, 1) == [IndexPlace(RoomId("r2"), 1, 1, is_wanted=True)]
    assert await index.places(RoomId("r3"), 1) == []
    with pytest.raises(NotFound):
        await index.place(RoomId("nowhere"))


@pytest.fixture
def is_searched(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says what the meeting's settings say."""

    def say(is_it: bool) -> None:
        for module in ("adapters.message_index", "adapters.memory.message_index"):
            monkeypatch.setattr(f"meetserver.{module}.is_searchable", lambda _: is_it)

    return say


async def test_a_meeting_that_wants_no_search_has_nothing_in_it(
    world: World, index: MessageIndex, is_searched: Callable[[bool], None]
) -> None:
    await given_said(world, "hello", "hello")
    indexer = Indexer(index)
    await indexer.follow(ROOM)
    is_searched(False)
    await indexer.run()
    assert await finds(index, "hello") == []
    assert (await index.place(ROOM)).until is None
    is_searched(True)
    await indexer.run()
    assert await finds(index, "hello") == [2, 1]


async def test_what_is_brought_on_while_it_is_taken_out_goes_with_it(
    world: World, index: MessageIndex, is_searched: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(world, SqlWorld):
        pytest.skip("in memory nothing comes in between")
    await given_said(world, "hello", "hello")
    assert await index.bring_on(ROOM, None, 1, wrote({1: "hello"}))
    is_searched(False)
    sweep = world.database.sweep

    async def slow(*what: Any) -> int:
        swept = await sweep(*what)
        await index.bring_on(ROOM, 1, 2, wrote({2: "hello"}))
        return swept

    monkeypatch.setattr(world.database, "sweep", slow)
    for _ in range(2):
        await Indexer(index).run()
    assert await finds(index, "hello") == []
    assert (await index.place(ROOM)).until is None


async def test_what_was_taken_out_by_half_comes_back_whole(
    world: World, index: MessageIndex, is_searched: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(world, SqlWorld):
        pytest.skip("in memory nothing comes in between")
    await given_said(world, "hello", "hello", "hello")
    await Indexer(index).follow(ROOM)
    is_searched(False)

    async def dying(*_: Any) -> int:
        await world.database.write(delete(message_text).where(message_text.c.seq == 2))
        raise Unavailable("the process dies")

    with monkeypatch.context() as patch:
        patch.setattr(world.database, "sweep", dying)
        await Indexer(index).run()
    is_searched(True)
    assert await index.standing(ROOM) == (0, True)
    await Indexer(index).run()
    assert await finds(index, "hello") == [3, 2, 1]
    assert await finds(index, "hello", after=1) == [2, 3]


async def test_what_was_taken_out_is_in_no_file(world: World, index: MessageIndex) -> None:
    if not isinstance(world, SqlWorld) or world.database.dialect != "sqlite":
        pytest.skip("PostgreSQL vacuums by itself")
    owned = await given_said(world, *["hello"] * 20, "unmistakable")
    indexer = Indexer(index)
    await indexer.follow(ROOM)
    await owned.write(said(Deleted("21-k")))
    await indexer.run()
    stored = await world.database.fetch(text("SELECT block FROM message_words_data"))
    assert stored
    assert not [row for row in stored if b"unmistakable" in row.block or b"nmistakabl" in row.block]
