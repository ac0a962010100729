"""A bounded queue that serves its senders in turn, so that nobody waits for more than one of each other's messages.

What one sender says stays in its order. What was taken back comes first, before everybody's turn, in its own order.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """`sender_of` names whose turn an item takes, `most_of` how many of a sender may wait. All is O(1) an item."""

    def __init__(self, limit: int, sender_of: Callable[[T], str], most_of: Callable[[str], int]) -> None:
        self._limit = limit
        self._sender_of = sender_of
        self._most_of = most_of
        self._first: deque[T] = deque()
        self._waiting: dict[str, deque[T]] = {}
        self._turns: deque[str] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        """What was taken back, then each sender's."""
        yield from self._first
        for waiting in self._waiting.values():
            yield from waiting

    def has_room_for(self, item: T) -> bool:
        """Whether neither the queue nor the share of the item's sender is full."""
        if self._count >= self._limit:
            return False
        sender = self._sender_of(item)
        waiting = self._waiting.get(sender)
        return waiting is None or len(waiting) < self._most_of(sender)

    def put(self, item: T) -> None:
        """Behind what its sender has said. The caller has asked `has_room_for`, or knows another bound."""
        sender = self._sender_of(item)
        waiting = self._waiting.get(sender)
        if waiting is None:
            waiting = self._waiting[sender] = deque()
            self._turns.append(sender)
        waiting.append(item)
        self._count += 1

    def put_first(self, items: Iterable[T]) -> None:
        """Before all that waits, in this order: what was taken and comes back."""
        before = len(self._first)
        self._first.extendleft(reversed(list(items)))
        self._count += len(self._first) - before

    def peek(self) -> T:
        """What `take` would answer. Raises IndexError when there is nothing."""
        return self._first[0] if self._first else self._waiting[self._turns[0]][0]

    def take(self) -> T:
        """The next item; its sender's next turn comes after all others'. Raises IndexError when there is none."""
        if self._first:
            self._count -= 1
            return self._first.popleft()
        sender = self._turns.popleft()
        waiting = self._waiting[sender]
        if len(waiting) > 1:
            self._turns.append(sender)
        else:
            del self._waiting[sender]
        self._count -= 1
        return waiting.popleft()

    def clear(self) -> None:
        self._first.clear()
        self._waiting.clear()
        self._turns.clear()
        self._count = 0
