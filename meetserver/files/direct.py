"""Files that clients put into the store themselves, by a presigned URL, and sealed parts that they get from there.

What was put there is nobody's file before a job has taken it in (direct_jobs.py), as every upload is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import BadFile, Conflict, NotSupported, Refusal, TooLarge
from meetserver.files import direct_store
from meetserver.files.messages import DirectState
from meetserver.files.parts import Part, blob_name, delete_parts
from meetserver.files.service import Files
from meetserver.files.store import File
from meetserver.files.uploads import Claim, Place, Uploads
from meetserver.ids import MeetingId
from meetserver.ports import BlobStore, Clock, Presigner

STAGED = Part("staged", 0)
"""What was put there: beside the parts that are made of it, and named by nobody else."""


class Transfer(Struct, frozen=True):
    """`id` is the upload's, and the file's once it is done. `expires_at`: then it is forgotten; None when done."""

    id: str
    meeting_id: MeetingId | None
    uploader: str
    state: DirectState
    refusal: Refusal | None
    expires_at: datetime | None


class SealedParts(Struct, frozen=True):
    """Some of a file's parts, from number `first` on: each with its plain bytes and its URL. `key` opens them."""

    content_id: str
    key: bytes
    first: int
    parts: list[tuple[Part, str]]
    has_more: bool
    expires_at: datetime


class DirectTransfers:
    """`presigner`: None where clients do not reach the store. `wake` has what waits taken in."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        presigner: Presigner | None,
        uploads: Uploads,
        files: Files,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._presigner = presigner
        self._uploads = uploads
        self._files = files
        self._clock = clock
        self._wake = wake

    async def begin(self, place: Place, claim: Claim) -> tuple[str, str, datetime]:
        """The upload's id, the URL to put it to, and until when that is good. Raises NotSupported, TooLarge, Conflict,
        StorageFull, Unavailable."""
        presigner = self._presigning()
        if claim.size_bytes is not None and claim.size_bytes > limits.DIRECT_UPLOAD_BYTES:
            raise TooLarge(f"a file that is put into the store may have {limits.DIRECT_UPLOAD_BYTES} bytes")
        upload = await self._uploads.begin(place, claim, "waiting")
        url = await presigner.presigned_put(blob_name(upload.id, STAGED), limits.DIRECT_UPLOAD_LIFE_S)
        return upload.id, url, self._in(limits.DIRECT_UPLOAD_LIFE_S)

    async def find(self, id_: str) -> Transfer | None:
        """Both are asked for, so that what is there takes no longer than what is not."""
        upload, file = await self._uploads.look_up(id_), await self._files.look_up(id_)
        if file is not None:
            return Transfer(id_, file.meeting_id, file.uploader, "done", None, None)
        if upload is None or upload.direct is None:
            return None
        return Transfer(id_, upload.meeting_id, upload.uploader, upload.direct, upload.refusal, upload.expires_at)

    async def complete(self, id_: str) -> None:
        """All was put there: have it taken in, if that was not said before. Raises Conflict when nothing is there,
        TooLarge or BadFile when it is not as large as was said: then it can be put there again."""
        upload = await self._uploads.look_up(id_)
        if upload is None or upload.direct != "waiting":
            return
        size, said = await self._blobs.size(blob_name(id_, STAGED)), upload.size_bytes
        assert said is not None
        if size is None:
            raise Conflict("nothing was put there yet")
        if size != said:
            await self._blobs.delete(blob_name(id_, STAGED))
            problem = f"{size} bytes were put there, and {said} were said: put it there again"
            raise TooLarge(problem) if size > said else BadFile(problem)
        if await direct_store.start_taking_in(self._database, id_, self._in(limits.UPLOAD_LIFE_S)):
            self._wake()

    async def give_up(self, id_: str) -> None:
        """What comes by its URL from now on is swept when that has run out. Raises Conflict once it is taken in."""
        why, expires_at = Refusal("conflict", "it was given up"), self._in(limits.DIRECT_UPLOAD_LIFE_S)
        if not await direct_store.refuse(self._database, id_, "waiting", why, expires_at):
            raise Conflict("it is not waiting any more")
        await delete_parts(self._blobs, id_)

    async def parts(self, file: File, first: int) -> SealedParts:
        """At most limits.DIRECT_PARTS of them. Raises NotSupported, NotFound, Unavailable."""
        presigner = self._presigning()
        content, key = await self._files.content(file)
        parts = content.parts[first : first + limits.DIRECT_PARTS]
        names = [blob_name(content.id, part) for part in parts]
        urls = await presigner.presigned_get(names, limits.DIRECT_DOWNLOAD_LIFE_S)
        return SealedParts(
            content_id=content.id,
            key=key,
            first=first,
            parts=list(zip(parts, urls, strict=True)),
            has_more=first + len(parts) < len(content.parts),
            expires_at=self._in(limits.DIRECT_DOWNLOAD_LIFE_S),
        )

    def _presigning(self) -> Presigner:
        if self._presigner is None:
            raise NotSupported("clients do not reach the store of this server's files")
        return self._presigner

    def _in(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)
