"""What every security log promises; and of the one in the database, that nobody changes it unseen."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import IntegrityError

from meetserver import limits
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.audit import store
from meetserver.audit.chain import BEGINNING, Link, chained
from meetserver.audit.models import security_event
from meetserver.audit.service import SqlSecurityLog
from meetserver.audit.verification import read_head, verify
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import BadMessage, Busy, Unavailable
from meetserver.ports import Origin, SecurityLog

HERE = Origin("192.0.2.1", "Firefox", "request-1")
row = security_event.c


class Log:
    """A security log and what was recorded in it: type, actor, subject, data."""

    def __init__(self, log: SecurityLog, read: Callable[[], Awaitable[list[tuple[str, str, str, Any]]]]) -> None:
        self.log = log
        self.recorded = read


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    if request.param == "memory":
        memory = MemorySecurityLog()

        async def recorded() -> list[tuple[str, str, str, Any]]:
            return [(event.type, event.actor or "", event.subject, event.data) for event in memory.events]

        yield Log(memory, recorded)
        return
    database = open_database(request.getfixturevalue(f"{request.param}_config"))

    async def read() -> list[tuple[str, str, str, Any]]:
        return [(link.type, link.actor, link.subject, json.loads(link.data)) for link in await all_of(database)]

    log = SqlSecurityLog(database, ManualClock())
    yield Log(log, read)
    await log.close()
    await database.close()


@pytest.fixture
def sql_log(database: Database) -> SqlSecurityLog:
    return SqlSecurityLog(database, ManualClock())


async def all_of(database: Database) -> list[Link]:
    return await store.page(database, 0, 1_000_000)


async def record(log: SecurityLog, n: int = 1) -> None:
    for i in range(n):
        await log.record("login.failed", HERE, actor=None, subject=f"user{i}")


def forged_like(link: Link) -> Link:
    """The same link with another subject, and a hash that fits."""
    return chained([replace(link, subject="other")], link.seq - 1, link.previous)[0]


# --- what both promise


async def test_what_was_recorded_is_there_in_order(log: Log) -> None:
    await log.log.record("login.failed", HERE, actor=None, subject="ann")
    await log.log.record("role.granted", HERE, actor="bob", subject="ann", role="admin", version=2)
    assert await log.recorded() == [
        ("login.failed", "", "ann", {}),
        ("role.granted", "bob", "ann", {"role": "admin", "version": 2}),
    ]


async def test_many_at_once_are_all_there(log: Log) -> None:
    await asyncio.gather(*(log.log.record("rate.limited", HERE, actor=None, subject=str(i)) for i in range(600)))
    assert sorted(int(subject) for _, _, subject, _ in await log.recorded()) == list(range(600))


# --- the chain


async def test_an_event_has_all_that_is_known_of_it(sql_log: SqlSecurityLog, database: Database) -> None:
    await sql_log.record("ip.refused", Origin("2001:db8::1", "curl", "r-7"), actor="ann", subject="meeting", rule=3)
    (link,) = await all_of(database)
    assert (link.seq, link.at, link.type, link.actor, link.subject) == (1, START, "ip.refused", "ann", "meeting")
    assert (link.address, link.user_agent, link.request_id, link.data) == ("2001:db8::1", "curl", "r-7", '{"rule":3}')


async def test_a_chain_from_several_processes_is_whole(database_config: Config) -> None:
    databases = [open_database(database_config) for _ in range(4)]
    logs = [SqlSecurityLog(database, ManualClock()) for database in databases]
    await asyncio.gather(*(record(log, 25) for log in logs for _ in range(4)))
    verdict = await verify(databases[0])
    assert (verdict.count, verdict.seq, verdict.fault) == (400, 400, None)
    for database in databases:
        await database.close()


async def test_a_batch_is_written_whole_or_not_at_all(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 4)
    links = await all_of(database)
    await database.write(delete(security_event).where(row.seq <= 3))
    with pytest.raises(IntegrityError):
        await store.append(database, links)
    assert [link.seq for link in await all_of(database)] == [4]


async def test_it_goes_on_after_a_restart(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 3)
    await record(SqlSecurityLog(database, ManualClock()), 3)
    verdict = await verify(database)
    assert (verdict.count, verdict.fault) == (6, None)


async def test_of_an_empty_log_nothing_is_wrong(database: Database) -> None:
    verdict = await verify(database)
    assert (verdict.count, verdict.head, verdict.fault) == (0, "0:" + "00" * 32, None)


@pytest.mark.parametrize("column", ["at", "type", "actor", "subject", "address", "user_agent", "request_id", "data"])
async def test_a_changed_event_is_found(sql_log: SqlSecurityLog, database: Database, column: str) -> None:
    await record(sql_log, 5)
    other: str | datetime = START.replace(year=2031) if column == "at" else "other"
    await database.write(update(security_event).where(row.seq == 3).values({column: other}))
    verdict = await verify(database)
    assert (verdict.seq, verdict.fault) == (2, "event 3 was changed")


async def test_a_changed_event_with_a_hash_that_fits_is_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    link = (await all_of(database))[2]
    forged = forged_like(link)
    await database.write(update(security_event).where(row.seq == 3).values(subject="other", hash=forged.hash))
    assert (await verify(database)).fault == "event 4 does not follow the one before it"


async def test_a_deleted_event_is_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    await database.write(delete(security_event).where(row.seq == 3))
    assert (await verify(database)).fault == "event 3 is missing"
    assert (await verify(database, 4)).fault == "event 3 is missing"


async def test_a_deleted_beginning_is_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    await database.write(delete(security_event).where(row.seq <= 2))
    assert (await verify(database)).fault == "event 1 is missing"


async def test_a_deleted_event_whose_followers_moved_up_is_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    await database.write(delete(security_event).where(row.seq == 3))
    for seq in (4, 5):
        await database.write(update(security_event).where(row.seq == seq).values(seq=seq - 1))
    assert (await verify(database)).fault == "event 3 does not follow the one before it"


async def test_an_inserted_event_is_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 3)
    links = await all_of(database)
    for seq in (3, 2):
        await database.write(update(security_event).where(row.seq == seq).values(seq=seq + 1))
    forged = forged_like(links[1])
    values = {name: getattr(forged, name) for name in forged.__struct_fields__}
    await database.write(insert(security_event).values(**values))
    assert (await verify(database)).fault == "event 3 does not follow the one before it"


async def test_two_events_that_changed_places_are_found(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    for seq, other in ((2, 99), (3, 2), (99, 3)):
        await database.write(update(security_event).where(row.seq == seq).values(seq=other))
    assert (await verify(database)).fault == "event 2 does not follow the one before it"


async def test_a_cut_end_is_found_by_who_kept_the_head(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    kept = read_head((await verify(database)).head)
    await database.write(delete(security_event).where(row.seq >= 4))
    assert (await verify(database)).fault is None, "nobody can tell without it"
    assert (await verify(database, kept=kept)).fault == "event 4 and later ones are missing"


async def test_a_chain_made_anew_is_found_by_who_kept_the_head(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    kept = read_head((await verify(database, last=4)).head)
    await database.write(delete(security_event))
    await record(SqlSecurityLog(database, ManualClock(START.replace(year=2031))), 6)
    assert (await verify(database)).fault is None
    assert (await verify(database, kept=kept)).fault == "event 4 is not the one that was kept"


async def test_what_is_new_is_looked_at_from_a_kept_head(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 5)
    kept = read_head((await verify(database, last=4)).head)
    assert (await verify(database, 5, kept=kept)).fault is None
    await database.write(delete(security_event))
    await record(SqlSecurityLog(database, ManualClock(START.replace(year=2031))), 6)
    assert (await verify(database, 5, kept=kept)).fault == "event 4 is not the one that was kept"


@pytest.mark.parametrize(("first", "last"), [(6, None), (1, 3)])
async def test_a_head_that_says_nothing_about_what_is_looked_at_is_refused(
    sql_log: SqlSecurityLog, database: Database, first: int, last: int | None
) -> None:
    await record(sql_log, 8)
    kept = read_head((await verify(database, last=4)).head)
    with pytest.raises(BadMessage):
        await verify(database, first, last, kept=kept)


async def test_a_part_of_the_chain_is_verified_alone(sql_log: SqlSecurityLog, database: Database) -> None:
    await record(sql_log, 9)
    verdict = await verify(database, 3, 7)
    assert (verdict.count, verdict.first, verdict.seq, verdict.fault) == (5, 3, 7, None)
    await database.write(update(security_event).where(row.seq == 8).values(subject="other"))
    assert (await verify(database, 3, 7)).fault is None
    assert (await verify(database, 3)).fault == "event 8 was changed"


@pytest.mark.parametrize("head", ["", "7", "7:xy", "x:00"])
def test_a_head_that_is_none_is_refused(head: str) -> None:
    with pytest.raises(BadMessage):
        read_head(head)


# --- trouble


async def test_more_than_can_wait_are_refused(sql_log: SqlSecurityLog, database: Database) -> None:
    calls = [record(sql_log) for _ in range(limits.SECURITY_QUEUE + 1)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Busy]
    assert (await verify(database)).count == limits.SECURITY_QUEUE


async def test_what_cannot_be_written_is_said_and_the_chain_goes_on(
    sql_log: SqlSecurityLog, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await record(sql_log, 2)
    await database.write(text("ALTER TABLE security_event RENAME TO away"))
    with pytest.raises(Unavailable), caplog.at_level(logging.CRITICAL):
        await record(sql_log)
    await database.write(text("ALTER TABLE away RENAME TO security_event"))
    await record(sql_log, 2)
    verdict = await verify(database)
    assert (verdict.count, verdict.fault) == (4, None)


async def test_who_gives_up_waiting_harms_nobody(sql_log: SqlSecurityLog, database: Database) -> None:
    tasks = [asyncio.create_task(record(sql_log)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await sql_log.close()
    assert (await verify(database)).count == 3


async def test_texts_of_strangers_are_made_harmless(sql_log: SqlSecurityLog, database: Database) -> None:
    evil = "a\nb\0c\ud800d\u202e" + "x" * 1000
    await sql_log.record("login.failed", Origin("", evil, evil), actor=None, subject=evil, reason=evil)
    (link,) = await all_of(database)
    for kept in (link.user_agent, link.request_id, link.subject, json.loads(link.data)["reason"]):
        assert kept.isprintable()
        assert kept.startswith("a�b�c�d�x")
        assert len(kept) == limits.SECURITY_TEXT_CHARS
    assert (await verify(database)).fault is None


async def test_operators_see_a_line_for_each(sql_log: SqlSecurityLog, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "meetserver.audit"):
        await sql_log.record("role.granted", HERE, actor="bob", subject="ann", role="admin")
    (line,) = caplog.messages
    assert line == (
        "action=security_event type=role.granted seq=1 actor=bob subject=ann address=192.0.2.1 request_id=request-1"
    )


# --- since a time


async def test_clocks_that_differ_lose_no_event_since_a_time(database: Database) -> None:
    """The first comes from a server whose clock is ahead: its time is after that of the second."""
    times = [START + timedelta(seconds=limits.CLOCK_SKEW_S), START]
    link = Link(0, START, "user.signed_in", "ann", "ann", "", "", "", "{}", b"")
    await store.append(database, chained([replace(link, at=at) for at in times], 0, BEGINNING))
    assert [one.seq for one in await store.newest(database, limit=9, since=START)] == [2, 1]
    later = START + timedelta(seconds=limits.CLOCK_SKEW_S)
    assert [one.seq for one in await store.newest(database, limit=9, since=later)] == [1]
