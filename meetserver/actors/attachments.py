"""Which session is connected through which link of which edge, and since when the others are away."""

import asyncio
from collections.abc import Callable

from msgspec import Struct

from meetserver.actors.envelopes import Edge, Generation, LinkId
from meetserver.ids import SessionId


class Attachment(Struct, frozen=True):
    edge: Edge
    link: LinkId
    generation: Generation

    def is_same_link_as(self, other: "Attachment") -> bool:
        """Also over an edge that was lost and found: a generation is given out once."""
        return self.generation == other.generation or self.is_through(other.edge, other.link)

    def is_through(self, edge: Edge, link: LinkId) -> bool:
        return self.edge is edge and self.link == link


class Attachments:
    """An edge is known as long as a session is attached through it; edges and sessions stand in the order in which they
    came."""

    def __init__(self) -> None:
        self._attached: dict[SessionId, Attachment] = {}
        self._edges: dict[int, tuple[Edge, dict[SessionId, None]]] = {}
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

    def sessions_through(self, edge: Edge) -> list[SessionId]:
        return list(self._edges[id(edge)][1]) if id(edge) in self._edges else []

    def add(self, session: SessionId, attachment: Attachment) -> None:
        """In the place of the session's former attachment, if it has one."""
        self.end_absence(session)
        edge = attachment.edge
        self._edges.setdefault(id(edge), (edge, {}))[1][session] = None
        before = self._attached.get(session)
        if before is not None and before.edge is not edge:
            self._forget(session, before.edge)
        self._attached[session] = attachment

    def remove(self, session: SessionId) -> Attachment | None:
        attachment = self._attached.pop(session, None)
        if attachment is not None:
            self._forget(session, attachment.edge)
        return attachment

    def _forget(self, session: SessionId, edge: Edge) -> None:
        sessions = self._edges[id(edge)][1]
        del sessions[session]
        if not sessions:
            del self._edges[id(edge)]

    def begin_absence(self, session: SessionId, window_s: float, over: Callable[[SessionId, int], None]) -> int:
        """`over(session, absence)` is called when the window ends, unless the absence ended before. Answers its
        number."""
        self.end_absence(session)
        self._absence += 1
        timer = asyncio.get_running_loop().call_later(window_s, over, session, self._absence)
        self._absences[session] = (self._absence, timer)
        return self._absence

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
