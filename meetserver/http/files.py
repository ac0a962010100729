"""/meetings/{id}/files and /files/{id}: files of a meeting, brought by multipart and got by range."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from aiohttp import web
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.files.kinds import kind_of_type
from meetserver.files.messages import FilePage, FileShown
from meetserver.files.store import File
from meetserver.files.uploads import Claim
from meetserver.http.download import answer_with, thumbnail_of
from meetserver.http.file_access import found, place_for, readable, removable, visible
from meetserver.http.forms import FileForm
from meetserver.http.paging import PageQuery
from meetserver.http.readers import reader_of
from meetserver.http.registry import AnyCall, AnyRoute, Call, Route
from meetserver.http.store import account_names
from meetserver.ids import MeetingId
from meetserver.meetings.store import Meeting
from meetserver.wire import timestamp

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024


class ThumbnailQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`px`: the longest side that it may have."""

    px: Annotated[int, Meta(ge=1, le=10_000)] = limits.THUMBNAIL_PX[0]


class UploadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`for_chat`: it is to be sent in a message, and until then nobody else's."""

    for_chat: bool = False


async def upload_file(call: Call[None, UploadQuery]) -> FileShown:
    place = await place_for(call, MeetingId(call.part("meeting_id")))
    form = FileForm(call.request)
    await form.begin()
    claim = Claim(form.name, form.media_type, for_chat=call.query.for_chat)
    file = await call.services.uploads.take(place, claim, form.chunks())
    return (await _shown(call, [file], await call.services.meetings.find(place.meeting)))[0]


async def list_files(call: Call[None, PageQuery]) -> FilePage:
    reader = await reader_of(call, "files.read")
    files, following = await call.services.files.page(reader.meeting.id, call.query.limit, call.query.after)
    return FilePage(await _shown(call, await visible(call, reader, files), reader.meeting), following)


async def read_file(call: Call[None, None]) -> FileShown:
    file, reader = await found(call)
    return (await _shown(call, [file], reader.meeting))[0]


async def read_content(call: Call[None, None]) -> web.StreamResponse:
    file = await readable(call)
    return await answer_with(call.request, file, call.services.files)


async def read_thumbnail(call: Call[None, ThumbnailQuery]) -> web.StreamResponse:
    file = await readable(call)
    return await thumbnail_of(call.request, file, call.services.files, call.query.px)


async def delete_file(call: Call[None, None]) -> None:
    file = await removable(call)
    await call.services.files.delete(file.id)


async def _shown(call: AnyCall, files: Sequence[File], meeting: Meeting) -> list[FileShown]:
    names = await account_names(call.services.database, {file.uploader for file in files})
    return [_one(call, file, meeting, names.get(file.uploader)) for file in files]


def _one(call: AnyCall, file: File, meeting: Meeting, uploader_name: str | None) -> FileShown:
    expires_at = call.services.retention.expires_at(file.created_at, meeting.settings)
    return FileShown(
        id=file.id,
        meeting_id=file.meeting_id,
        name=file.name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        is_inline=kind_of_type(file.media_type).is_inline,
        is_held=file.is_held,
        width=file.width,
        height=file.height,
        uploaded_by=file.uploader,
        uploader_name=uploader_name,
        created_at=timestamp(file.created_at),
        expires_at=None if expires_at is None else timestamp(expires_at),
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/files",
        handler=list_files,
        action="files.read",
        query=PageQuery,
        answer=FilePage,
        tag="files",
        takes_room_token=True,
        summary="A meeting's files, newest first.",
    ),
    Route(
        method="POST",
        path="/meetings/{meeting_id}/files",
        handler=upload_file,
        action="files.write",
        query=UploadQuery,
        answer=FileShown,
        status=201,
        problems=(400, 413, 415, 422, 507),
        takes_form=True,
        tag="files",
        takes_room_token=True,
        summary="Bring a file: multipart/form-data with the field `file`.",
    ),
    Route(
        method="GET",
        path="/files/{file_id}",
        handler=read_file,
        action="files.read",
        answer=FileShown,
        tag="files",
        takes_room_token=True,
        summary="What a file is.",
    ),
    Route(
        method="GET",
        path="/files/{file_id}/content",
        handler=read_content,
        action="files.read",
        streams=True,
        problems=(416,),
        tag="files",
        takes_room_token=True,
        summary="Its bytes, or a range of them.",
    ),
    Route(
        method="GET",
        path="/files/{file_id}/thumbnail",
        handler=read_thumbnail,
        action="files.read",
        query=ThumbnailQuery,
        streams=True,
        tag="files",
        takes_room_token=True,
        summary="An image, small: `px` is one of the sizes in docs/limits.md.",
    ),
    Route(
        method="DELETE",
        path="/files/{file_id}",
        handler=delete_file,
        action="files.delete",
        tag="files",
        takes_room_token=True,
        summary="Delete a file: who brought it may, and moderators.",
    ),
]
