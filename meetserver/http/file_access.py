"""Who may do what with a meeting's files: whoever may read its past gets them, but for those that only messages show:
these get who brought them, and who may see such a message. Whoever takes part brings files, and who brought one, or
moderates, takes it away.
"""

from collections.abc import Sequence

from meetserver.access import AnyRole, may
from meetserver.errors import Forbidden, NotFound
from meetserver.files.store import File
from meetserver.files.uploads import Place
from meetserver.http.past import state_at
from meetserver.http.readers import Reader, reader_in
from meetserver.http.registry import B, Call, Q
from meetserver.ids import MeetingId
from meetserver.meetings.service import roles_in
from meetserver.rooms.attached import messages_with
from meetserver.rooms.state import find

NO_MEETING = MeetingId("")


async def place_for(call: Call[B, Q], meeting: MeetingId) -> Place:
    """Where the caller may bring a file. Raises NotFound, Unauthenticated, and Forbidden for who only looks on."""
    reader = await reader_in(call, meeting, "files.read")
    if not may(await roles_of(call, reader), "files.write"):
        raise Forbidden("your role in this meeting does not allow this")
    return Place(meeting, reader.person, reader.user or reader.meeting.owner_id)


async def readable(call: Call[B, Q]) -> File:
    """The file in the call's path, if the caller may have it. Raises NotFound, Unauthenticated."""
    file, _ = await found(call)
    return file


async def removable(call: Call[B, Q]) -> File:
    """If the caller may delete it. Raises NotFound, Unauthenticated, Forbidden."""
    file, reader = await found(call)
    if not _is_own(file, reader) and not may(await roles_of(call, reader), "bans.write"):
        raise Forbidden("only who brought it, and moderators, can delete a file")
    return file


async def found(call: Call[B, Q]) -> tuple[File, Reader]:
    """As `readable`, and who the caller is. Where there is none all is looked up just the same, so that it is answered
    the same and takes as long."""
    file = await call.services.files.look_up(call.part("file_id"))
    meeting = NO_MEETING if file is None or file.meeting_id is None else file.meeting_id
    try:
        reader = await reader_in(call, meeting, "files.read")
    except NotFound:
        raise NotFound("there is no such file") from None
    if file is None or not await visible(call, reader, [file]):
        raise NotFound("there is no such file")
    return file, reader


async def visible(call: Call[B, Q], reader: Reader, files: Sequence[File]) -> list[File]:
    """Those of a meeting's files that the reader may see."""
    services, asked = call.services, [file.id for file in files if file.by_message and not _is_own(file, reader)]
    claims = await services.chat_files.claims(asked) if asked else []
    messages = await messages_with(services.history, claims)
    seqs = [one.seq for some in messages.values() for one in some]
    # As long as a deleted message was not emptied its entry has them still.
    deleted = await services.history.deleted_among(reader.meeting.room_id, seqs) if seqs else {}
    seen = ((id_, one) for id_, some in messages.items() for one in some if reader.may_see(one))
    shown = {id_ for id_, one in seen if one.seq not in deleted}
    return [file for file in files if file.id not in asked or file.id in shown]


def _is_own(file: File, reader: Reader) -> bool:
    """Whoever brought it: the account, or the participant that a guest is."""
    return file.uploader == reader.user or file.uploader in reader.participants


async def roles_of(call: Call[B, Q], reader: Reader) -> frozenset[AnyRole]:
    """By the meeting, and by what the room made of them."""
    roles = frozenset() if call.visitor is None else roles_in(call.visitor, reader.meeting)
    if may(roles, "files.write") or not reader.participants:
        return roles
    state = await state_at(call.services.history, reader.meeting, None)
    there = (find(state, participant) for participant in reader.participants)
    return roles | {who.role for who in there if who is not None}
