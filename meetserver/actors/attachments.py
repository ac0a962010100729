"""Which session is connected through which link of which edge, and since when the others are away."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from meetserver.actors.envelopes import Edge, LinkId
from meetserver.ids import SessionId


class Attachment(Struct, frozen=True):
    edge: Edge
    link: LinkId


class Attachments:
    def __init__(self) -> None:
        self._attached: dict[SessionId, Attachment] = {}
        self._edges: dict[int, tuple[Edge, int]] = {}
        self._absences: dict[SessionId, tuple[int, asyncio.TimerHandle]] = {}
        self._absence = 0
        self._idle: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._attached)

    def get(self, session: SessionId) -> Attachment | None:
        return self._attached.get(session)

    def sessions(self) -> list[SessionId]:
        return list(self._attached)

    def edges(self) -> list[Edge]:
        return [edge for edge, _ in self._edges.values()]

    def has_edge(self, edge: Edge) -> bool:
        return id(edge) in self._edges

    def add(self, session: SessionId, edge: Edge, link: LinkId) -> None:
        self.end_absence(session)
        self.remove(session)
        self._attached[session] = Attachment(edge, link)
        _, count = self._edges.get(id(edge), (edge, 0))
        self._edges[id(edge)] = (edge, count + 1)

    def remove(self, session: SessionId) -> Attachment | None:
        attachment = self._attached.pop(session, None)
        if attachment is None:
            return None
        edge, count = self._edges.pop(id(attachment.edge))
        if count > 1:
            self._edges[id(edge)] = (edge, count - 1)
        return attachment

    def begin_absence(self, session: SessionId, window_s: float, over: Callable[[SessionId, int], None]) -> None:
        """`over(session, absence)` is called when the window ends, unless the absence ended before."""
        self.end_absence(session)
        self._absence += 1
        timer = asyncio.get_running_loop().call_later(window_s, over, session, self._absence)
        self._absences[session] = (self._absence, timer)

    def end_absence(self, session: SessionId) -> None:
        if (absence := self._absences.pop(session, None)) is not None:
            absence[1].cancel()

    def is_absent(self, session: SessionId, absence: int) -> bool:
        return session in self._absences and self._absences[session][0] == absence

    def begin_idle(self, idle_s: float, over: Callable[[], None]) -> None:
        """`over()` after this long, unless it ends before; one that runs goes on."""

        def is_over() -> None:
            self._idle = None
            over()

        if self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(idle_s, is_over)

    def end_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def close(self) -> None:
        self.end_idle()
        for _, timer in self._absences.values():
            timer.cancel()
        self._absences.clear()
