"""What clients have put into the store is taken in: the same intake as of every upload, with bytes from there.

One process does it at a time, a few files at once. Where it dies another goes on with the part that comes next.
"""

import asyncio
import logging
from contextlib import aclosing
from datetime import timedelta

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import Busy, Conflict, Refusal, Refused
from meetserver.files import direct_store
from meetserver.files.direct import STAGED
from meetserver.files.parts import blob_name, delete_parts
from meetserver.files.upload_store import Upload
from meetserver.files.uploads import Uploads
from meetserver.ports import BlobStore, Clock

log = logging.getLogger(__name__)

TAKE_IN = "files.take_in"


class DirectIntake:
    def __init__(self, database: Database, blobs: BlobStore, uploads: Uploads, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._uploads = uploads
        self._clock = clock

    async def run(self, _: object = None) -> None:
        """All that waits for it, each once: what fails for now waits for the next run."""
        tried: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                running = [task for task in tried.values() if not task.done()]
                free = limits.DIRECT_INTAKES - len(running)
                for id_ in await direct_store.to_take_in(self._database, tried, self._clock.now(), free):
                    tried[id_] = group.create_task(self._take_in(id_))
                    running.append(tried[id_])
                if not running:
                    return
                await asyncio.wait(running, timeout=limits.DIRECT_LOOK_S, return_when=asyncio.FIRST_COMPLETED)

    async def _take_in(self, id_: str) -> None:
        try:
            await self._try_to(id_)
        except Refused as error:
            if error.temporary:
                log.warning("action=not_taken_in upload=%s error=%s", id_, error)
            else:
                await self._refuse(id_, error.refusal)
        except Exception:
            log.exception("action=not_taken_in upload=%s", id_)

    async def _try_to(self, id_: str) -> None:
        upload = await self._uploads.look_up(id_)
        if upload is None or upload.direct != "taking_in":
            return
        file = await self._uploads.try_to_finish(await self._read(upload))
        if file.content_id == id_:
            await self._blobs.delete(blob_name(id_, STAGED))

    async def _read(self, upload: Upload) -> Upload:
        """With all of what was put there. Raises as Uploads.append does."""
        if upload.offset_bytes == upload.size_bytes:
            return upload
        staged = self._blobs.get(blob_name(upload.id, STAGED), upload.offset_bytes)
        async with aclosing(staged) as chunks:
            try:
                return await self._uploads.append(upload, upload.offset_bytes, chunks)
            except Conflict as error:
                raise Busy("another process takes it in") from error

    async def _refuse(self, id_: str, why: Refusal) -> None:
        expires_at = self._clock.now() + timedelta(seconds=limits.DIRECT_UPLOAD_LIFE_S)
        if await direct_store.refuse(self._database, id_, "taking_in", why, expires_at):
            await delete_parts(self._blobs, id_)
