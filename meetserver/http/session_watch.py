"""Sockets end with the account's session that they were opened by, wherever that was ended: signed out, a token
revoked, the account disabled or gone. The database is asked; nobody has to tell this process.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import LinkId
from meetserver.actors.session import Session
from meetserver.errors import MeetError, Refused, Unauthenticated
from meetserver.ids import RoomId
from meetserver.ports import Rooms
from meetserver.rooms.messages import Leave

log = logging.getLogger(__name__)


class SessionWatch:
    def __init__(self, ended_among: Callable[[Collection[str]], Awaitable[set[str]]], rooms: Rooms) -> None:
        """`ended_among` answers which of these sessions do not stand."""
        self._ended_among = ended_among
        self._rooms = rooms
        self._here: dict[str, dict[LinkId, tuple[EdgeRoom, Session]]] = {}
        self._fresh: set[str] = set()
        self._woken = asyncio.Event()
        self._background = Background()

    def start(self) -> None:
        self._background.start(self._run())

    async def close(self) -> None:
        await self._background.close()

    def add(self, edge: EdgeRoom, session: Session) -> None:
        """A socket that was let in, by a ticket or a resume token: its account's session may have ended meanwhile,
        so that it is looked at at once."""
        if session.hello is None or session.hello.auth_session is None:
            return
        auth_session = session.hello.auth_session
        self._here.setdefault(auth_session, {})[session.link] = (edge, session)
        self._fresh.add(auth_session)
        self._woken.set()

    def remove(self, session: Session) -> None:
        if session.hello is None or session.hello.auth_session is None:
            return
        places = self._here.get(session.hello.auth_session, {})
        places.pop(session.link, None)
        if not places:
            self._here.pop(session.hello.auth_session, None)
            self._fresh.discard(session.hello.auth_session)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_look = loop.time() + limits.SESSION_WATCH_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_look):
                    await self._woken.wait()
            self._woken.clear()
            is_due = loop.time() >= next_look
            looked_at = set(self._here) if is_due else self._fresh
            self._fresh = set()
            await self._look(looked_at)
            if is_due:
                next_look = loop.time() + limits.SESSION_WATCH_S

    async def _look(self, auth_sessions: Collection[str]) -> None:
        try:
            ended = await self._ended_among(auth_sessions)
        except MeetError as error:  # nobody is thrown out for the database's sake; the next look is soon
            log.warning("action=sessions_not_looked_at count=%d error=%s", len(auth_sessions), error)
            return
        for auth_session in ended:
            for edge, session in list(self._here.get(auth_session, {}).values()):
                self._end(edge, session)

    def _end(self, edge: EdgeRoom, session: Session) -> None:
        """The socket first, then the place in the room: there is no window to resume in."""
        assert session.hello is not None
        edge.closed(session.link, Unauthenticated("the account's session has ended").refusal)
        self._background.start(self._leave(edge.room, Leave(session.hello.participant, "signed_out")))

    async def _leave(self, room: RoomId, leave: Leave) -> None:
        try:
            await self._rooms.ask(room, leave)
        except Refused as error:  # it has left, or the room cannot just now: who resumes is looked at again
            log.info("action=signed_out_not_left room=%s error=%s", room, error)
