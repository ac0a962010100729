"""Files of chat messages: what a room asks of them before it takes a message, and who may see which.

A message's id is not known before it is in the log, but who sends it and under which txn is. So a file is **claimed**
for that before the message is decided. Whether it was sent then is the log's to say: nothing has to be written behind a
commit, and nothing is lost when a process dies between the two.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from msgspec import Struct

from meetserver.ids import FileId, MeetingId, ParticipantId, RoomId, UserId


class FileWish(Struct, frozen=True):
    """Somebody wants to send these files; `is_private`: to some people alone."""

    author: ParticipantId
    txn: str
    user: UserId | None
    files: tuple[str, ...]
    is_private: bool


class Brought(Struct, frozen=True):
    """A file as a message shows it. `is_worn`: it is in as many messages as it may be."""

    id: FileId
    uploader: str
    name: str
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    is_held: bool
    is_worn: bool = False

    def may_be_sent_by(self, author: ParticipantId, user: UserId | None) -> bool:
        return self.uploader in (author, user) and not self.is_held and not self.is_worn


class BroughtFiles(Struct, frozen=True):
    """What was found for one message, in the order asked for; what is not there is left out."""

    files: tuple[Brought, ...] = ()

    def fulfil(self, wish: FileWish) -> bool:
        """Whether these are all that was wished for, and can be sent."""
        people = wish.author, wish.user
        return len(self.files) == len(set(wish.files)) and all(one.may_be_sent_by(*people) for one in self.files)


class FileClaim(Struct, frozen=True):
    """A file may be in the message that `author` sends, or sent, under this txn."""

    file: FileId
    room: RoomId
    author: ParticipantId
    txn: str


class ChatFiles(Protocol):
    async def claim(self, room: RoomId, meeting: MeetingId, wishes: Sequence[FileWish]) -> list[BroughtFiles]:
        """Claim for each wish those of its files that its sender has brought to this meeting, and say what there is of
        all that it names there; again is the same. What is claimed privately is from then on only for those who may see
        a message with it, unless the message cannot be sent for one of its files. Raises Unavailable."""

    async def claims(self, files: Collection[FileId]) -> list[FileClaim]:
        """Of these files, which are not deleted. Raises Unavailable."""

    async def delete(self, files: Collection[FileId]) -> None:
        """Nobody finds them from now on. Raises Unavailable."""
