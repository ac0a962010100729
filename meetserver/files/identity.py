"""Which store the files are in: every process must see the same one, and a server that does not see it may not start.

The store has a marker, a blob with an id in it, and the database keeps that id. Whoever comes first writes both. The
marker is sealed with the database's keys, so that no other installation takes the store for its own.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.errors import ConfigError, NotFound, SealBroken
from meetserver.files.models import file_store
from meetserver.ports import BlobStore, Random, Sealer

MARKER = "store"
"""The only blob whose name has one segment."""

_ABOUT = "file_store"
_MARKER_BYTES = 1024


class StoreIdentity:
    """Of `blobs`, which people know as `where`."""

    def __init__(self, database: Database, blobs: BlobStore, sealer: Sealer, random: Random, where: str) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._random = random
        self._where = where

    async def check(self) -> None:
        """That it is the store of the database; in the beginning it becomes that. Raises ConfigError, Unavailable."""
        if await self._database.run(self._known_id) == await self._marked_id():
            return
        raise ConfigError(
            f"the files of this database are not in {self._where}. All processes must see the same store: mount one "
            "volume and point MEET_DATA_DIR at it, or set MEET_FILES_URL=s3://… for all of them. If the files are lost "
            "for good, `meetserver admin adopt-files` begins anew with this store"
        )

    async def adopt(self) -> None:
        """Let it be the database's from now on, though another was: no process starts with that one again.

        Raises ConfigError when it is another database's, Unavailable.
        """

        async def begin_anew(connection: AsyncConnection) -> None:
            await connection.execute(delete(file_store))
            await self._begin(connection)

        await self._database.run(begin_anew)

    async def _known_id(self, connection: AsyncConnection) -> str:
        known = (await connection.execute(select(file_store.c.id))).scalar()
        return await self._begin(connection) if known is None else str(known)

    async def _begin(self, connection: AsyncConnection) -> str:
        """Who dies in it has written a marker that nobody asks for, and the next one writes another."""
        id_ = self._random.id()
        # Before the store is touched: whoever else is about to do the same is held here, and then sees the row.
        await connection.execute(insert(file_store).values(number=1, id=id_))
        await self._marked_id()

        async def sealed() -> AsyncIterator[bytes]:
            yield self._sealer.seal(id_.encode(), _ABOUT)

        await self._blobs.put(MARKER, sealed())
        return id_

    async def _marked_id(self) -> str | None:
        """Raises ConfigError when the marker is not of this database."""
        try:
            async with aclosing(self._blobs.get(MARKER, 0, _MARKER_BYTES)) as chunks:
                sealed = b"".join([chunk async for chunk in chunks])
        except NotFound:
            return None
        try:
            return self._sealer.unseal(sealed, _ABOUT).decode()
        except SealBroken:
            raise ConfigError(
                f"{self._where} keeps the files of another database: set MEET_FILES_URL, or MEET_DATA_DIR, to a place "
                "of its own"
            ) from None
