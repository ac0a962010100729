"""The server's own rules about addresses: kept in the database, asked in memory."""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, MeetError, Refusal, VersionConflict
from meetserver.ids import UserId
from meetserver.network import store
from meetserver.network.rules import IpRule, Verdict, checked_rules, verdict
from meetserver.ports import Clock, Origin, Random, SecurityLog

log = logging.getLogger(__name__)

REFUSED = "people may not come in from your address"


class Setter(Protocol):
    """Whoever changes the rules: an account, as far as rules look at it."""

    @property
    def user(self) -> UserId: ...

    @property
    def roles(self) -> frozenset[AnyRole]: ...


class Listed(Struct, frozen=True):
    """The whole list, in the order in which it was given. `version` follows from what it says."""

    rules: tuple[IpRule, ...] = ()

    @property
    def version(self) -> int:
        digest = hashlib.sha256(msgspec.json.encode(self.rules)).digest()
        return int.from_bytes(digest[:8]) % 10**9


class IpRules:
    def __init__(self, database: Database, clock: Clock, random: Random, security_log: SecurityLog) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._security_log = security_log
        self._current = Listed()
        # A reading that began before a change must not end after it.
        self._lock = asyncio.Lock()

    @property
    def current(self) -> Listed:
        return self._current

    def verdict(self, address: str, roles: Iterable[str]) -> Verdict:
        return verdict(self._current.rules, address, roles)

    def refusal(self, address: str, roles: Iterable[str]) -> Refusal | None:
        """Why somebody with these roles does not get in from there; None: they do."""
        return None if self.verdict(address, roles).is_admitted else Refusal("forbidden", REFUSED)

    async def refresh(self) -> None:
        """See what other processes changed. Raises Unavailable."""
        async with self._lock:
            self._take(await store.read(self._database))

    async def follow(self) -> None:
        """Refresh for ever. While the database is away the rules stay as they were."""
        while True:
            await asyncio.sleep(limits.IP_RULES_REFRESH_S)
            try:
                await self.refresh()
            except MeetError as error:
                log.warning("action=ip_rules_not_refreshed error=%s", error)

    async def replace(self, setter: Setter, origin: Origin, rules: Sequence[IpRule], version: int | None) -> Listed:
        """The new list, in force here on return. `version`: of the list that the setter saw; None: whatever it is.

        Raises BadMessage, VersionConflict, and Conflict for a list that would keep the setter out.
        """
        wanted = Listed(checked_rules(rules))
        if not verdict(wanted.rules, origin.address, setter.roles).is_admitted:
            raise Conflict(f"these rules would shut you out: you come from {origin.address or 'no address'}")
        rows = self._rows(setter.user, wanted.rules)

        async def change(connection: AsyncConnection) -> None:
            if version is not None and version != Listed(await store.locked(connection)).version:
                raise VersionConflict("the rules were changed meanwhile")
            await store.replace(connection, rows)

        async with self._lock:
            await self._database.run(change)
            self._take(wanted.rules)
        await self._security_log.record(
            "ip_rules.changed", origin, actor=setter.user, subject="server", count=len(rows), version=wanted.version
        )
        return wanted

    def _rows(self, user: UserId, rules: Sequence[IpRule]) -> list[dict[str, object]]:
        if len(rules) > limits.IP_RULES:
            raise BadMessage(f"there can be {limits.IP_RULES} rules")
        added = {"created_by": user, "created_at": self._clock.now()}
        return [
            {"id": self._random.id(), "position": position, **msgspec.to_builtins(rule), **added}
            for position, rule in enumerate(rules)
        ]

    def _take(self, rules: tuple[IpRule, ...]) -> None:
        if rules != self._current.rules:
            log.info("action=ip_rules_changed count=%d", len(rules))
            self._current = Listed(rules)
