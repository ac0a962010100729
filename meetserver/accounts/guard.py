"""Slows down who tries passwords, codes and links, without giving them a way to lock the owner out.

Each try is counted before it is looked at, so that many at once gain nothing. Who fails at one account from one place
waits longer and longer; and all the places where nobody has signed in to this account before wait together, so that
many addresses help little. Where its owner has signed in before, only that place's own tries count. An address that
has no account is treated the same.
"""

import hashlib
import hmac
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from meetserver import limits
from meetserver.accounts import attempts
from meetserver.database import Database
from meetserver.errors import Busy, RateLimited
from meetserver.ids import UserId
from meetserver.network.addresses import address_block
from meetserver.ports import Clock, Origin, SecurityLog

Kind: TypeAlias = Literal["password", "factor", "confirm", "recover"]


class Attempt:
    """One try, within `LoginGuard.attempt`."""

    is_success = False

    def succeeded(self) -> None:
        """It was right: this place's earlier tries are forgotten."""
        self.is_success = True


class LoginGuard:
    def __init__(self, database: Database, key: bytes, clock: Clock, security_log: SecurityLog) -> None:
        self._database = database
        self._key = key
        self._clock = clock
        self._security_log = security_log

    @asynccontextmanager
    async def attempt(self, kind: Kind, account: str, user: UserId | None, origin: Origin) -> AsyncIterator[Attempt]:
        """Around one try. `account` is what was typed, in the form in which two are the same (an address's key), or
        the user's id where that is known to whoever tries; `user` the account behind it, if there is one.

            async with guard.attempt("password", email_key, account and account.id, call.origin) as attempt:
                if await matches(...):
                    attempt.succeeded()

        Raises RateLimited, with the same text for all. A Busy from within takes the try back: nothing was looked at.
        So what comes of the try, the line in the security log too, comes after it.
        """
        now = self._clock.now()
        place = await self._known_place(user, origin)
        here = self._mark(kind, account, place or address_block(origin.address))
        elsewhere = None if place else self._mark(kind, account, "")
        wait_s = await self._take_both(here, elsewhere, now)
        attempt = Attempt()
        try:
            yield attempt
        except Busy:
            await self._take_back(here, elsewhere)
            raise
        finally:
            if attempt.is_success:
                await attempts.forget(self._database, here)
                await self._take_back(elsewhere)
            elif wait_s:
                await self._record_delay(kind, user, origin, wait_s)

    async def remember(self, user: UserId, origin: Origin) -> None:
        """Somebody has signed in here, with all that the account asks for: from now on this is a known place of it."""
        places = [self._mark("place", user, place) for place in _places(origin)]
        await attempts.remember_places(self._database, user, places, self._clock.now())

    async def forget_old(self) -> int:
        """Delete what counts no more; how many rows. For a periodic job."""
        return await attempts.forget_old(self._database, self._clock.now() - _life())

    async def _known_place(self, user: UserId | None, origin: Origin) -> str | None:
        """The browser, or the address block, if somebody has signed in to this account with it."""
        places = {self._mark("place", user or "", place): place for place in _places(origin)}
        known = await attempts.known_places(self._database, user or UserId(""), list(places))
        return next((place for mark, place in places.items() if mark in known), None)

    async def _take_both(self, here: bytes, elsewhere: bytes | None, now: datetime) -> float:
        wait_s = await self._take(here, limits.FREE_ATTEMPTS, now)
        if elsewhere is None:
            return wait_s
        try:
            return max(wait_s, await self._take(elsewhere, limits.FREE_ATTEMPTS_ELSEWHERE, now))
        except RateLimited:
            await self._take_back(here)  # others are to blame
            raise

    async def _take(self, key: bytes, free: int, now: datetime) -> float:
        """Count a try; how long the next one then has to wait, in seconds. Raises RateLimited while one has to."""
        count = await attempts.take(self._database, key, now, _life(), delays(free))
        if count is not None:
            return _delay(count, free)
        next_at = await attempts.next_at(self._database, key)
        left_s = (next_at - now).total_seconds() if next_at else 0.0
        raise RateLimited("too many attempts; try again later", retry_after_s=max(1, math.ceil(left_s)))

    async def _take_back(self, *keys: bytes | None) -> None:
        for key in keys:
            if key is not None:
                await attempts.take_back(self._database, key, self._clock.now())

    async def _record_delay(self, kind: Kind, user: UserId | None, origin: Origin, wait_s: float) -> None:
        await self._security_log.record(
            "login.delayed", origin, actor=None, subject=user or "", kind=kind, wait_s=int(wait_s)
        )

    def _mark(self, *parts: str) -> bytes:
        return hmac.digest(self._key, "\n".join(parts).encode(errors="surrogatepass"), hashlib.sha256)


def delays(free: int) -> list[timedelta]:
    """How long the next try waits after the first, second, … one; after further ones as long as after the last."""
    found = [0.0] * (free - 1)
    while not found or found[-1] < limits.LONGEST_DELAY_S:
        found.append(_delay(len(found) + 1, free))
    return [timedelta(seconds=delay) for delay in found]


def _delay(count: int, free: int) -> float:
    over = min(count - free, 64)
    return 0.0 if over < 0 else min(limits.FIRST_DELAY_S * 2.0**over, limits.LONGEST_DELAY_S)


def _places(origin: Origin) -> list[str]:
    """By what a place is known again; the surest first."""
    return [place for place in (origin.visitor and f"browser {origin.visitor}", address_block(origin.address)) if place]


def _life() -> timedelta:
    return timedelta(seconds=limits.ATTEMPTS_LIFE_S)
