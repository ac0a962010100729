"""Who asks, from where, and how often; what is written down of it, and what is erased."""

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from meetserver.ids import UserId
from meetserver.limits import Rate


class Origin(Struct, frozen=True):
    """Where a request came from. `address` is the client's, proxies that are trusted seen through; "" where there is
    none (the command line). `visitor` is the id in a browser's visitor cookie, of people without an account."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    visitor: str = ""


SecurityEventType: TypeAlias = Literal[
    "account.registered", "account.verified", "account.created", "account.deleted", "account.exported",
    "account.disabled", "account.enabled", "account.email_changed", "account.updated",
    "login.succeeded", "login.failed", "login.delayed", "login.factor_failed", "session.confirmed",
    "session.revoked", "sessions.revoked", "refresh.reused",
    "password.changed", "password.reset_asked", "password.reset", "password.rehashed",
    "factor.added", "factor.removed", "recovery_codes.made", "recovery_code.used",
    "identity.linked", "identity.unlinked",
    "token.created", "token.changed", "token.revoked", "signing_key.rotated",
    "role.granted", "role.taken", "access.refused",
    "ip_rules.changed", "ip.refused", "rate.limited",
    "meeting.passcode_failed", "link.created", "link.revoked",
    "file.infected",
    "participant.removed", "participant.banned", "participant.unbanned",
    "shard.drained", "room.moved", "room.put_to_sleep", "room.quarantined", "room.released",
]  # fmt: skip


class SecurityLog(Protocol):
    """The append-only record of what matters to security (audit/)."""

    async def record(
        self, type_: SecurityEventType, origin: Origin, *, actor: str | None, subject: str = "", **data: str | int
    ) -> None:
        """Write it down; on return it is durable. `actor` is a user's id, None for who is not signed in; `subject`
        is what it was done to (an id, never a secret, never a password). Raises Unavailable, Busy."""


class Allowance(Struct, frozen=True):
    is_allowed: bool
    limit: int
    remaining: int
    reset_s: float
    """Seconds until there is something left again, or until all is."""


class RateLimiter(Protocol):
    """Counts in memory, or in Redis where there is one; when Redis is away, in memory."""

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        """Take `cost`, if there is that much left; what is refused takes nothing."""

    async def peek(self, rate: Rate, key: str) -> Allowance:
        """As it stands, without taking."""

    async def clear(self, rate: Rate, key: str) -> None:
        """Forget what was taken."""


class Eraser(Protocol):
    """What a package does when somebody wants their data, or wants it gone. accounts/erasure knows them all."""

    name: str

    async def erase(self, user: UserId) -> Mapping[str, int]:
        """Remove what is about this user; how many of what. Called again after a crash: what is gone stays gone."""

    async def export(self, user: UserId) -> Mapping[str, object]:
        """All that is about this user, as JSON can say it, without secrets."""
