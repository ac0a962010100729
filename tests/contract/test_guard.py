"""Tries of a password: how many are looked at, and who has to wait."""

import asyncio

import pytest
from sqlalchemy import insert, select

from meetserver import limits
from meetserver.accounts.guard import LoginGuard, delays
from meetserver.accounts.models import attempt, user_account
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.database import Database
from meetserver.errors import Busy, RateLimited
from meetserver.ids import UserId
from meetserver.ports import Origin

ANN = UserId("ann")
EMAIL = "ann@example.com"
HOME = Origin("192.0.2.1")


class Door:
    """A guard, and how many tries it let through to be looked at."""

    def __init__(self, database: Database, key: bytes = b"a key") -> None:
        self.clock = ManualClock()
        self.log = MemorySecurityLog()
        self.guard = LoginGuard(database, key, self.clock, self.log)
        self.looked_at = 0

    async def tries(
        self, origin: Origin = HOME, *, right: bool = False, email: str = EMAIL, user: UserId | None = ANN
    ) -> float:
        """0.0 where it was looked at, else how long to wait."""
        try:
            async with self.guard.attempt("password", email, user, origin) as tried:
                self.looked_at += 1
                await asyncio.sleep(0)
                if right:
                    tried.succeeded()
        except RateLimited as error:
            return error.refusal.retry_after_s or 0.0
        return 0.0


@pytest.fixture
async def door(database: Database) -> Door:
    row = {"id": ANN, "email": EMAIL, "email_key": EMAIL, "name": "Ann", "created_at": START}
    await database.write(insert(user_account).values(**row))
    return Door(database)


def elsewhere(n: int) -> Origin:
    return Origin(f"198.51.{n // 250}.{n % 250 + 1}")


async def test_of_200_wrong_ones_at_once_no_more_are_looked_at_than_are_free(door: Door) -> None:
    await asyncio.gather(*(door.tries() for _ in range(200)))
    assert door.looked_at == limits.FREE_ATTEMPTS


async def test_of_200_from_as_many_places_at_once_no_more_are_looked_at_than_are_free(door: Door) -> None:
    await asyncio.gather(*(door.tries(elsewhere(n)) for n in range(200)))
    assert door.looked_at == limits.FREE_ATTEMPTS_ELSEWHERE


async def test_an_ipv6_block_is_one_place(door: Door) -> None:
    await asyncio.gather(*(door.tries(Origin(f"2001:db8::{n:x}")) for n in range(20)))
    assert door.looked_at == limits.FREE_ATTEMPTS


async def test_the_delay_doubles_up_to_a_quarter_of_an_hour(door: Door) -> None:
    waits = []
    for _ in range(limits.FREE_ATTEMPTS):
        assert await door.tries() == 0
    for _ in range(13):
        waits.append(await door.tries())
        door.clock.advance(waits[-1] - 0.1)
        assert await door.tries() > 0
        door.clock.advance(0.1)
        assert await door.tries() == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


async def test_a_right_one_ends_the_delays(door: Door) -> None:
    for _ in range(limits.FREE_ATTEMPTS):
        await door.tries()
    door.clock.advance(1)
    assert await door.tries(right=True) == 0
    for _ in range(limits.FREE_ATTEMPTS):
        assert await door.tries() == 0


async def test_right_ones_from_new_places_do_not_add_up(door: Door) -> None:
    for n in range(3 * limits.FREE_ATTEMPTS_ELSEWHERE):
        assert await door.tries(elsewhere(n), right=True) == 0


async def test_others_cannot_lock_the_owner_out(door: Door) -> None:
    await door.guard.remember(ANN, HOME)
    for n in range(limits.FREE_ATTEMPTS_ELSEWHERE + 1):
        await door.tries(elsewhere(n))
    assert await door.tries(elsewhere(999), right=True) > 0
    assert await door.tries(HOME, right=True) == 0


