"""Reads that are answered without the database where that is as good: from this process's copy, else from the one
that all processes share, else by reading, once for all who wait for the same.

A copy of this process counts from before its reading began and lives for limits.CACHE_LOCAL_S at most, whatever is
lost between processes. A change drops copies at once: `database.changed` in the unit of work brings its keys here
after the commit, and from here, over the bus, to the other processes. What was being read meanwhile is not kept.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, cast

import msgspec

from meetserver import limits
from meetserver.cache.keys import EVERY, KINDS, Kind, kind_of
from meetserver.cache.lru import Kept, Lru
from meetserver.errors import MeetError, Unavailable
from meetserver.ports import Bus, Cache, Random

T = TypeVar("T")

Outcome: TypeAlias = Literal["hit", "miss", "stale"]

CHANNEL = "meet.cache"
OUTCOMES: ContextVar[dict[str, Outcome] | None] = ContextVar("cache outcomes", default=None)
"""Whoever sets it to a dict finds there, by kind, what became of the reads that followed."""

log = logging.getLogger(__name__)


class Counts:
    """What became of the reads of one kind. `errors`: the database did not answer, and no copy was good enough."""

    __slots__ = ("errors", "hit", "miss", "stale")

    def __init__(self) -> None:
        self.hit = self.miss = self.stale = self.errors = 0


class Flight(NamedTuple):
    """A reading under way: since when, and what it brings."""

    began: float
    value: asyncio.Future[bytes | None]


class Cached:
    def __init__(self, shared: Cache, random: Random) -> None:
        self._shared = shared
        self._random = random
        self._bus: Bus | None = None
        self._local = {name: Lru(limits.CACHE_LOCAL_BYTES) for name in KINDS}
        self._flights: dict[str, Flight] = {}
        self._untold: dict[str, float] = {}
        """Shared keys that Redis has not been told of, and until when that matters."""
        self._away_until = 0.0
        self._decoders: dict[object, msgspec.msgpack.Decoder[Any]] = {}
        self.counts = {name: Counts() for name in KINDS}

    async def follow(self, bus: Bus) -> Callable[[], Awaitable[None]]:
        """Tell the other processes of changes here, and hear of theirs, until the answer is called."""
        end = await bus.subscribe(CHANNEL, self._heard)
        self._bus = bus

        async def leave() -> None:
            self._bus = None
            await end()

        return leave

    # --- reading

    async def read(self, key: str, type_: type[T], load: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `load` would answer, but for what has changed since so long ago as the key's kind says. What is raised
        is never kept, nor is None but where the kind says so. Raises as `load`; Unavailable only where no copy may be
        served instead."""
        kind, now = kind_of(key), self._now()
        kept = self._local[kind.name].get(key, now)
        if kept is not None and now < kept.fresh_until:
            return self._answer(kind, "hit", kept.value, type_)
        if kept is not None and now < self._away_until:
            return self._answer(kind, "stale", kept.value, type_)
        try:
            outcome, value = await self._joined(key, kind, type_, load)
        except Unavailable:
            if kept is not None:
                self._away_until = self._now() + limits.CACHE_AWAY_S
                return self._answer(kind, "stale", kept.value, type_)
            self.counts[kind.name].errors += 1
            raise
        return self._answer(kind, outcome, value, type_)

    async def _joined(
        self, key: str, kind: Kind, type_: type[T], load: Callable[[], Awaitable[T | None]]
    ) -> tuple[Outcome, bytes | None]:
        """Read it, or wait for whoever has just begun to; when that one gives up, somebody else does it. What comes of
        a reading that began longer ago than a copy may live would be too old."""
        began = self._now()
        while (other := self._flights.get(key)) is not None and began - other.began < limits.CACHE_LOCAL_S:
            await asyncio.wait([other.value])
            if not other.value.cancelled():
                return "hit", other.value.result()
        flight = self._flights[key] = Flight(self._now(), asyncio.get_running_loop().create_future())
        try:
            return await self._found(key, kind, type_, load, flight)
        except MeetError as error:
            flight.value.set_exception(error)
            flight.value.exception()  # nobody need wait for it
            raise
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            flight.value.cancel()  # unless it is there: somebody else reads it then

    async def _found(
        self, key: str, kind: Kind, type_: type[T], load: Callable[[], Awaitable[T | None]], flight: Flight
    ) -> tuple[Outcome, bytes | None]:
        outcome: Outcome = "hit"
        value = await self._from_others(key, type_) if kind.shared_s else None
        if value is None:
            outcome, loaded = "miss", await load()
            value = None if loaded is None and not kind.keeps_absence else msgspec.msgpack.encode(loaded)
        flight.value.set_result(value)
        is_changed = self._flights.get(key) is not flight
        if value is None or is_changed or self._now() - flight.began >= limits.CACHE_LOAD_S:
            return outcome, value
        self._keep(key, kind, value, flight.began)
        if kind.shared_s and outcome == "miss":
            await self._shared.add(key, value, kind.shared_s * self._random.uniform(0.9, 1.0))
        return outcome, value

    async def _from_others(self, key: str, type_: type[T]) -> bytes | None:
        """What they share, unless a process of another version meant something else by it."""
        value = await self._shared.get(key)
        try:
            return None if value is None or self._decoded(value, type_) is None else value
        except (msgspec.DecodeError, UnicodeError):
            return None

    def _keep(self, key: str, kind: Kind, value: bytes, began: float) -> None:
        fresh_until = began + limits.CACHE_LOCAL_S * self._random.uniform(0.8, 1.0)
        self._local[kind.name].put(key, Kept(value, fresh_until, fresh_until + kind.stale_s))

    def _answer(self, kind: Kind, outcome: Outcome, value: bytes | None, type_: type[T]) -> T | None:
        counts = self.counts[kind.name]
        setattr(counts, outcome, getattr(counts, outcome) + 1)
        outcomes = OUTCOMES.get()
        if outcomes is not None:
            outcomes[kind.name] = outcome
        return None if value is None else self._decoded(value, type_)

    def _decoded(self, value: bytes, type_: type[T]) -> T | None:
        if type_ not in self._decoders:
            self._decoders[type_] = msgspec.msgpack.Decoder(type_ | None)
        return cast("T | None", self._decoders[type_].decode(value))

    # --- told, not read

    async def publish(self, key: str, value: object) -> None:
        """For what no database holds: what `read` finds from now on, for its kind's `shared_s`."""
        await self._shared.put(key, msgspec.msgpack.encode(value), kind_of(key).shared_s)

    # --- changed

    async def forget(self, changed: Collection[str]) -> None:
        """Each copy of what is behind these keys, here at once, elsewhere as soon as the bus has said it. On return the
        shared ones are gone too, if Redis answers; else `keep_telling` sees to it. Never raises."""
        self._forget_here(changed)
        shared = [key for key in changed if kind_of(key).shared_s]
        if shared and not await self._shared.forget(shared):
            self._note_untold(shared)
        self._forget_here(shared)  # again: who asked meanwhile may have got what was shared until now
        if self._bus is not None:
            await self._bus.publish(CHANNEL, msgspec.msgpack.encode(sorted(changed)))

    async def keep_telling(self) -> None:
        """For ever: a Redis that was away when something changed still has what was before."""
        while True:
            await asyncio.sleep(limits.CACHE_AWAY_S)
            for key, until in list(self._untold.items()):
                if until <= self._now() or await self._shared.forget([key]):
                    self._untold.pop(key, None)

    def _note_untold(self, changed: Collection[str]) -> None:
        for key in changed:
            self._untold.pop(key, None)
            self._untold[key] = self._now() + kind_of(key).shared_s
        while len(self._untold) > limits.CACHE_UNTOLD_KEYS:
            del self._untold[next(iter(self._untold))]

    def _forget_here(self, changed: Collection[str]) -> None:
        for key in changed:
            kind, _, id_ = key.partition(":")
            if id_ == EVERY:
                self._local[kind].clear()
                for flying in [other for other in self._flights if other.startswith(f"{kind}:")]:
                    del self._flights[flying]
            else:
                self._local[kind].drop(key)
                self._flights.pop(key, None)

    def _heard(self, message: bytes) -> None:
        """A shard of another version may name kinds that are not here."""
        try:
            told = msgspec.msgpack.decode(message, type=list[str])
        except (msgspec.DecodeError, UnicodeError):
            log.warning("action=cache_message_not_read bytes=%d", len(message))
            return
        self._forget_here([key for key in told if key.partition(":")[0] in KINDS])

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
