"""Events on their way from the socket to whoever iterates over them: bounded, in order."""

import asyncio
from collections import deque

from meetserver.client.frames import DurableEvent, EphemeralEvent, RoomEvent

EVENTS = 10_000


class FeedFull(Exception):
    """A durable event has no place; whoever iterates is behind."""


class Feed:
    """A bounded queue. A full one skips ephemeral events and refuses durable ones with FeedFull."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._events: deque[RoomEvent] = deque()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._is_closed = False
        self._error: Exception | None = None

    def put(self, event: RoomEvent) -> None:
        """Raises FeedFull."""
        if len(self._events) >= self._size:
            if isinstance(event, EphemeralEvent):
                return
            if isinstance(event, DurableEvent):
                raise FeedFull
        self._events.append(event)
        self._changed.set()

    async def take(self) -> RoomEvent | None:
        """The next event; None once the feed is closed and empty. Raises what it was closed with."""
        while not self._events:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        event = self._events.popleft()
        self._taken.set()
        return event

    async def has_room(self) -> None:
        """Return when the feed is half empty or closed."""
        while len(self._events) > self._size // 2 and not self._is_closed:
            self._taken.clear()
            await self._taken.wait()

    def close(self, error: Exception | None) -> None:
        """No more will come; what is there can still be taken."""
        self._is_closed = True
        self._error = error
        self._changed.set()
        self._taken.set()