async def test_the_owners_browser_is_known_in_another_network_and_beside_a_guesser(door: Door) -> None:
    browser = Origin("192.0.2.1", visitor="abc")
    await door.guard.remember(ANN, browser)
    for n in range(limits.FREE_ATTEMPTS_ELSEWHERE + 1):
        await door.tries(elsewhere(n))
    for _ in range(limits.FREE_ATTEMPTS + 1):
        await door.tries(HOME)
    assert await door.tries(Origin("203.0.113.9", visitor="abc"), right=True) == 0
    assert await door.tries(browser, right=True) == 0
    assert await door.tries(HOME) > 0


async def test_another_accounts_owner_is_not_known_here(door: Door) -> None:
    await door.guard.remember(ANN, HOME)
    for n in range(limits.FREE_ATTEMPTS_ELSEWHERE):
        await door.tries(elsewhere(n), email="bob@example.com", user=UserId("bob"))
    assert await door.tries(HOME, email="bob@example.com", user=UserId("bob")) > 0


async def test_an_address_without_an_account_is_treated_the_same(door: Door) -> None:
    here = [await door.tries() for _ in range(10)]
    nobody = [await door.tries(email="nobody@example.com", user=None) for _ in range(10)]
    assert here == nobody


async def test_who_waits_for_others_has_not_tried(door: Door) -> None:
    for n in range(limits.FREE_ATTEMPTS_ELSEWHERE):
        await door.tries(elsewhere(n))
    for _ in range(2 * limits.FREE_ATTEMPTS):
        assert await door.tries(HOME) == 1
    door.clock.advance(1)
    assert await door.tries(HOME) == 0


async def test_what_nobody_looked_at_is_no_try(door: Door, database: Database) -> None:
    for _ in range(2 * limits.FREE_ATTEMPTS_ELSEWHERE):
        with pytest.raises(Busy):
            async with door.guard.attempt("password", EMAIL, ANN, elsewhere(1)):
                raise Busy("too many password checks")
    assert await database.fetch(select(attempt)) == []
    assert await door.tries() == 0


async def test_kinds_are_counted_apart(door: Door) -> None:
    for _ in range(limits.FREE_ATTEMPTS):
        await door.tries()
    assert await door.tries() > 0
    async with door.guard.attempt("recover", EMAIL, ANN, HOME):
        pass


async def test_after_a_day_all_is_forgotten(door: Door) -> None:
    for _ in range(limits.FREE_ATTEMPTS + 1):
        await door.tries()
    door.clock.advance(limits.ATTEMPTS_LIFE_S)
    for _ in range(limits.FREE_ATTEMPTS):
        assert await door.tries() == 0
    door.clock.advance(limits.ATTEMPTS_LIFE_S - 1)
    assert await door.guard.forget_old() == 0
    door.clock.advance(1)
    assert await door.guard.forget_old() == 2


async def test_the_oldest_known_places_make_room(door: Door) -> None:
    for n in range(limits.KNOWN_PLACES + 1):
        await door.guard.remember(ANN, elsewhere(n))
        door.clock.advance(1)
    for n in range(100, 100 + limits.FREE_ATTEMPTS_ELSEWHERE):
        await door.tries(elsewhere(n))
    assert await door.tries(elsewhere(0)) > 0
    assert await door.tries(elsewhere(1)) == 0


async def test_delays_are_on_the_record_and_only_what_was_looked_at(door: Door) -> None:
    await asyncio.gather(*(door.tries() for _ in range(50)))
    assert [(event.type, event.subject, event.data) for event in door.log.events] == [
        ("login.delayed", ANN, {"kind": "password", "wait_s": 1})
    ]


def test_delays_grow_from_the_last_free_one_to_the_longest() -> None:
    assert [delay.total_seconds() for delay in delays(2)][:4] == [0, 1, 2, 4]
    assert delays(5)[-1].total_seconds() == limits.LONGEST_DELAY_S
