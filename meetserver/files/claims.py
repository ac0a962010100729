"""Files of chat messages (ports/chat_files.py), and those that no message has any more."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.database import Database
from meetserver.files import claims_store, store
from meetserver.files.store import Cursor, File
from meetserver.ids import FileId, MeetingId, RoomId
from meetserver.ports import Brought, BroughtFiles, Clock, FileClaim, FileWish

SWEEP_UNSENT = "files.sweep_unsent"

_FIRST: Cursor = datetime(1970, 1, 1, tzinfo=UTC), ""


class Claims:
    """ports.ChatFiles."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, room: RoomId, meeting: MeetingId, wishes: Sequence[FileWish]) -> list[BroughtFiles]:
        named = {id_ for wish in wishes for id_ in wish.files if store.is_storable(id_)}
        able = [wish for wish in wishes if store.is_storable(wish.txn)]  # others are refused in the commit

        async def unit(connection: AsyncConnection) -> list[BroughtFiles]:
            found = {one.id: one for one in await claims_store.of_meeting(connection, meeting, named)}
            if not found:
                return [BroughtFiles() for _ in wishes]
            counts = await claims_store.counts(connection, found)
            worn = {id_ for id_, count in counts.items() if count >= limits.FILE_MESSAGES}
            mine = {(wish, id_) for wish in able for id_ in wish.files if _is_own(wish, found.get(FileId(id_)))}
            if claimed := [_claim(room, wish, id_) for wish, id_ in mine if id_ not in worn]:
                await claims_store.add(connection, claimed)
            brought = [_brought(wish, found, worn) for wish in wishes]
            if hidden := _to_hide(zip(wishes, brought, strict=True)) - {id_ for id_ in found if found[id_].by_message}:
                await claims_store.hide(connection, hidden)
            return brought

        return await self._database.run(unit)

    async def claims(self, files: Collection[FileId]) -> list[FileClaim]:
        return await claims_store.claims_of(self._database, files)

    async def delete(self, files: Collection[FileId]) -> None:
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> None:
            await store.mark_deleted(connection, store.of_ids(files), now, limit=len(files))

        await self._database.run(unit)

    async def sweep(self, _: object = None) -> None:
        """Delete those that were brought for a message a day ago and that no message has: it was never sent, or it is
        past (rooms/expiry.py). What a message has that was only deleted goes with it (rooms/emptier.py)."""
        now = self._clock.now()
        until, after = now - timedelta(seconds=limits.FILE_UNSENT_S), _FIRST
        while True:

            async def unit(connection: AsyncConnection, after: Cursor = after) -> Cursor | None:
                some = await claims_store.by_message(connection, after, until, limits.SWEEP_ROWS)
                if not some:
                    return None
                if gone := await claims_store.unsent(connection, [id_ for _, id_ in some]):
                    await store.mark_deleted(connection, store.of_ids(gone), now, limit=len(gone))
                return some[-1]

            following = await self._database.run(unit)
            if following is None:
                return
            after = following


def _is_own(wish: FileWish, file: File | None) -> bool:
    return file is not None and file.uploader in (wish.author, wish.user)


def _claim(room: RoomId, wish: FileWish, id_: str) -> FileClaim:
    return FileClaim(FileId(id_), room, wish.author, wish.txn)


def _to_hide(found: Iterable[tuple[FileWish, BroughtFiles]]) -> set[FileId]:
    """Where one of its files is in the way, the message is refused, and the others stay whose they are."""
    private = (there for wish, there in found if wish.is_private and store.is_storable(wish.txn) and there.fulfil(wish))
    return {one.id for there in private for one in there.files}


def _brought(wish: FileWish, found: dict[FileId, File], worn: Collection[str]) -> BroughtFiles:
    there = (found[FileId(id_)] for id_ in wish.files if id_ in found)
    shown = (
        Brought(one.id, one.uploader, one.name, one.media_type, one.size_bytes, one.width, one.height, one.is_held)
        for one in there
    )
    return BroughtFiles(tuple(replace(one, is_worn=one.id in worn) for one in shown))
