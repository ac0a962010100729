"""What an account has among the files: those that it brought, wherever."""

from collections.abc import Mapping
from functools import partial

from meetserver import limits
from meetserver.database import Database
from meetserver.files import store
from meetserver.ids import UserId
from meetserver.ports import Clock
from meetserver.wire import timestamp


class FileEraser:
    """ports.Eraser. Files leave the store by the sweep, soon after."""

    name = "files"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def erase(self, user: UserId) -> Mapping[str, int]:
        own, now = store.of_uploader(user), self._clock.now()
        deleted = 0
        while gone := await self._database.run(
            partial(store.mark_deleted, which=own, now=now, limit=limits.SWEEP_ROWS)
        ):
            deleted += gone
        return {"files": deleted}

    async def export(self, user: UserId) -> Mapping[str, object]:
        brought = []
        before = None
        while page := await store.page_of_uploader(self._database, user, limits.PAGE_ITEMS, before):
            brought += page
            before = page[-1].created_at, page[-1].id
        return {
            "brought": [
                {
                    "id": file.id,
                    "meeting_id": file.meeting_id,
                    "name": file.name,
                    "media_type": file.media_type,
                    "size_bytes": file.size_bytes,
                    "created_at": timestamp(file.created_at),
                }
                for file in brought
            ]
        }
