"""/meetings/{id}/files and /files/{id}: files of a meeting, brought by multipart and got by range."""

from typing import Annotated, TypeVar

from aiohttp import web
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.files.kinds import kind_of_type
from meetserver.files.messages import FilePage, FileShown
from meetserver.files.store import File
from meetserver.files.uploads import Claim
from meetserver.http.download import answer_with, thumbnail_of
from meetserver.http.file_access import place_for, readable, removable
from meetserver.http.forms import FileForm
from meetserver.http.paging import PageQuery
from meetserver.http.readers import reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.ids import MeetingId
from meetserver.wire import timestamp

T = TypeVar("T")

CHUNK_BYTES = 256 * 1024


class ThumbnailQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`px`: the longest side that it may have."""

    px: Annotated[int, Meta(ge=1, le=10_000)] = limits.THUMBNAIL_PX[0]


async def upload_file(call: Call[None, None]) -> FileShown:
    place = await place_for(call, MeetingId(call.part("meeting_id")))
    form = FileForm(call.request)
    await form.begin()
    claim = Claim(form.name, form.media_type)
    return _shown(await call.services.uploads.take(place, claim, form.chunks()))


async def list_files(call: Call[None, PageQuery]) -> FilePage:
    reader = await reader_of(call, "files.read")
    found, following = await call.services.files.page(reader.meeting.id, call.query.limit, call.query.after)
    return FilePage([_shown(file) for file in found], following)


async def read_file(call: Call[None, None]) -> FileShown:
    return _shown(await readable(call))


async def read_content(call: Call[None, None]) -> web.StreamResponse:
    file = await readable(call)
    return await answer_with(call.request, file, call.services.files)


async def read_thumbnail(call: Call[None, ThumbnailQuery]) -> web.StreamResponse:
    file = await readable(call)
    return await thumbnail_of(call.request, file, call.services.files, call.query.px)


async def delete_file(call: Call[None, None]) -> None:
    file = await removable(call)
    await call.services.files.delete(file.id)


def _shown(file: File) -> FileShown:
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
        created_at=timestamp(file.created_at),
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
        answer=FileShown,
        status=201,
        problems=(400, 413, 415, 422),
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
