"""Who listens to what, for both buses."""

import logging
from collections.abc import Callable
from typing import TypeAlias

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[bytes], None]


class Subscriptions:
    """Channels with their handlers. The same handler may be there twice, and is then called twice."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[Handler, ...]] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._handlers

    @property
    def channels(self) -> list[str]:
        return list(self._handlers)

    def add(self, channel: str, handler: Handler) -> None:
        self._handlers[channel] = (*self._handlers.get(channel, ()), handler)

    def remove(self, channel: str, handler: Handler) -> None:
        left = list(self._handlers[channel])
        left.remove(handler)
        if left:
            self._handlers[channel] = tuple(left)
        else:
            del self._handlers[channel]

    def clear(self) -> None:
        self._handlers.clear()

    def deliver(self, channel: str, message: bytes) -> None:
        """One handler's error is not its neighbours'."""
        for handler in self._handlers.get(channel, ()):
            try:
                handler(message)
            except Exception:
                log.exception('action="bus handler failed" channel=%s', channel)
