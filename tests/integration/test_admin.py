"""The administrator's commands, on both databases, without a server and beside one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meetserver import demo
from meetserver.accounts.messages import Login
from meetserver.adapters.room_log import open_room_log
from meetserver.admin import Seeded, create_user, rotate_keys, seed
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.errors import BadMessage, Conflict
from meetserver.http.past import state_at
from meetserver.ids import MeetingId
from meetserver.ports import Origin
from meetserver.rooms.state import RoomState

PASSWORD = "correct horse battery"


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    secret = "a master secret that is only for tests"
    return Config(database_url=database_url, secret_key=secret, data_dir=str(tmp_path), bcrypt_cost=4)


async def the_room(core: Core, seeded: Seeded) -> RoomState:
    """The first meeting's room, as its log has it."""
    meeting = await core.meetings.find(MeetingId(seeded.links[0][1].rpartition("/")[2]))
    log = open_room_log(core.config, core.database, core.keys)
    try:
        assert await log.rooms_with_sessions() == []
        return await state_at(log, meeting, None)
    finally:
        await log.close()


async def test_a_demo_has_an_account_meetings_and_a_room_with_a_past(config: Config) -> None:
    seeded = await seed(config)

    assert seeded.made == [title for title, _ in seeded.links]
    assert len(seeded.made) == 3
    async with open_core(config) as core:
        assert seeded.password is not None
        account = await core.accounts.authenticate(Login(email=demo.EMAIL, password=seeded.password), Origin())
        assert account.name == demo.HOST
        room = await the_room(core, seeded)
    assert [message.name for message in room.chat.shared.messages].count("Noor") == 2
    assert len(room.whiteboard.pages["1"].elements) == 10
    assert not room.participants
    assert not room.ended


async def test_a_second_time_changes_nothing(config: Config) -> None:
    first = await seed(config, PASSWORD)
    async with open_core(config) as core:
        before = await the_room(core, first)

    second = await seed(config, "another password")

    assert (second.password, second.made, second.links) == (None, [], first.links)
    async with open_core(config) as core:
        account = await core.accounts.authenticate(Login(email=demo.EMAIL, password=PASSWORD), Origin())
        assert len((await core.meetings.list_own(account.id, 100, None))[0]) == 3
        assert (await the_room(core, second)).seq == before.seq


async def test_beside_a_running_server_its_rooms_are_left_alone(config: Config) -> None:
    async with open_server(config) as server:
        seeded = await seed(config)
        assert "another meetserver (shard-1) is alive" in seeded.room
        assert not server.stop.is_set()
    async with open_core(config) as core:
        assert (await the_room(core, seeded)).seq == 0

    assert (await seed(config)).room == "has a conversation and a drawing"


async def test_a_deleted_meeting_comes_back(config: Config) -> None:
    first = await seed(config, PASSWORD)
    async with open_core(config) as core:
        account = await core.accounts.authenticate(Login(email=demo.EMAIL, password=PASSWORD), Origin())
        (newest, *_), _ = await core.meetings.list_own(account.id, 100, None)
        owner = await core.accounts.sessions.caller_of_token(
            (await core.accounts.sessions.open_tokens(account.id, Origin(), ["password"])).access_token
        )
        await core.meetings.remove(owner, newest.id, None)

    assert (await seed(config)).made == [newest.title]
    assert first.links[0][0] != newest.title


async def test_an_account_made_by_hand_needs_no_verification(config: Config) -> None:
    password = await create_user(config, "Ann@Example.com", "Ann", None, is_admin=True)

    async with open_core(config) as core:
        account = await core.accounts.authenticate(Login(email="ann@example.com", password=password), Origin())
        assert account.roles == {"member", "admin"}
    with pytest.raises(Conflict):
        await create_user(config, "ann@example.com", "Ann", PASSWORD, is_admin=False)
    with pytest.raises(BadMessage, match="password"):
        await create_user(config, "bo@example.com", "Bo", "short", is_admin=False)
    with pytest.raises(BadMessage, match="address"):
        await create_user(config, "bo@@example.com", "Bo", PASSWORD, is_admin=False)


async def test_what_was_sealed_opens_after_a_rotation(config: Config) -> None:
    seeded = await seed(config)

    assert await rotate_keys(config) == 2

    async with open_core(config) as core:
        assert (await the_room(core, seeded)).chat.shared.messages


def test_seed_from_the_command_line(tmp_path: Path) -> None:
    settings = {"MEET_DATA_DIR": str(tmp_path), "MEET_BCRYPT_COST": "4"}
    command = [sys.executable, "-m", "meetserver", "admin", "seed", "--password", PASSWORD]
    run = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False)

    assert (run.returncode, run.stderr) == (0, "")
    assert f"demo@example.org (password {PASSWORD})" in run.stdout
    assert run.stdout.count("http://127.0.0.1:8080/m/") == 3
