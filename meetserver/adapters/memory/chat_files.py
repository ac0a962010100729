"""ports.ChatFiles in memory."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from meetserver import limits
from meetserver.ids import FileId, MeetingId, RoomId
from meetserver.ports import Brought, BroughtFiles, FileClaim, FileWish


class MemoryChatFiles:
    """`brought`: what there is, by the file's id and its meeting; `hidden`: what only messages show."""

    def __init__(self) -> None:
        self.brought: dict[tuple[MeetingId, str], Brought] = {}
        self.hidden: set[str] = set()
        self._claims: set[FileClaim] = set()

    async def claim(self, room: RoomId, meeting: MeetingId, wishes: Sequence[FileWish]) -> list[BroughtFiles]:
        worn = {id_ for _, id_ in self.brought if self._count(id_) >= limits.FILE_MESSAGES}
        for wish in wishes:
            for id_ in wish.files:
                one = self.brought.get((meeting, id_))
                if one is None or one.uploader not in (wish.author, wish.user):
                    continue
                if id_ not in worn:
                    self._claims.add(FileClaim(one.id, room, wish.author, wish.txn))
        found = [self._found(meeting, wish, worn) for wish in wishes]
        for wish, there in zip(wishes, found, strict=True):
            if wish.is_private and there.fulfil(wish):
                self.hidden |= {one.id for one in there.files}
        return found

    async def claims(self, files: Collection[FileId]) -> list[FileClaim]:
        there = {id_ for _, id_ in self.brought}
        return [claim for claim in self._claims if claim.file in files and claim.file in there]

    async def delete(self, files: Collection[FileId]) -> None:
        self.brought = {key: one for key, one in self.brought.items() if one.id not in files}

    def _count(self, id_: str) -> int:
        return sum(claim.file == id_ for claim in self._claims)

    def _found(self, meeting: MeetingId, wish: FileWish, worn: Collection[str]) -> BroughtFiles:
        there = [one for id_ in wish.files if (one := self.brought.get((meeting, id_))) is not None]
        return BroughtFiles(tuple(replace(one, is_worn=one.id in worn) for one in there))
