"""What every Sealer keeps to, and what the key ring promises beyond it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.config import Config, load_config
from meetserver.database import Database
from meetserver.errors import ConfigError, SealBroken
from meetserver.keys.master import master_secret
from meetserver.keys.models import data_key
from meetserver.keys.ring import KeyRing
from meetserver.ports import Sealer

SECRET = b"the master secret of these tests"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def ring(database: Database, clock: ManualClock) -> KeyRing:
    return await KeyRing.open(database, SECRET, clock, SeededRandom())


@pytest.fixture(params=["memory", "ring"])
async def sealer(request: pytest.FixtureRequest, sqlite_config: Config) -> AsyncIterator[Sealer]:
    if request.param == "memory":
        yield PlainSealer()
        return
    database = open_database(sqlite_config)
    yield await KeyRing.open(database, SECRET, ManualClock(), SeededRandom())
    await database.close()


@pytest.mark.parametrize("plain", [b"", b"a token", bytes(range(256)) * 300])
def test_what_was_sealed_is_unsealed(sealer: Sealer, plain: bytes) -> None:
    assert sealer.unseal(sealer.seal(plain, "outbox 1"), "outbox 1") == plain


def test_a_value_opens_only_in_its_own_row(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.unseal(sealer.seal(b"a token", "outbox 1"), "outbox 2")


def test_every_changed_byte_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(b"a token", "outbox 1")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            sealer.unseal(changed, "outbox 1")


@pytest.mark.parametrize("length", [0, 1, 16, 22])
def test_a_cut_value_is_noticed(sealer: Sealer, length: int) -> None:
    with pytest.raises(SealBroken):
        sealer.unseal(sealer.seal(b"a token", "outbox 1")[:length], "outbox 1")


def test_sealing_is_compact_and_never_the_same_twice(ring: KeyRing) -> None:
    first, second = ring.seal(b"a token", "outbox 1"), ring.seal(b"a token", "outbox 1")
    assert first != second
    assert len(first) == len(b"a token") + 33
    assert b"token" not in first


async def test_another_process_opens_what_this_one_sealed(
    ring: KeyRing, database: Database, clock: ManualClock
) -> None:
    other = await KeyRing.open(database, SECRET, clock, SeededRandom("other"))
    assert other.unseal(ring.seal(b"a token", "outbox 1"), "outbox 1") == b"a token"


async def test_processes_that_start_at_once_agree_on_the_first_key(database: Database, clock: ManualClock) -> None:
    rings = await asyncio.gather(*(KeyRing.open(database, SECRET, clock, SeededRandom(seed)) for seed in range(4)))
    sealed = rings[0].seal(b"a token", "outbox 1")
    assert [ring.unseal(sealed, "outbox 1") for ring in rings] == [b"a token"] * 4


async def test_a_rotated_key_takes_over_once_all_had_time_to_see_it(
    ring: KeyRing, database: Database, clock: ManualClock
) -> None:
    old = ring.seal(b"old", "outbox 1")
    other = await KeyRing.open(database, SECRET, clock, SeededRandom())
    assert await ring.rotate() == 2
    assert other.unseal(ring.seal(b"meanwhile", "outbox 1"), "outbox 1") == b"meanwhile"
    clock.advance(limits.KEY_SPREAD_S)
    new = ring.seal(b"new", "outbox 1")
    with pytest.raises(SealBroken, match="key 2"):
        other.unseal(new, "outbox 1")
    await other.refresh()
    assert [other.unseal(sealed, "outbox 1") for sealed in (old, new)] == [b"old", b"new"]


async def test_keys_that_rotate_again_and_again_still_unseal(ring: KeyRing, clock: ManualClock) -> None:
    sealed = []
    for _ in range(4):
        sealed.append(ring.seal(b"a token", "outbox 1"))
        await ring.rotate()
        clock.advance(limits.KEY_SPREAD_S)
    assert {ring.unseal(value, "outbox 1") for value in sealed} == {b"a token"}
    assert len({value[:5] for value in sealed}) == 4


def test_rotation_is_due_by_age(ring: KeyRing, clock: ManualClock) -> None:
    assert not ring.is_rotation_due
    clock.advance(limits.KEY_AGE_S)
    assert ring.is_rotation_due


def test_rotation_is_due_by_count(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEY_SEALS", 2)
    ring.seal(b"", "")
    assert not ring.is_rotation_due
    ring.seal(b"", "")
    assert ring.is_rotation_due


async def test_a_key_is_rotated_when_it_is_due_and_not_before(ring: KeyRing, clock: ManualClock) -> None:
    await ring.rotate_if_due()
    assert await ring.rotate() == 2
    clock.advance(limits.KEY_AGE_S + limits.KEY_SPREAD_S)
    await ring.rotate_if_due()
    await ring.rotate_if_due()
    clock.advance(limits.KEY_SPREAD_S)
    assert ring.seal(b"", "")[:5] == b"\x01\x00\x00\x00\x03"


async def test_a_wrong_master_secret_is_said_in_a_sentence(
    ring: KeyRing, database: Database, clock: ManualClock
) -> None:
    with pytest.raises(ConfigError, match="MEET_SECRET_KEY"):
        await KeyRing.open(database, SECRET + b"?", clock, SeededRandom())


async def test_the_database_holds_no_plain_key(ring: KeyRing, database: Database) -> None:
    (row,) = await database.fetch(select(data_key))
    assert SeededRandom().secret().encode() not in row.wrapped
    assert len(row.wrapped) == 12 + 32 + 16


def test_derived_keys_differ_by_purpose_only(ring: KeyRing) -> None:
    assert ring.derive("cookies") == ring.derive("cookies")
    assert ring.derive("cookies") != ring.derive("tickets")
    assert len(ring.derive("cookies", 64)) == 64


# --- where the master secret comes from


def test_the_setting_is_the_master_secret(tmp_path: Path) -> None:
    config = load_config({}, secret_key="x" * 40, data_dir=str(tmp_path))
    assert master_secret(config) == b"x" * 40
    assert not list(tmp_path.iterdir())


def test_the_embedded_default_makes_a_secret_once(tmp_path: Path) -> None:
    config = load_config({}, data_dir=str(tmp_path / "data"))
    secret = master_secret(config)
    assert len(secret) >= 32
    assert master_secret(config) == secret
    (file,) = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    config = load_config({}, data_dir=str(tmp_path))
    master_secret(config)
    os.chmod(tmp_path / "secret.key", 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        master_secret(config)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    config = load_config({}, data_dir=str(tmp_path))
    master_secret(config)
    (tmp_path / "secret.key").write_bytes(b"")
    with pytest.raises(ConfigError, match="damaged"):
        master_secret(config)
