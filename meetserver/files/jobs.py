"""What is done about files by and by: those that were deleted leave the store, and what uploads left behind does; those
that nobody could look at for viruses are looked at."""

import logging
from datetime import timedelta
from functools import partial

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import BadFile, NotFound, SealBroken
from meetserver.files import store, upload_store
from meetserver.files.findings import Findings
from meetserver.files.inspection import Inspection
from meetserver.files.parts import delete_parts
from meetserver.files.store import File
from meetserver.files.uploads import about
from meetserver.ports import BlobStore, Clock, Sealer

log = logging.getLogger(__name__)

SWEEP = "files.sweep"
SCAN_HELD = "files.scan_held"


class HeldFiles:
    """Those that nobody could look at for viruses when they came."""

    def __init__(self, database: Database, sealer: Sealer, inspection: Inspection, findings: Findings) -> None:
        self._database = database
        self._sealer = sealer
        self._inspection = inspection
        self._findings = findings

    async def run(self, _: object = None) -> None:
        """Each that is held; one that cannot be read keeps no other from being looked at."""
        after = ""
        while files := await store.held(self._database, after, limits.SWEEP_ROWS):
            for file in files:
                try:
                    await self._inspect(file)
                except (NotFound, SealBroken) as error:
                    log.error("action=file_broken file=%s error=%s", file.id, error)
            after = files[-1].id

    async def _inspect(self, file: File) -> None:
        content = await store.read_content(self._database, file.content_id)
        if content is None:
            return
        key = self._sealer.unseal(content.key, about(content.id))
        try:
            is_held = await self._inspection.is_to_be_held(content.id, key, content.parts)
        except BadFile:
            await self._findings.take_away(file)
            return
        if not is_held:
            await store.give_out(self._database, file.id)


class Sweeper:
    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def run(self, _: object = None) -> None:
        """Safe to be done again, and by several at once: contents' rows go after their blobs, which are nobody else's;
        what an upload leaves when this process dies behind its row is an orphan."""
        await self._uploads()
        now = self._clock.now()
        left = partial(store.mark_deleted, which=store.LEFT_BEHIND, now=now, limit=limits.SWEEP_ROWS)
        while await self._database.run(left):
            pass
        before = now - timedelta(seconds=limits.FILE_DELETED_S)
        while await self._database.run(partial(store.forget_deleted, before=before, limit=limits.SWEEP_ROWS)):
            pass
        while doomed := await store.doomed(self._database, limits.SWEEP_ROWS):
            for content in doomed:
                await delete_parts(self._blobs, content.id)
                await store.forget_content(self._database, content.id)
        await self._blobs.sweep(before)

    async def _uploads(self) -> None:
        while ids := await upload_store.expired(self._database, self._clock.now(), limits.SWEEP_ROWS):
            for id_ in ids:  # the row first: one that becomes a file in this very moment keeps what it has
                if await self._database.run(partial(upload_store.delete_upload, id_=id_)):
                    await delete_parts(self._blobs, id_)
