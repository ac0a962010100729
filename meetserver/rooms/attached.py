"""Files of messages, as the log has them: which messages a file is in, and what goes when a message does."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from meetserver.chat.messages import Sent
from meetserver.ids import FileId, ParticipantId, RoomId
from meetserver.ports import ChatFiles, Entry, FileClaim
from meetserver.rooms.catalog import decode_event


class Receipts(Protocol):
    """Of ports.RoomLog."""

    async def receipts(
        self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]
    ) -> Mapping[tuple[str, str], Entry]:
        """Which of these (by, txn) are in the log, with their entries."""


def files_in(entry: Entry) -> list[FileId]:
    """Of the message that this entry is, as long as it was not emptied; none where it is another thing."""
    if entry.type != Sent.type:
        return []
    event = decode_event(entry.type, entry.v, entry.data)
    return [FileId(one.id) for one in (event.files if isinstance(event, Sent) else None) or ()]


async def messages_with(log: Receipts, claims: Iterable[FileClaim]) -> dict[FileId, list[Entry]]:
    """The messages that were sent with these files, as far as they still have them."""
    by_room: dict[RoomId, dict[tuple[ParticipantId, str], set[FileId]]] = {}
    for one in claims:
        by_room.setdefault(one.room, {}).setdefault((one.author, one.txn), set()).add(one.file)
    found: dict[FileId, list[Entry]] = {}
    for room, wanted in by_room.items():
        for entry in (await log.receipts(room, list(wanted))).values():
            named = wanted[entry.by, entry.txn or ""]
            for file in named.intersection(files_in(entry)):
                found.setdefault(file, []).append(entry)
    return found


async def delete_with(log: Receipts, files: ChatFiles, messages: Collection[Entry]) -> None:
    """The files of these messages, which are about to be emptied, but for those that others have as well."""
    ids = {file for message in messages for file in files_in(message)}
    if not ids:
        return
    own = {(message.by, message.txn) for message in messages}
    others = [one for one in await files.claims(ids) if (one.author, one.txn) not in own]
    if gone := ids - (await messages_with(log, others)).keys():
        await files.delete(gone)
