"""Operators' commands against a server that listens: who they sign in as, what they are told, what is on record."""

import asyncio
import dataclasses
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from meetserver import limits
from meetserver.accounts import store
from meetserver.adapters.memory.operations import MemoryOperations
from meetserver.admin import create_user
from meetserver.audit import store as security_log
from meetserver.audit.chain import Link
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.core import open_core
from meetserver.errors import BadMessage, NotFound, Refused, Unauthenticated, Unavailable
from meetserver.files.messages import AccountUsage, KindUsage, Usage, UsageReport
from meetserver.http.services import SERVICES
from meetserver.ids import RoomId, ShardId, UserId
from meetserver.operating import files_text, operating, rooms_table, shards_table
from meetserver.ports import Origin
from tests.statuses import room_status, shard_status

SECRET = "a master secret that is only for tests"
WEEKLY = RoomId("weekly")


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    """Of a server with two administrators and somebody else."""
    config = Config(secret_key=SECRET, data_dir=str(tmp_path), bcrypt_cost=4, log_level="warning")
    for email, is_admin in (("root@example.com", True), ("ann@example.com", True), ("bo@example.com", False)):
        await create_user(config, email, email.partition("@")[0], "correct horse battery", is_admin=is_admin)
    return config


@pytest.fixture
def cluster() -> MemoryOperations:
    rooms = [room_status("weekly", members=3), room_status("daily", "shard-2", members=12)]
    return MemoryOperations([shard_status("shard-1"), shard_status("shard-2")], rooms)


