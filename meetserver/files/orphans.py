"""Blobs that no row knows: of a process that died after its transaction and before it took away what that made useless,
or of a store that kept what it said had failed."""

from collections.abc import AsyncIterator, Sequence

from meetserver import limits
from meetserver.database import Database
from meetserver.files import store, upload_store
from meetserver.ports import BlobStore

ORPHANS = "files.orphans"


class Orphans:
    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    async def run(self, _: object = None) -> None:
        """All of the store is looked through, by name. Safe to be done at any time, and by several at once."""
        async for names in self._batches():
            for name in await self._orphans(names):
                await self._blobs.delete(name)

    async def _batches(self) -> AsyncIterator[list[str]]:
        """Names with a content's id; the store's marker has none."""
        batch = []
        async for name in self._blobs.names():
            if "/" in name:
                batch.append(name)
            if len(batch) == limits.SWEEP_ROWS:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _orphans(self, names: Sequence[str]) -> list[str]:
        """Uploads are asked for first: one that has become a content meanwhile is found as that. A row is there before
        its first blob, and the blobs of a content never change."""
        ids = {name.partition("/")[0] for name in names}
        coming = await upload_store.existing(self._database, ids)
        contents = await store.read_contents(self._database, ids - coming)
        known = {name for one in contents for name in one.blobs}
        return [name for name in names if name.partition("/")[0] not in coming and name not in known]
