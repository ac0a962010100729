"""With a million rows around it nothing that the API reads, or that jobs look for, goes through a whole table."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import attempts, factor_store, role_store, store, user_store
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.message_index import SqlMessageIndex
from meetserver.adapters.migrations import migrate
from meetserver.audit import store as security_log
from meetserver.chat.words import sought_in
from meetserver.config import Config
from meetserver.database import Database, metadata
from meetserver.files import claims_store, direct_store, retention_store, upload_store, usage_store
from meetserver.files import store as files
from meetserver.http import store as http_store
from meetserver.ids import FileId, MeetingId, ParticipantId, RoomId, SessionId
from meetserver.jobs import store as jobs
from meetserver.mail import store as mail
from meetserver.ports import FileClaim, IndexChange, LogExpiry, MessageIndex, Said
from meetserver.rooms import mark_store
from meetserver.rooms.snapshot import encode_snapshot
from meetserver.rooms.state import empty
from tests.integration.http import statements
from tests.integration.http.conftest import Api
from tests.integration.http.given_items import Items, given_items, given_log
from tests.integration.http.many_rows import filling, telling
from tests.integration.http.statements import Statement, statements_of
from tests.integration.http.walk import has_pages, path_of, queries_of, reads
from tests.servers.databases import Databases

uncached = statements.uncached

# What has a bound of its own: a limit, or how many keys, kinds of files, shards and people in charge there are.
SMALL = {"data_key", "file_usage_of_kind", "ip_rule", "shard_lease", "signing_key", "user_role"}
SCAN = re.compile(r"SCAN (\w+)$")
SORTED_ROWS = 1000
"""So many rows may be put in order: the planner guesses them."""
COST = 2_000
"""What one statement may be, in PostgreSQL's units: a page read in order is 1."""


