"""How many files there are, whose, and how much more fits: for people, of their own, and for operators, of all."""

from functools import partial

from meetserver import limits
from meetserver.config import Config
from meetserver.database import Database
from meetserver.files import usage_store
from meetserver.files.messages import AccountUsage, KindUsage, MeetingUsage, OwnUsage, Usage, UsageReport
from meetserver.ids import UserId
from meetserver.ports import BlobStore, Clock


class FileUsage:
    def __init__(self, config: Config, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._config = config
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def of(self, user: UserId) -> OwnUsage:
        own = await self._database.run(partial(usage_store.of_owner, owner=user))
        return OwnUsage(own.files, own.bytes, self._config.files_per_user_bytes)

    async def report(self) -> UsageReport:
        database, now = self._database, self._clock.now()
        kinds = await usage_store.by_kind(database)
        all_ = sum(kinds.values(), Usage(0, 0))
        accounts = await usage_store.largest_owners(database, limits.LARGEST_SHOWN)
        meetings = await usage_store.largest_meetings(database, limits.LARGEST_SHOWN)
        return UsageReport(
            files=all_.files,
            bytes=all_.bytes,
            quota_bytes=self._config.files_total_bytes or None,
            free_bytes=await self._blobs.free_bytes(),
            reserve_bytes=self._config.files_disk_reserve_bytes,
            kinds=[KindUsage(kind, one.files, one.bytes) for kind, one in kinds.items()],
            deleted=await usage_store.deleted(database, now),
            held=await usage_store.held(database),
            uploads=await usage_store.coming(database, now),
            counted_up_to=limits.FILES_COUNTED,
            accounts=[AccountUsage(**row._mapping) for row in accounts],
            meetings=[MeetingUsage(**row._mapping) for row in meetings],
        )
