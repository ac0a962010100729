"""The newest frames of a room at its edge, for those who are a little behind."""

from bisect import bisect_left
from collections import deque
from datetime import timedelta

from meetserver import limits
from meetserver.actors.envelopes import LiveFrame

_AGE = timedelta(seconds=limits.EDGE_EVENTS_AGE_S)


class Ring:
    """Frames of rising seq without a gap, at most EDGE_EVENTS of them, none older than EDGE_EVENTS_AGE_S, nor
    than one that erases."""

    def __init__(self) -> None:
        self._frames: deque[LiveFrame] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def append(self, frame: LiveFrame) -> None:
        if frame.erases:
            self._frames.clear()
        self._frames.append(frame)
        while len(self._frames) > limits.EDGE_EVENTS or frame.at - self._frames[0].at > _AGE:
            self._frames.popleft()

    def replace(self, frames: list[LiveFrame]) -> None:
        self._frames.clear()
        for frame in frames:
            self.append(frame)

    def has(self, seq: int) -> bool:
        return bool(self._frames) and self._frames[0].seq <= seq <= self._frames[-1].seq

    def after(self, seq: int, limit: int) -> list[LiveFrame]:
        """At most `limit` frames after `seq`, which is in the ring or just before it."""
        start = bisect_left(self._frames, seq + 1, key=lambda frame: frame.seq)
        return [self._frames[index] for index in range(start, min(start + limit, len(self._frames)))]
