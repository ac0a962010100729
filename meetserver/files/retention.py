"""How long files are kept: so many days by the server's setting, or fewer by their meeting's; else as it is."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from meetserver import limits
from meetserver.database import Database
from meetserver.files import retention_store, store
from meetserver.ids import MeetingId
from meetserver.ports import Clock

EXPIRE = "files.expire"


class Retention:
    """`server_days`: of the setting; 0: none."""

    def __init__(self, server_days: int, database: Database, clock: Clock) -> None:
        self._server_days = server_days
        self._database = database
        self._clock = clock

    def expires_at(self, created_at: datetime, settings: Mapping[str, Any]) -> datetime | None:
        """When a file of a meeting with these settings goes; None: with its meeting."""
        days = [days for days in (self._server_days, settings.get(retention_store.SETTING)) if days]
        return created_at + timedelta(days=min(days)) if days else None

    async def run(self, _: object = None) -> None:
        """Delete what is too old, as people delete files: its bytes go by the sweep, a day later."""
        now = self._clock.now()
        if self._server_days:
            await self._delete(now, self._server_days)
        after = ""
        while meetings := await retention_store.meetings_with_days(self._database, after, limits.SWEEP_ROWS):
            by_days: dict[int, list[MeetingId]] = defaultdict(list)
            for id_, days in meetings:
                by_days[days].append(id_)
            for days, ids in by_days.items():
                await self._delete(now, days, ids)
            after = meetings[-1][0]

    async def _delete(self, now: datetime, days: int, meetings: list[MeetingId] | None = None) -> None:
        old = store.made_until(now - timedelta(days=days), meetings)
        while await self._database.run(partial(store.mark_deleted, which=old, now=now, limit=limits.SWEEP_ROWS)):
            pass
