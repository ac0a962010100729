"""ports.SecurityLog on the database. Events of one process are written together, by one task at a time; between
processes the numbers decide: whoever comes second finds its number taken, and links its events to the new end.
"""

import asyncio
import logging
from collections import deque
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from meetserver import limits
from meetserver.audit import store
from meetserver.audit.chain import Link, canonical, chained
from meetserver.database import Database
from meetserver.errors import Busy, MeetError, Unavailable
from meetserver.ports import Clock, Origin, SecurityEventType

log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    link: Link
    """Without its number and what it follows."""
    done: "asyncio.Future[None]"


class SqlSecurityLog:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._head: tuple[int, bytes] | None = None
        self._task: asyncio.Task[None] | None = None

    async def record(
        self, type_: SecurityEventType, origin: Origin, *, actor: str | None, subject: str = "", **data: str | int
    ) -> None:
        """As the port has it. What is longer than limits.SECURITY_TEXT_CHARS is cut."""
        if len(self._waiting) >= limits.SECURITY_QUEUE:
            raise Busy("the security log does not keep up", retry_after_s=1)
        link = _link(self._clock.now(), type_, origin, actor or "", subject, data)
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(link, done))
        if self._task is None:
            # It starts in the loop's next turn, so that what this turn records goes along.
            self._task = asyncio.create_task(self._write(), name="security log")
        await done

    async def close(self) -> None:
        """Return when all that was taken is written."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _write(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), limits.SECURITY_BATCH)
                await self._write_batch([self._waiting.popleft() for _ in range(count)])
        finally:
            self._task = None

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        is_written = False
        try:
            for link in await self._append([waiting.link for waiting in batch]):
                _tell_operators(link)
            is_written = True
        except Exception as error:
            self._head = None  # they may be written all the same
            is_expected = isinstance(error, MeetError)
            log.error('action=security_log_failed events=%d error="%s"', len(batch), error, exc_info=not is_expected)
        for waiting in batch:
            if waiting.done.done():
                continue  # whoever waited for it was cancelled
            if is_written:
                waiting.done.set_result(None)
            else:
                waiting.done.set_exception(Unavailable("the security log cannot be written"))

    async def _append(self, events: list[Link]) -> list[Link]:
        """The events as they were written. Raises Unavailable."""
        for _ in range(limits.SECURITY_ATTEMPTS):
            seq, last = self._head or await store.head(self._database)
            links = chained(events, seq, last)
            try:
                await store.append(self._database, links)
            except IntegrityError:  # another process was quicker
                self._head = None
                continue
            self._head = (links[-1].seq, links[-1].hash)
            return links
        raise Unavailable("the security log is too busy")


def _link(
    at: datetime, type_: SecurityEventType, origin: Origin, actor: str, subject: str, data: dict[str, str | int]
) -> Link:
    clean = {name: _clean(value) if isinstance(value, str) else value for name, value in data.items()}
    return Link(
        seq=0,
        at=at,
        type=type_,
        actor=actor,
        subject=_clean(subject),
        address=_clean(origin.address),
        user_agent=_clean(origin.user_agent),
        request_id=_clean(origin.request_id),
        data=canonical(dict(clean)).decode(),
        previous=b"",
    )


def _clean(text: str) -> str:
    """What any database can hold, on one line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limits.SECURITY_TEXT_CHARS])


def _tell_operators(link: Link) -> None:
    log.info(
        "action=security_event type=%s seq=%d actor=%s subject=%s address=%s request_id=%s",
        link.type,
        link.seq,
        link.actor or "-",
        link.subject or "-",
        link.address or "-",
        link.request_id or "-",
    )
