"""The administrator's rotation of the keys for access tokens, on both databases, beside a running server."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.accounts.messages import Register
from meetserver.accounts.store import Account, read_account_by_key
from meetserver.admin import rotate_signing_key
from meetserver.audit.models import security_event
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.errors import Unauthenticated
from meetserver.ports import Origin
from tests.contract.eventually import eventually


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    secret = "a master secret that is only for tests"
    return Config(database_url=database_url, secret_key=secret, data_dir=str(tmp_path), bcrypt_cost=4)


async def given_account(core: Core) -> Account:
    assert await core.accounts.add(Register(email="ann@example.com", password="correct horse battery", name="Ann"))
    account = await read_account_by_key(core.database, "ann@example.com")
    assert account is not None
    return account


async def given_token(core: Core, account: Account) -> str:
    return (await core.accounts.sessions.open_tokens(account.id, Origin(), ["password"])).access_token


async def test_a_server_that_runs_hears_of_a_revoked_key(config: Config) -> None:
    async with open_server(config) as server:
        sessions = server.core.accounts.sessions
        leaked = await given_token(server.core, await given_account(server.core))
        await sessions.caller_of_token(leaked)

        made = await rotate_signing_key(config, revoke=True)

        async def only_the_new_one_verifies() -> bool:
            return [key.kid for key in sessions.signing_keys.public()] == [made]

        async with asyncio.timeout(2 * limits.SIGNING_KEYS_REFRESH_S):
            await eventually(only_the_new_one_verifies)
        with pytest.raises(Unauthenticated):
            await sessions.caller_of_token(leaked)


async def test_a_rotation_signs_nobody_out_and_is_written_down(config: Config) -> None:
    async with open_core(config) as core:
        sessions = core.accounts.sessions
        account = await given_account(core)
        token = await given_token(core, account)

        made = await rotate_signing_key(config, revoke=False)

        await sessions.signing_keys.refresh()
        assert made in [key.kid for key in sessions.signing_keys.public()]
        assert (await sessions.caller_of_token(token)).user == account.id
        events = await core.database.fetch(select(security_event).where(security_event.c.type == "signing_key.rotated"))
        assert [event.subject for event in events] == [made]


def test_from_the_command_line(tmp_path: Path) -> None:
    settings = {"MEET_DATA_DIR": str(tmp_path), "MEET_BCRYPT_COST": "4"}
    command = [sys.executable, "-m", "meetserver", "admin", "rotate-signing-key", "--revoke"]
    run = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "signs from now on" in run.stdout
