"""Files on their way in, in one request or in many: whole in the end, or nothing.

Each has a row from its beginning, so that what a process that died left in the store is known and swept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, NotFound, Refused, TooLarge
from meetserver.files import store, upload_store
from meetserver.files.inspection import Inspection
from meetserver.files.intake import Intake, Summary, Taken
from meetserver.files.kinds import recognize
from meetserver.files.names import shown_name
from meetserver.files.parts import Part, Thumbnail, blob_name, delete_parts, read_parts
from meetserver.files.pictures import Pictures
from meetserver.files.quota import Quota
from meetserver.files.store import Content, File
from meetserver.files.upload_store import Direct, Upload
from meetserver.ids import FileId, MeetingId, UserId
from meetserver.ports import BlobStore, Clock, ImageMaker, Random, Sealer


class Place(Struct, frozen=True):
    """Where a file comes to, who brings it, and in whose quota it counts."""

    meeting: MeetingId
    uploader: str
    owner: UserId


class Claim(Struct, frozen=True):
    """What the uploader says that it is. `size_bytes`: None where nothing was said; `for_chat`: to be sent in a
    message, and until then nobody else's."""

    name: str
    media_type: str
    size_bytes: int | None = None
    for_chat: bool = False


class Uploads:
    def __init__(
        self,
        config: Config,
        database: Database,
        blobs: BlobStore,
        sealer: Sealer,
        clock: Clock,
        random: Random,
        images: ImageMaker,
        inspection: Inspection,
    ) -> None:
        self._pictures = Pictures(blobs, images, random)
        self._inspection = inspection
        self._quota = Quota(config, blobs)
        # Whoever counts, counts in the same rows: at once they would make each other begin again, and again.
        self._turn = asyncio.Lock()
        self._config = config
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._clock = clock
        self._random = random

    async def take(self, place: Place, claim: Claim, chunks: AsyncIterator[bytes]) -> File:
        """A file in one go. Raises TooLarge, BadFile for what is not what it says, Conflict or StorageFull where it
        does not fit, Unavailable, and whatever `chunks` raises."""
        begun = await self.begin(place, claim)
        try:
            upload, taken = await self._append(begun, chunks, self._config.file_max_bytes)
            return await self._finish(upload, taken)
        except BaseException:
            await self.discard(begun)
            raise

    # --- in many requests

    async def begin(self, place: Place, claim: Claim, direct: Direct | None = None) -> Upload:
        """Raises TooLarge, Conflict, StorageFull."""
        if claim.size_bytes is not None and claim.size_bytes > self._config.file_max_bytes:
            raise TooLarge(f"a file may have {self._config.file_max_bytes} bytes here")
        await self._quota.check_disk(claim.size_bytes or 0)
        now, id_ = self._clock.now(), self._random.id()
        begun = Upload(
            id=id_,
            meeting_id=place.meeting,
            owner_id=place.owner,
            uploader=place.uploader,
            name=shown_name(claim.name),
            media_type="".join(filter(str.isprintable, claim.media_type))[: limits.FILE_NAME_BYTES],
            size_bytes=claim.size_bytes,
            offset_bytes=0,
            parts=[],
            key=self._sealer.seal(AESGCM.generate_key(256), about(id_)),
            created_at=now,
            expires_at=now + timedelta(seconds=limits.UPLOAD_LIFE_S),
            direct=direct,
            by_message=claim.for_chat,
        )

        async def insert(connection: AsyncConnection) -> None:
            if await upload_store.count_of(connection, place.owner, place.uploader) >= limits.UPLOADS_PER_USER:
                raise Conflict(f"one person may have {limits.UPLOADS_PER_USER} uploads under way")
            await self._quota.check(connection, place.owner, place.meeting, claim.size_bytes or 0)
            await upload_store.insert_upload(connection, begun)

        async with self._turn:
            await self._database.run(insert)
        return begun

    async def look_up(self, id_: str) -> Upload | None:
        """None also when it has run out."""
        return await upload_store.read_upload(self._database, id_, self._clock.now())

    async def append(
        self, upload: Upload, offset: int, chunks: AsyncIterator[bytes], check: Callable[[], None] | None = None
    ) -> Upload:
        """What comes is kept part by part, so that what came before a line broke need not come again; with `check`,
        which is called when all has come, only if that does not raise. Raises Conflict when `offset` is not where it
        stands or somebody else adds to it, TooLarge above the size that was said, BadMessage after too many pieces."""
        assert upload.size_bytes is not None
        if offset != upload.offset_bytes:
            raise Conflict(f"the upload stands at {upload.offset_bytes}")
        if len(upload.parts) >= limits.UPLOAD_PIECES + offset // limits.FILE_PART_BYTES:
            raise BadMessage(f"an upload may come in {limits.UPLOAD_PIECES} pieces: begin anew with larger ones")
        after, _ = await self._append(upload, chunks, upload.size_bytes - offset, check)
        return after

    async def finish(self, upload: Upload) -> File:
        """The file, as by `try_to_finish`. What is raised ends the upload, unless it is temporary: then it can be asked
        for again."""
        try:
            return await self.try_to_finish(upload)
        except Refused as error:
            if not error.temporary and upload.offset_bytes == upload.size_bytes:
                await self.discard(upload)
            raise

    async def try_to_finish(self, upload: Upload) -> File:
        """The file, once all of it is there; it has the upload's id. Raises BadMessage before that, and as `take` does:
        the upload is then as it was."""
        if upload.offset_bytes != upload.size_bytes:
            raise BadMessage(f"the upload stands at {upload.offset_bytes} of {upload.size_bytes}")
        return await self._finish(upload, await self._summary(upload))

    async def discard(self, upload: Upload) -> None:
        """Unless it has become a file, or somebody else does so: then what is in the store is theirs."""
        if await self._database.run(lambda connection: upload_store.delete_upload(connection, upload.id)):
            await delete_parts(self._blobs, upload.id)

    async def _append(
        self,
        upload: Upload,
        chunks: AsyncIterator[bytes],
        most_bytes: int,
        check: Callable[[], None] | None = None,
    ) -> tuple[Upload, Taken]:
        intake = Intake(self._blobs, self._random, upload.id, self._key_of(upload), len(upload.parts))
        counted, stored = upload, list[Part]()

        async def count() -> None:
            nonlocal counted, stored
            counted, stored = await self._advance(counted, stored), []

        async def on_part(part: Part) -> None:
            stored.append(part)
            await self._quota.check_disk()
            if check is None:
                await count()

        try:
            await intake.take(chunks, most_bytes, on_part)
            if check is not None:
                check()
                await count()
        except BaseException:
            for part in stored:
                await self._blobs.delete(blob_name(upload.id, part))
            raise
        return counted, intake.summary.taken()

    async def _advance(self, before: Upload, more: Sequence[Part]) -> Upload:
        """Raises Conflict."""
        after = replace(
            before,
            parts=[*before.parts, *more],
            offset_bytes=before.offset_bytes + sum(part.bytes for part in more),
            expires_at=self._clock.now() + timedelta(seconds=limits.UPLOAD_LIFE_S),
        )
        if not await upload_store.advance(self._database, before, after):
            raise Conflict("somebody else adds to this upload")
        return after

    def _key_of(self, upload: Upload) -> bytes:
        return self._sealer.unseal(upload.key, about(upload.id))

    async def _summary(self, upload: Upload) -> Taken:
        summary = Summary()
        parts = read_parts(self._blobs, upload.id, self._key_of(upload), upload.parts, 0, upload.offset_bytes)
        async with aclosing(parts) as chunks:
            async for chunk in chunks:
                summary.add(chunk)
        return summary.taken()

    async def _finish(self, upload: Upload, taken: Taken) -> File:
        kind, key = recognize(taken.head, taken.tail, upload.name, upload.media_type), self._key_of(upload)
        picture = await self._pictures.remake(upload.id, key, upload.parts) if kind.is_image else None
        sent = upload.parts
        if picture is not None:
            upload, taken = replace(upload, parts=picture.parts), picture.taken
        is_held = await self._inspection.is_to_be_held(upload.id, key, upload.parts)
        file = File(
            id=FileId(upload.id),
            content_id=upload.id,
            meeting_id=upload.meeting_id,
            owner_id=upload.owner_id,
            uploader=upload.uploader,
            name=upload.name,
            media_type=kind.media_type,
            size_bytes=taken.size_bytes,
            width=None if picture is None else picture.width,
            height=None if picture is None else picture.height,
            is_held=is_held,
            created_at=self._clock.now(),
            by_message=upload.by_message,
        )
        kept = await self._keep(file, upload, taken, [] if picture is None else picture.thumbnails)
        if kept.content_id != upload.id:
            await delete_parts(self._blobs, upload.id)
        elif picture is not None:
            for part in sent:
                await self._blobs.delete(blob_name(upload.id, part))
        return kept

    async def _keep(self, file: File, upload: Upload, taken: Taken, thumbnails: list[Thumbnail]) -> File:
        """The file's row instead of the upload's, on a content of the same bytes where the owner has one."""

        async def insert(connection: AsyncConnection) -> File:
            now = await upload_store.delete_upload(connection, upload.id)
            if now is None:
                raise Conflict("the upload was taken away meanwhile")
            if now.meeting_id is None or now.owner_id is None:
                raise NotFound("there is no such meeting")
            shared = await store.shared_content(connection, now.owner_id, taken.digest)
            if shared is None:
                await store.insert_content(connection, _content(upload, taken, thumbnails))
            kept = file if shared is None else replace(file, content_id=shared.id)
            await self._quota.add(connection, kept, now.owner_id, now.meeting_id)
            return kept

        async with self._turn:
            return await self._database.run(insert)


def about(content: str) -> str:
    """What a content's key is sealed for."""
    return f"file_content {content}"


def _content(upload: Upload, taken: Taken, thumbnails: list[Thumbnail]) -> Content:
    return Content(
        id=upload.id,
        owner_id=upload.owner_id,
        digest=taken.digest,
        size_bytes=taken.size_bytes,
        parts=upload.parts,
        thumbnails=thumbnails,
        key=upload.key,
        created_at=upload.created_at,
    )
