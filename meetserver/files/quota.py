"""How much fits: of an account, of a meeting, of the whole server, and on its disk."""

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.config import Config
from meetserver.errors import Conflict, StorageFull
from meetserver.files import store, upload_store, usage_store
from meetserver.files.messages import Usage
from meetserver.files.store import File
from meetserver.ids import MeetingId, UserId
from meetserver.ports import BlobStore

FULL = "the server has no more room for files: its operators must make some"


class Quota:
    def __init__(self, config: Config, blobs: BlobStore) -> None:
        self._config = config
        self._blobs = blobs

    async def check_disk(self, more_bytes: int = 0) -> None:
        """Raises StorageFull when with so much more less would stay free than must."""
        free = await self._blobs.free_bytes()
        if free is not None and free - more_bytes < self._config.files_disk_reserve_bytes:
            raise StorageFull(FULL)

    async def check(self, connection: AsyncConnection, owner: UserId, meeting: MeetingId, more_bytes: int) -> None:
        """Whether one more file, and so much more, would fit as it stands now, with what the owner has under way.
        Raises Conflict, StorageFull."""
        coming, there = await upload_store.bytes_coming(connection, owner, meeting)
        more = Usage(1, coming + more_bytes)
        self._check_owner(await usage_store.of_owner(connection, owner) + more)
        self._check_meeting(await usage_store.of_meeting(connection, meeting) + Usage(1, there + more_bytes))
        await self._check_server(connection, more)

    async def add(self, connection: AsyncConnection, file: File, owner: UserId, meeting: MeetingId) -> None:
        """The file's row, where it fits. Raises Conflict, StorageFull."""
        await store.insert_file(connection, file)
        self._check_owner(await usage_store.of_owner(connection, owner))
        self._check_meeting(await usage_store.of_meeting(connection, meeting))
        await self._check_server(connection, usage_store.NONE)

    def _check_owner(self, own: Usage) -> None:
        most = self._config.files_per_user_bytes
        if own.bytes > most:
            raise Conflict(f"the files of one account may have {most} bytes: delete some first")

    def _check_meeting(self, there: Usage) -> None:
        most = self._config.files_per_meeting_bytes
        if there.bytes > most:
            raise Conflict(f"a meeting's files may have {most} bytes: delete some first")
        if there.files > limits.FILES_PER_MEETING:
            raise Conflict(f"a meeting may have {limits.FILES_PER_MEETING} files: delete some first")

    async def _check_server(self, connection: AsyncConnection, more: Usage) -> None:
        """Only where there is a quota: whoever reads the sum waits for all who upload."""
        most = self._config.files_total_bytes
        if most and (await usage_store.of_server(connection) + more).bytes > most:
            raise StorageFull(FULL)
