"""Files of meetings: found, read, deleted. Who may do what is the caller's to know."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import partial

from meetserver import limits
from meetserver.cursors import read_cursor, write_cursor
from meetserver.database import Database
from meetserver.errors import MeetError, NotFound, Unavailable
from meetserver.files import store
from meetserver.files.parts import read_parts, read_thumbnail
from meetserver.files.store import Content, File
from meetserver.files.uploads import about
from meetserver.ids import MeetingId
from meetserver.ports import BlobStore, Clock, Sealer


class Files:
    def __init__(self, database: Database, blobs: BlobStore, sealer: Sealer, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._clock = clock

    async def look_up(self, id_: str) -> File | None:
        return await store.read_file(self._database, id_)

    async def find(self, id_: str) -> File:
        """Raises NotFound."""
        found = await self.look_up(id_)
        if found is None:
            raise NotFound("there is no such file")
        return found

    async def page(self, meeting: MeetingId, limit: int, cursor: str | None) -> tuple[list[File], str | None]:
        """A meeting's, newest first, and the cursor of the next page. Raises BadMessage."""
        before = None if cursor is None else read_cursor(cursor)
        found = await store.page_of_meeting(self._database, meeting, limit + 1, before)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], write_cursor(last.created_at, last.id)

    async def delete(self, id_: str) -> None:
        """Nobody finds it from now on; its bytes go later. Raises NotFound."""
        delete = partial(store.mark_deleted, which=store.of_id(id_), now=self._clock.now())
        if not await self._database.run(delete):
            raise NotFound("there is no such file")

    async def thumbnail(self, file: File, px: int) -> tuple[bytes, str]:
        """Of an image, at most `px` high and wide, in WebP; and what it is known by. Raises NotFound, also where there
        is none of that size, SealBroken, Unavailable."""
        content, key = await self.content(file)
        for thumbnail in content.thumbnails:
            if thumbnail.px == px:
                return await read_thumbnail(self._blobs, content.id, key, thumbnail), thumbnail.blob
        raise NotFound("there is no such thumbnail")

    async def thumbnails(
        self, meeting: MeetingId, ids: Collection[str], px: int
    ) -> AsyncGenerator[tuple[str, bytes], None]:
        """As `thumbnail`, with its id, of each of these, whatever texts they are, that is an image of this meeting and
        can be had now."""
        files = await store.read_files(self._database, list(filter(store.is_storable, ids)))
        shown = (file for file in files if file.meeting_id == meeting and not (file.is_held or file.by_message))
        wanted = {str(file.id): file for file in shown}
        found = await store.read_contents(self._database, {file.content_id for file in wanted.values()})
        contents = {content.id: content for content in found}
        for id_ in filter(wanted.__contains__, ids):
            try:
                image = await self._read_thumbnail(contents[wanted[id_].content_id], px)
            except (KeyError, MeetError):
                continue
            yield id_, image

    async def _read_thumbnail(self, content: Content, px: int) -> bytes:
        for thumbnail in content.thumbnails:
            if thumbnail.px == px:
                key = self._sealer.unseal(content.key, about(content.id))
                return await read_thumbnail(self._blobs, content.id, key, thumbnail)
        raise NotFound("there is no such thumbnail")

    async def read(self, file: File, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to, without, `end`, which are inside the file. Raises NotFound, SealBroken,
        Unavailable."""
        content, key = await self.content(file)
        async with aclosing(read_parts(self._blobs, content.id, key, content.parts, start, end)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def content(self, file: File) -> tuple[Content, bytes]:
        """What it consists of, and the key of that. Raises NotFound, Unavailable while it is held."""
        if file.is_held:
            raise Unavailable("nobody could look at it for viruses yet", retry_after_s=limits.SCAN_HELD_S)
        content = await store.read_content(self._database, file.content_id)
        if content is None:
            raise NotFound("there is no such file")
        return content, self._sealer.unseal(content.key, about(content.id))
