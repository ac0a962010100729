"""Passwords at rest: a scheme's name, `$`, and what the scheme makes of HMAC-SHA256(pepper, password).

The HMAC comes first because bcrypt takes at most 72 bytes and no NUL, and because without the pepper,
which is not in the database, stolen hashes cannot be guessed at. Hashing runs in threads, as many as cores.
"""

import asyncio
import hashlib
import hmac
import os
from base64 import b64encode
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import bcrypt

from meetserver import limits
from meetserver.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")

SCHEME = "bcrypt"


class Passwords:
    def __init__(self, pepper: bytes, cost: int) -> None:
        """`cost` is log2 of bcrypt's rounds."""
        self._pepper = pepper
        self._cost = cost
        self._cores = asyncio.Semaphore(os.cpu_count() or 1)
        self._waiting = 0
        # Checked where there is no account, so that the answer takes as long.
        self._nobody = self._hash("nobody's password")

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._hash, password)

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the stored one. None, for an account that is not there, takes as long and is False."""
        matches = await self._in_thread(self._check, password, stored or self._nobody)
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a new hash of the same password would be another scheme's, or cost more or less."""
        return not stored.startswith(f"{SCHEME}$$2b${self._cost:02}$")

    async def _in_thread(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        if self._waiting >= limits.PASSWORD_CHECKS_WAITING:
            raise Busy("too many people sign in right now", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._cores:
                return await asyncio.to_thread(function, *arguments, **options)
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return f"{SCHEME}${bcrypt.hashpw(self._digest(password), bcrypt.gensalt(self._cost)).decode()}"

    def _check(self, password: str, stored: str) -> bool:
        scheme, _, hashed = stored.partition("$")
        return scheme == SCHEME and bcrypt.checkpw(self._digest(password), hashed.encode())

    def _digest(self, password: str) -> bytes:
        return b64encode(hmac.digest(self._pepper, password.encode(), hashlib.sha256))