@pytest.fixture
def postgres_url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a database that nobody else has, as it is to be filled; on a busy machine a transaction may pause for long."""
    monkeypatch.setattr(limits, "COMMIT_TIMEOUT_S", 20.0)
    url = databases.create()
    asyncio.run(migrate(Config(database_url=url)))
    yield url
    databases.drop(url)


@pytest.mark.both_databases
@pytest.mark.timeout(600)
async def test_nothing_goes_through_a_whole_table(api: Api, database_url: str, uncached: None) -> None:
    given = await given_items(api, 5)
    database = api.services.database
    if database.dialect == "postgresql":
        await fill(database_url, given, api.services.clock.now())
    await given_present(api, given)
    with statements_of(database) as sent:
        await read_everything(given)
        await look_for_work(api, given)
        await look_around(api, given)
    wrong = await faults(database, sent)
    assert not wrong, json.dumps(wrong, indent=1)
    await database.write(text("DROP INDEX ix_outbox_sent"))
    await database.close()  # SQLite's driver remembers plans by connection; the next one is new
    assert await faults(database, [one for one in sent if "outbox" in one.text]), "one index less is noticed"


async def fill(url: str, given: Items, now: datetime) -> None:
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute(filling(given, now))
    await connection.execute(telling(SMALL))
    await connection.close()


async def given_present(api: Api, given: Items) -> None:
    """After all the past a snapshot, and what was said since."""
    log: Any = api.services.history
    seq = await log.last_seq(given.room)
    state = empty(given.room, MeetingId(given.parts["meeting_id"]))
    await log.save_snapshot(given.room, seq, encode_snapshot(replace(state, seq=seq)))
    await given_log(api, given.room, 10, api.services.clock.now())


async def read_everything(given: Items) -> None:
    """Every GET with each combination of its filters, and its second page."""
    for route in reads():
        path = path_of(route, given.parts)
        for query in queries_of(route):
            query |= {"limit": "2"} if has_pages(route) else {}
            answer = await given.reader.get(path, params=query, allow_redirects=False)
            assert answer.status < 500, (path, query, answer)
            if following := has_pages(route) and answer.status == 200 and answer.body["next"]:
                answer = await given.reader.get(path, params=query | {"cursor": following})
                assert answer.status == 200, (path, query, answer)


async def look_for_work(api: Api, given: Items) -> None:
    """What runs without anybody asking."""
    database, now = api.services.database, api.services.clock.now()
    yesterday, tomorrow = now - timedelta(1), now + timedelta(1)
    for kinds in (["jobs.sweep", "mail.deliver"], ["accounts.mail_request", "accounts.erase"]):
        await jobs.has_due(database, kinds, now, ["j5"])
        await jobs.claim(database, kinds, "two/1", now, tomorrow, 8, ["j5"])
    await jobs.take_back(database, "one", now)
    await jobs.kick(database, ["mail.deliver"], now)
    await jobs.renew(database, [("j1", "one/1")], tomorrow)
    await jobs.runs_of(database, "j1", 100)
    await jobs.delete_old(database, yesterday)
    await mail.claim(database, "mail", now, tomorrow, 8)
    await mail.dead_letters(database, 100)
    await mail.unsent(database, "", 100)
    await mail.delete_sent(database, yesterday)
    await attempts.forget_old(database, yesterday)
    await store.delete_ended(database, yesterday)
    await factor_store.delete_expired_challenges(database, yesterday)
    await http_store.delete_expired_claims(database, yesterday)
    await upload_store.expired(database, yesterday, 100)
    await upload_store.existing(database, ["f5", "f6"])
    await files.read_contents(database, ["f5", "f6"])
    await direct_store.to_take_in(database, ["f5"], now, 4)
    await files.doomed(database, 100)
    await SqlLogErasure(database, PlainSealer()).missed_deletions(yesterday, 100)
    await look_for_the_past(SqlLogExpiry(database, PlainSealer()), given, yesterday)
    await files.held(database, "f5", 100)
    await retention_store.meetings_with_days(database, "m5", 200)
    await mark_store.page(database, ("r5", "u5"), limits.SWEEP_ROWS)
    await mark_store.remove(database, [("r5", "nobody"), ("r6", "nobody")])
    await security_log.head(database)
    await security_log.page(database, 5000, 1000)
    await look_for_words(SqlMessageIndex(database, PlainSealer()), given)

    async def unit(connection: AsyncConnection) -> None:
        await files.mark_deleted(connection, files.LEFT_BEHIND, now, 100)
        await files.mark_deleted(connection, files.made_until(yesterday), now, 100)
        meetings = [MeetingId(given.parts["meeting_id"]), MeetingId("m5")]
        await files.mark_deleted(connection, files.made_until(yesterday, meetings), now, 100)
        await files.forget_deleted(connection, yesterday, 100)
        some = await claims_store.by_message(connection, (yesterday - timedelta(9), ""), now, 100)
        await claims_store.unsent(connection, [id_ for _, id_ in some])

    await database.run(unit)


async def look_for_the_past(expiry: LogExpiry, given: Items, before: datetime) -> None:
    for in_all in (False, True):
        await expiry.aging(MeetingId("m5"), before, limits.RETENTION_ROOMS, in_all=in_all)
    await expiry.unfinished(RoomId("r5"), limits.SWEEP_ROWS)
    await expiry.covered(given.room, 5, ["chat.sent"], 0, limits.LOG_PAGE_EVENTS)
    await expiry.told_later(given.room, 5, 5, limits.LOG_PAGE_EVENTS)
    await expiry.set_base(given.room, 1, b"")
    await expiry.sweep(given.room, 1)


async def look_for_words(index: MessageIndex, given: Items) -> None:
    """What is written into the index, and words that few messages have."""
    seen = (await index.place(given.room)).until
    await index.places(RoomId("r5"), limits.INDEX_ROOMS)
    await index.stretch(given.room, 5000, 5000 + limits.INDEX_STRETCH)
    now = {5: ("ann",)}
    change = IndexChange({4: Said(ParticipantId("p"), ("ann",))}, now, {6}, {ParticipantId("nobody")}, 1)
    assert await index.bring_on(given.room, seen, 5000, change)
    assert await index.bring_on(given.room, 5000, 5001, IndexChange())
    for query in ("rare", "ann rare -bo", '"ann rare"', "rar"):
        for before, after in ((None, None), (20_000, None), (None, 1), (20_000, 5)):
            sought = sought_in(query)
            assert sought is not None
            await index.find(given.room, sought, [ParticipantId("p")], before=before, after=after, limit=50)
    await index.clear(RoomId("r5"))


async def look_around(api: Api, given: Items) -> None:
    """What sockets, sign-ins, uploads and erasures ask."""
    database, now = api.services.database, api.services.clock.now()
    await attempts.known_places(database, given.user, [b"a"])
    await attempts.remember_places(database, given.user, [b"a"], now)
    await user_store.first_admin(database)
    await SqlLogErasure(database, PlainSealer()).participants_of(given.user)
    await SqlLogErasure(database, PlainSealer()).forget(given.user)
    await http_store.participant_of_token(database, given.room, "token")
    log: Any = api.services.history
    await log.load(given.room)
    await log.rooms_with_sessions()
    await log.quarantined()
    await log.had_session(given.room, SessionId("s"), b"")
    await log.receipts(given.room, [(ParticipantId("p"), "t")])
    await log.entries_at(given.room, [1, 5])
    await log.entries_about(given.room, [1, 5], 100)
    await log.deleted_among(given.room, [1, 5])
    await claims_store.claims_of(database, ["f5", "f6"])

    async def unit(connection: AsyncConnection) -> None:
        await http_store.delete_claims_of(connection, f"user {given.user}")
        await role_store.is_last_admin(connection, given.user)
        await claims_store.of_meeting(connection, MeetingId(given.parts["meeting_id"]), ["f5", "f6"])
        await claims_store.counts(connection, ["f5", "f6"])
        await claims_store.add(
            connection, [FileClaim(FileId(given.parts["file_id"]), given.room, ParticipantId("p"), "t")]
        )
        await claims_store.hide(connection, ["f5", "f6"])
        await files.mark_deleted(connection, files.of_uploader(given.user), now, 100)
        await usage_store.of_server(connection)
        await usage_store.of_meeting(connection, MeetingId(given.parts["meeting_id"]))
        await upload_store.bytes_coming(connection, given.user, MeetingId(given.parts["meeting_id"]))
        await upload_store.count_of(connection, given.user, given.user)

    await database.run(unit)


# --- plans


async def faults(database: Database, sent: list[Statement]) -> dict[str, list[str]]:
    """What is wrong with which statement."""
    judge = faults_on_postgres if database.dialect == "postgresql" else faults_on_sqlite
    return {str(one): why for one in sent if one.is_planned and (why := await judge(database, one))}


async def faults_on_postgres(database: Database, statement: Statement) -> list[str]:
    async with database.reader.connect() as connection:
        rows = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.text}", statement.parameters)
        plan = rows.scalar_one()[0]["Plan"]
    return list(_faults(plan))


def _faults(plan: Any) -> Iterator[str]:
    if plan["Total Cost"] > COST:
        yield f"costs {plan['Total Cost']:.0f}"
    for node in _nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in SMALL:
            yield f"goes through {node['Relation Name']}"
        if node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > SORTED_ROWS:
            yield f"puts {node['Plans'][0]['Plan Rows']} rows in order"


def _nodes(plan: Any) -> Iterator[Any]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def faults_on_sqlite(database: Database, statement: Statement) -> list[str]:
    """It guesses without counting: what it goes through when it knows no sizes, it always goes through; but for the
    first rows in the table's own order, which are all that is asked for."""
    async with database.reader.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.text}", statement.parameters)
        steps = [row.detail for row in plan]
    if "WHERE" not in statement.text and "LIMIT" in statement.text and not any("B-TREE" in step for step in steps):
        return []
    scanned = [(step, found[1]) for step in steps if (found := SCAN.match(step))]
    return [step for step, name in scanned if name in metadata.tables and name not in SMALL]
