"""Verifying the security log from the command line."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from meetserver.admin import verify_audit
from meetserver.config import Config
from meetserver.core import open_core
from meetserver.errors import BadMessage
from meetserver.ports import Origin


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    secret = "a master secret that is only for tests"
    return Config(database_url=database_url, secret_key=secret, data_dir=str(tmp_path), bcrypt_cost=4)


async def test_the_security_log_is_verified(config: Config) -> None:
    async with open_core(config) as core:
        for n in range(3):
            await core.security_log.record("login.failed", Origin(), actor=None, subject=str(n))
    kept = (await verify_audit(config, 1, None, "")).head
    async with open_core(config) as core:
        await core.database.write(text("DELETE FROM security_event WHERE seq = 3"))
    assert (await verify_audit(config, 1, None, "")).fault is None
    assert (await verify_audit(config, 1, None, kept)).fault == "event 3 and later ones are missing"
    with pytest.raises(BadMessage):
        await verify_audit(config, 1, None, "not a head")


def test_the_security_log_is_verified_from_the_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"MEET_DATA_DIR": str(tmp_path), "MEET_BCRYPT_COST": "4"}
        command = [sys.executable, "-m", "meetserver", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    assert run("admin", "create-user", "ann@example.com", "--name", "Ann").returncode == 0
    whole = run("audit", "verify")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith("Events    1 whole, from 1\nHead      1:")
    with closing(sqlite3.connect(tmp_path / "meetserver.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE security_event SET subject = 'other'")
    broken = run("audit", "verify")
    assert (broken.returncode, broken.stderr) == (1, "Error: the security log is broken: event 1 was changed\n")
