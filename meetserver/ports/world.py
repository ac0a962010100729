"""Time, chance, mail and sealing: what is outside of every domain."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall clock, aware, in UTC."""


class Random(Protocol):
    def id(self) -> str:
        """A fresh public id: 20 characters of base32, unguessable enough to not be listed (100 bits)."""

    def secret(self) -> str:
        """A fresh secret: 43 URL-safe characters (256 bits)."""

    def uniform(self, low: float, high: float) -> float: ...


class Mail(Struct, frozen=True):
    to: str
    subject: str
    text: str
    html: str | None = None
    message_id: str = ""
    headers: Mapping[str, str] = {}


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand it over. Raises adapters' SendFailed with `permanent` for a 5xx."""


class Sealer(Protocol):
    """Encryption at rest (keys/). `about` is bound in as associated data: the row's identity."""

    def seal(self, plain: bytes, about: str) -> bytes: ...
    def unseal(self, sealed: bytes, about: str) -> bytes: ...