@pytest.fixture
async def address(config: Config, cluster: MemoryOperations) -> AsyncIterator[str]:
    """Of a server whose shards and rooms are the cluster's."""
    async with open_server(config) as server:
        server.app[SERVICES] = dataclasses.replace(server.app[SERVICES], operations=cluster)
        runner = web.AppRunner(server.app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()


async def events(config: Config) -> list[Link]:
    """The security log, oldest first, without how the accounts were made."""
    async with open_core(config) as core:
        found = await security_log.newest(
            core.database, limit=100, type=None, actor=None, subject=None, since=None, before_seq=None
        )
        return [event for event in reversed(found) if not event.type.startswith(("account.", "role."))]


async def account(config: Config, email: str) -> UserId:
    async with open_core(config) as core:
        found = await store.read_account_by_key(core.database, email)
        assert found is not None
        return found.id


async def test_shards_and_rooms_are_shown(config: Config, address: str, cluster: MemoryOperations) -> None:
    async with operating(config, address) as operator:
        assert await operator.shards() == await cluster.shards()
        assert await operator.rooms(None, 10) == ([await cluster.room(RoomId("daily")), await cluster.room(WEEKLY)], 2)
        assert await operator.rooms("shard-1", 10) == ([await cluster.room(WEEKLY)], 1)


async def test_more_rooms_than_a_page_holds(config: Config, address: str, cluster: MemoryOperations) -> None:
    cluster.room_statuses = {RoomId(f"r{n}"): room_status(f"r{n}", members=n) for n in range(2 * limits.PAGE_ITEMS + 5)}
    async with operating(config, address) as operator:
        all_, total = await operator.rooms(None, 1000)
        assert [room.members for room in all_] == list(reversed(range(2 * limits.PAGE_ITEMS + 5)))
        assert total == len(all_)
        some, total = await operator.rooms(None, limits.PAGE_ITEMS + 1)
        assert (len(some), total) == (limits.PAGE_ITEMS + 1, len(all_))


async def test_what_an_operator_wishes_is_done(config: Config, address: str, cluster: MemoryOperations) -> None:
    async with operating(config, address) as operator:
        await operator.move(WEEKLY, "shard-2")
        assert (await cluster.room(WEEKLY)).owner == "shard-2"
        await operator.quarantine(WEEKLY)
        assert (await cluster.room(WEEKLY)).is_quarantined
        await operator.release(WEEKLY)
        await operator.sleep("daily")
        assert await cluster.rooms() == []
        await operator.drain("shard-2")
        assert cluster.shard_statuses[ShardId("shard-2")].is_draining


async def test_it_is_on_record_and_the_session_ends(config: Config, address: str) -> None:
    async with operating(config, address) as operator:
        await operator.sleep(WEEKLY)

    signed_in, slept, signed_out = await events(config)
    assert [event.type for event in (signed_in, slept, signed_out)] == [
        "login.succeeded", "room.put_to_sleep", "session.revoked",
    ]  # fmt: skip
    assert (signed_in.data, signed_in.address) == ('{"methods":"command_line"}', "")
    assert (slept.subject, slept.address) == ("weekly", "127.0.0.1")
    assert signed_in.actor == slept.actor == signed_out.actor == await account(config, "root@example.com")
    async with open_core(config) as core:
        assert await core.accounts.sessions.ended_among({signed_out.subject}) == {signed_out.subject}


async def test_the_session_ends_whatever_happens(config: Config, address: str) -> None:
    with pytest.raises(Refused, match="not awake"):
        async with operating(config, address) as operator:
            await operator.sleep("nowhere")
    assert [event.type for event in await events(config)] == ["login.succeeded", "session.revoked"]


async def test_somebody_else_is_named(config: Config, address: str) -> None:
    async with operating(config, address, "Ann@example.com") as operator:
        await operator.sleep(WEEKLY)
    assert (await events(config))[1].actor == await account(config, "ann@example.com")


async def test_who_has_no_role_may_not(config: Config, address: str, cluster: MemoryOperations) -> None:
    async with operating(config, address, "bo@example.com") as operator:
        with pytest.raises(Refused, match="your roles do not allow this"):
            await operator.drain("shard-1")
    assert not cluster.shard_statuses[ShardId("shard-1")].is_draining


async def test_who_is_not_there_or_disabled_may_not(config: Config, address: str) -> None:
    with pytest.raises(NotFound, match="no account"):
        async with operating(config, address, "nobody@example.com"):
            pass
    root, ann = await account(config, "root@example.com"), await account(config, "ann@example.com")
    async with open_core(config) as core:
        await core.accounts.users.change(root, name=None, disabled=True, version=None, by=ann, origin=Origin())
    with pytest.raises(Unauthenticated):
        async with operating(config, address, "root@example.com"):
            pass
    async with operating(config, address) as operator:  # now Ann's is the oldest
        await operator.sleep(WEEKLY)
    assert (await events(config))[-2].actor == ann


async def test_without_an_administrator_nobody_is_signed_in(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="create-user --admin"):
        async with operating(Config(secret_key=SECRET, data_dir=str(tmp_path))):
            pass


async def test_where_no_server_is(config: Config) -> None:
    with socket.socket() as bound:  # taken, and nobody listens
        bound.bind(("127.0.0.1", 0))
        async with operating(config, f"http://127.0.0.1:{bound.getsockname()[1]}") as operator:
            with pytest.raises(Unavailable, match="no meetserver answers at http"):
                await operator.shards()
    with pytest.raises(BadMessage, match="http"):
        async with operating(config, "example.com:8080"):
            pass


async def test_a_server_that_never_answers_is_not_waited_for(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPERATOR_TIMEOUT_S", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with operating(config, f"http://127.0.0.1:{silent.getsockname()[1]}") as operator:
            with pytest.raises(Unavailable):
                await operator.shards()


async def run(config: Config, *words: str) -> tuple[int | None, str, str]:
    """`python -m meetserver admin …`: its exit code, and what it wrote."""
    settings = {"MEET_DATA_DIR": config.data_dir, "MEET_SECRET_KEY": SECRET, "MEET_BCRYPT_COST": "4"}
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "meetserver", "admin", *words],
        env=os.environ | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_the_command_line_for_people(config: Config, address: str, cluster: MemoryOperations) -> None:
    assert await run(config, "rooms", "--server", address, "--limit", "1") == (
        0, rooms_table([cluster.room_statuses[RoomId("daily")]]) + "\n", "1 more: see --limit and --shard.\n",
    )  # fmt: skip
    assert await run(config, "quarantine", "--server", address, "weekly") == (
        0, "Room weekly is closed until it is released.\n", "",
    )  # fmt: skip
    assert (await cluster.room(WEEKLY)).is_quarantined
    assert await run(config, "move", "--server", address, "daily", "shard-9") == (
        1, "", "Error: shard-9 takes no rooms\n",
    )  # fmt: skip


async def test_the_command_line_for_programs(config: Config, address: str, cluster: MemoryOperations) -> None:
    code, output, errors = await run(config, "shards", "--server", address, "--json")
    assert (code, errors) == (0, "")
    assert msgspec.json.decode(output) == msgspec.to_builtins(await cluster.shards())


async def test_files_on_the_command_line(config: Config, address: str) -> None:
    code, output, errors = await run(config, "files", "--server", address)
    assert (code, errors) == (0, "")
    assert output.startswith("Files     0, 0 B\nQuota     none\nFree      ")
    code, output, errors = await run(config, "files", "--server", address, "--json")
    assert msgspec.json.decode(output, type=UsageReport).kinds == []


def test_files_in_words() -> None:
    report = UsageReport(
        files=1234,
        bytes=5 << 40,
        quota_bytes=6 << 40,
        free_bytes=1536,
        reserve_bytes=1 << 20,
        kinds=[KindUsage("image", 1200, 3 << 30), KindUsage("text", 34, 1023)],
        deleted=Usage(1000, 1024),
        held=Usage(0, 0),
        uploads=Usage(2, 10),
        counted_up_to=1000,
        accounts=[AccountUsage("u1", "Ann", "ann@example.com", 5, 100)],
        meetings=[],
    )
    assert files_text(report).splitlines() == [
        "Files     1234, 5.0 TiB",
        "Quota     6.0 TiB",
        "Free      1.5 KiB, of which 1.0 MiB stay free",
        "Deleted   at least 1000, 1.0 KiB",
        "Held      0, 0 B",
        "Uploads   2, 10 B",
        "",
        "KIND   FILES     SIZE",
        "image   1200  3.0 GiB",
        "text      34   1023 B",
        "",
        "ACCOUNT          FILES   SIZE  ID",
        "ann@example.com      5  100 B  u1",
        "",
        "MEETING  FILES  SIZE  OWNER",
    ]


def test_tables_say_what_is_the_matter() -> None:
    shards = shards_table([shard_status("shard-1"), shard_status("shard-2", is_draining=True, weight=0.0, address="")])
    assert shards.splitlines() == [
        "SHARD    ROOMS  MEMBERS  LEVEL  WEIGHT  LOOP LAG  COMMIT LAG  STATE   ADDRESS",
        "shard-1      0        0      0     1.0      2 ms        2 ms  up      http://shard-1:8080",
        "shard-2      0        0      0     0.0      2 ms        2 ms  drains  -",
    ]
    rooms = rooms_table([room_status("weekly", members=12, mailbox=3, is_quarantined=True)])
    assert rooms.splitlines() == [
        "ROOM    SHARD    MEMBERS  WAITING  COMMIT LAG  SEQ          EPOCH  STATE",
        "weekly  shard-1       12        3        0 ms   40  1795000000000  quarantine",
    ]
    assert rooms_table([]).splitlines() == ["ROOM  SHARD  MEMBERS  WAITING  COMMIT LAG  SEQ  EPOCH  STATE"]
