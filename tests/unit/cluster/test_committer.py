"""The committer gathers, keeps rooms apart, and answers everybody once."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from meetserver import limits
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.cluster.committer import Committer, lane_of
from meetserver.errors import Locked, Stale, StoreError, UnknownOutcome
from meetserver.ids import ParticipantId, RoomId, ShardId
from meetserver.ports import Commit, Entry
from tests.simulation.virtual_time import run_virtual

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class SlowLog(MemoryRoomLog):
    """Statements go on until the test lets them, and it sees what is in them."""

    def __init__(self, lanes: int = 1) -> None:
        super().__init__(self._until_let_on)
        self.commit_lanes = lanes
        self.under_way: list[list[RoomId]] = []
        self.locked: set[RoomId] = set()
        self._go_on = asyncio.Event()

    def let_on(self) -> None:
        self._go_on.set()
        self._go_on = asyncio.Event()

    async def commit(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        self.under_way.append([commit.room for commit in commits])
        free = iter(await super().commit([commit for commit in commits if commit.room not in self.locked]))
        return [Locked("held") if commit.room in self.locked else next(free) for commit in commits]

    async def commit_alone(self, commit: Commit) -> StoreError | None:
        self.under_way.append([commit.room])
        return (await MemoryRoomLog.commit(self, [commit]))[0]

    async def _until_let_on(self) -> None:
        await self._go_on.wait()


class Answers(dict[str, StoreError | None]):
    """By room."""

    def of(self, commit: Commit) -> Callable[[StoreError | None], None]:
        def done(error: StoreError | None) -> None:
            assert commit.room not in self, "answered twice"
            self[commit.room] = error

        return done


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def log() -> SlowLog:
    return SlowLog()


def given_commit(log: MemoryRoomLog, room: str, entries: int = 1) -> Commit:
    """The first entries of a new room."""
    log.create(RoomId(room))
    made = tuple(Entry(0, seq, NOON, ParticipantId("ann"), "chat.sent", 1, b"{}") for seq in range(1, entries + 1))
    return Commit(RoomId(room), 0, 0, made)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until_answered(log: SlowLog, answers: Answers, room: str) -> None:
    while room not in answers:
        log.let_on()
        await turns()


async def finish(log: SlowLog, committer: Committer) -> None:
    closing = asyncio.ensure_future(committer.close())
    while not closing.done():
        log.let_on()
        await turns()


async def test_what_one_turn_submits_goes_together(log: SlowLog, answers: Answers) -> None:
    committer = Committer(log)
    for room in ("a", "b", "c"):
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    assert answers == {}
    await finish(log, committer)
    assert log.under_way == [["a", "b", "c"]]
    assert answers == {"a": None, "b": None, "c": None}


async def test_what_comes_during_a_statement_goes_into_the_next(log: SlowLog, answers: Answers) -> None:
    committer = Committer(log)
    committer.submit(commit := given_commit(log, "a"), answers.of(commit))
    await turns()
    for room in ("b", "c"):
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    await turns()
    assert log.under_way == [["a"]]
    await finish(log, committer)
    assert log.under_way == [["a"], ["b", "c"]]


async def test_a_statement_has_a_bounded_size(log: SlowLog, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMMIT_STATEMENT_ENTRIES", 10)
    committer = Committer(log)
    for room, entries in (("a", 4), ("b", 6), ("c", 1), ("d", 30), ("e", 1)):
        committer.submit(commit := given_commit(log, room, entries), answers.of(commit))
    await finish(log, committer)
    assert log.under_way == [["a", "b"], ["c"], ["d"], ["e"]]
    assert set(answers.values()) == {None}


async def test_lanes_write_at_the_same_time_and_keep_their_rooms(answers: Answers) -> None:
    log = SlowLog(lanes=2)
    committer = Committer(log)
    names = [f"room {n}" for n in range(8)]
    for room in names:
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    await turns()
    assert [{lane_of(room, 2) for room in rooms} for rooms in log.under_way] in ([{0}, {1}], [{1}, {0}])
    await finish(log, committer)
    assert set(answers) == set(names)


def test_a_lane_is_the_same_in_every_process() -> None:
    assert [lane_of(RoomId(room), 2) for room in ("a", "b", "room 1", "räume")] == [1, 1, 1, 0]


async def test_each_gets_its_own_answer(log: SlowLog, answers: Answers) -> None:
    committer = Committer(log)
    for room in ("a", "b"):
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    log.fail_next("stale", RoomId("b"))
    await finish(log, committer)
    assert answers["a"] is None
    assert isinstance(answers["b"], Stale)


async def test_a_locked_room_is_written_apart_and_delays_nobody(log: SlowLog, answers: Answers) -> None:
    committer = Committer(log)
    log.locked = {RoomId("b")}
    for room in ("a", "b"):
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    await until_answered(log, answers, "a")
    committer.submit(commit := given_commit(log, "c"), answers.of(commit))
    await turns()
    assert "b" not in answers
    await finish(log, committer)
    assert log.under_way == [["a", "b"], ["b"], ["c"]]
    assert answers == {"a": None, "b": None, "c": None}


async def test_a_log_that_raises_leaves_outcomes_unknown(
    log: SlowLog, answers: Answers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(commits: Sequence[Commit]) -> list[StoreError | None]:
        raise ZeroDivisionError

    committer = Committer(log)
    with monkeypatch.context() as patch:
        patch.setattr(log, "commit", broken)
        committer.submit(commit := given_commit(log, "a"), answers.of(commit))
        await turns()
    assert isinstance(answers["a"], UnknownOutcome)
    assert "does not foresee" in caplog.text
    committer.submit(commit := given_commit(log, "b"), answers.of(commit))
    await finish(log, committer)
    assert answers["b"] is None


async def test_a_room_that_raises_disturbs_no_other(
    log: SlowLog, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(error: StoreError | None) -> None:
        raise ZeroDivisionError

    committer = Committer(log)
    committer.submit(given_commit(log, "a"), broken)
    committer.submit(commit := given_commit(log, "b"), answers.of(commit))
    await finish(log, committer)
    assert answers == {"b": None}
    assert "room=a" in caplog.text


async def test_what_waits_is_bounded(log: SlowLog, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMMIT_QUEUE_ENTRIES", 10)
    committer = Committer(log)
    for room, entries in (("a", 8), ("too much", 3), ("b", 2)):
        committer.submit(commit := given_commit(log, room, entries), answers.of(commit))
    assert answers == {}
    await turns()
    assert {room: type(answer) for room, answer in answers.items()} == {"too much": UnknownOutcome}
    log.let_on()
    await finish(log, committer)
    assert (answers["a"], answers["b"]) == (None, None)
    assert log.rooms[RoomId("too much")].last_seq == 0


async def test_closing_writes_what_was_taken_and_takes_no_more(log: SlowLog, answers: Answers) -> None:
    committer = Committer(log)
    committer.submit(commit := given_commit(log, "a"), answers.of(commit))
    await turns()
    committer.submit(commit := given_commit(log, "b"), answers.of(commit))
    await finish(log, committer)
    committer.submit(commit := given_commit(log, "late"), answers.of(commit))
    await turns()
    assert (answers["a"], answers["b"]) == (None, None)
    assert isinstance(answers["late"], UnknownOutcome)


async def test_a_simulation_can_make_a_commit_fail_either_way(answers: Answers) -> None:
    log = MemoryRoomLog()
    log.fail_next("unknown_committed", RoomId("a"))
    log.fail_next("unknown_not_committed", RoomId("b"))
    committer = Committer(log)
    for room in ("a", "b"):
        committer.submit(commit := given_commit(log, room), answers.of(commit))
    await committer.close()
    assert all(isinstance(answer, UnknownOutcome) for answer in answers.values())
    shard = ShardId("s")
    assert [(await log.start(RoomId(room), shard, 5)).last_seq for room in ("a", "b")] == [1, 0]


def test_its_lag_is_the_age_of_the_eldest_commit_without_an_answer() -> None:
    async def run() -> None:
        log, answers = SlowLog(), Answers()
        committer = Committer(log)
        assert committer.lag_s == 0
        committer.submit(commit := given_commit(log, "a"), answers.of(commit))
        await asyncio.sleep(3)
        committer.submit(commit := given_commit(log, "b"), answers.of(commit))
        await asyncio.sleep(2)
        assert committer.lag_s == pytest.approx(5)
        await until_answered(log, answers, "a")
        assert committer.lag_s == pytest.approx(2), "the first is answered, the second under way"
        await finish(log, committer)
        assert committer.lag_s == 0

    run_virtual(run())


def test_a_room_that_is_locked_elsewhere_is_no_lag_of_the_database() -> None:
    async def run() -> None:
        log, answers = SlowLog(), Answers()
        committer = Committer(log)
        log.locked = {RoomId("a")}
        committer.submit(commit := given_commit(log, "a"), answers.of(commit))
        while len(log.under_way) < 2:  # it is tried alone
            log.let_on()
            await turns()
        await asyncio.sleep(5)
        assert committer.lag_s == 0
        await finish(log, committer)

    run_virtual(run())


def test_it_says_for_a_while_that_the_database_takes_nothing() -> None:
    async def run() -> None:
        log, answers = MemoryRoomLog(), Answers()
        committer = Committer(log)

        async def fails_after(room: str, *, pause_s: float = 0.0) -> bool:
            committer.submit(commit := given_commit(log, room), answers.of(commit))
            await turns()
            assert room in answers
            await asyncio.sleep(pause_s)
            return committer.is_failing

        log.fail_next("unknown_not_committed", RoomId("a"))
        assert await fails_after("a")
        assert not await fails_after("b"), "the next one was taken"
        log.fail_next("unknown_not_committed", RoomId("c"))
        assert await fails_after("c", pause_s=limits.COMMIT_FAILED_S - 0.1)
        log.fail_next("unknown_not_committed", RoomId("d"))
        assert not await fails_after("d", pause_s=limits.COMMIT_FAILED_S + 0.1), "nobody has tried since"

    run_virtual(run())
