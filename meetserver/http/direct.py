"""/files/direct and /files/{id}/parts: bytes that go straight between clients and the object store."""

from base64 import b64encode
from typing import Annotated

from msgspec import Meta, Struct

from meetserver.errors import NotFound
from meetserver.files.direct import Transfer
from meetserver.files.messages import DirectUploadBegun, DirectUploadShown, NewDirectUpload, SealedPart, SealedParts
from meetserver.files.uploads import Claim
from meetserver.http.file_access import NO_MEETING, place_for, readable
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.ids import MeetingId
from meetserver.wire import timestamp


class PartsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`first`: the number of the first part that is wanted."""

    first: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


async def begin_direct_upload(call: Call[NewDirectUpload, None]) -> DirectUploadBegun:
    place = await place_for(call, MeetingId(call.part("meeting_id")))
    claim = Claim(call.body.name, call.body.media_type, call.body.size_bytes, call.body.for_chat)
    id_, url, expires_at = await call.services.direct.begin(place, claim)
    return DirectUploadBegun(id_, url, timestamp(expires_at))


async def read_direct_upload(call: Call[None, None]) -> DirectUploadShown:
    return _shown(await _own(call))


async def complete_direct_upload(call: Call[None, None]) -> DirectUploadShown:
    await call.services.direct.complete((await _own(call)).id)
    return _shown(await _own(call))


async def end_direct_upload(call: Call[None, None]) -> None:
    await call.services.direct.give_up((await _own(call)).id)


async def read_parts(call: Call[None, PartsQuery]) -> SealedParts:
    file = await readable(call)
    found = await call.services.direct.parts(file, call.query.first)
    return SealedParts(
        content_id=found.content_id,
        key=b64encode(found.key).decode(),
        parts=[SealedPart(number, part.bytes, url) for number, (part, url) in enumerate(found.parts, found.first)],
        next=found.first + len(found.parts) if found.has_more else None,
        expires_at=timestamp(found.expires_at),
    )


async def _own(call: Call[None, None]) -> Transfer:
    """The upload in the call's path, if it is the caller's. Raises NotFound."""
    found = await call.services.direct.find(call.part("direct_id"))
    meeting = NO_MEETING if found is None or found.meeting_id is None else found.meeting_id
    try:
        place = await place_for(call, meeting)  # also where there is none: that takes as long
    except NotFound:
        raise NotFound("there is no such upload") from None
    if found is None or place.uploader != found.uploader:
        raise NotFound("there is no such upload")
    return found


def _shown(found: Transfer) -> DirectUploadShown:
    expires_at = None if found.expires_at is None else timestamp(found.expires_at)
    return DirectUploadShown(found.id, found.state, found.refusal, expires_at)


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/meetings/{meeting_id}/files/direct",
        handler=begin_direct_upload,
        action="files.write",
        body=NewDirectUpload,
        answer=DirectUploadBegun,
        status=201,
        problems=(413, 422, 507),
        tag="files",
        takes_room_token=True,
        summary="Begin an upload straight into the object store: says a URL to PUT the bytes to.",
    ),
    Route(
        method="GET",
        path="/files/direct/{direct_id}",
        handler=read_direct_upload,
        action="files.write",
        answer=DirectUploadShown,
        tag="files",
        takes_room_token=True,
        summary="What has become of such an upload.",
    ),
    Route(
        method="POST",
        path="/files/direct/{direct_id}/complete",
        handler=complete_direct_upload,
        action="files.write",
        answer=DirectUploadShown,
        status=202,
        problems=(413, 422),
        tag="files",
        takes_room_token=True,
        summary="All of it was put there: have it taken in.",
    ),
    Route(
        method="DELETE",
        path="/files/direct/{direct_id}",
        handler=end_direct_upload,
        action="files.write",
        problems=(409,),
        tag="files",
        takes_room_token=True,
        summary="Give it up, while it waits.",
    ),
    Route(
        method="GET",
        path="/files/{file_id}/parts",
        handler=read_parts,
        action="files.read",
        query=PartsQuery,
        answer=SealedParts,
        problems=(422,),
        tag="files",
        takes_room_token=True,
        summary="URLs of a file's parts in the object store, and the key that opens them.",
    ),
]
