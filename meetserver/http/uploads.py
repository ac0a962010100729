"""/files/uploads: large files in as many requests as it takes, by tus 1.0.0 (https://tus.io/protocols/resumable-upload)
with creation, expiration, checksum and termination.
"""

import asyncio
import hashlib
import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime

from aiohttp import ClientError, web

from meetserver import limits
from meetserver.errors import BadMessage, NotFound
from meetserver.files.upload_store import Upload
from meetserver.files.uploads import Claim
from meetserver.http.errors import ChecksumWrong, MediaTypeRefused, TusVersionRefused
from meetserver.http.file_access import NO_MEETING, place_for
from meetserver.http.registry import API, AnyRoute, Call, Reply, Route, part_pattern
from meetserver.ids import MeetingId

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"
HASHES = ("sha1", "sha256")
NAMES = {
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,expiration,checksum,termination",
    "Tus-Checksum-Algorithm": ",".join(HASHES),
}
FILE_ID = "Meet-File-Id"
"""Of the file that an upload became, on the answer to whatever completed it."""


async def begin_upload(call: Call[None, None]) -> Reply[None]:
    _check_version(call.request)
    told = _metadata(call.request.headers.get("Upload-Metadata", ""))
    size = _number(call.request, "Upload-Length")
    meeting = told.get("meeting", "")
    if not part_pattern("meeting_id").fullmatch(meeting):
        raise NotFound("there is no such meeting")
    place = await place_for(call, MeetingId(meeting))
    claim = Claim(told.get("filename", ""), told.get("filetype", ""), size, told.get("for_chat") == "true")
    upload = await call.services.uploads.begin(place, claim)
    headers = {"Location": f"{API}/files/uploads/{upload.id}"} | await _standing(call, upload)
    return Reply(None, headers)


async def read_upload(call: Call[None, None]) -> Reply[None]:
    """Of one that is all there, and that a process died of or that only did not work before, it makes the file: who
    hears that nothing is missing does not ask again."""
    upload = await _own(call)
    return Reply(None, {"Upload-Length": str(upload.size_bytes)} | await _standing(call, upload))


async def append_to_upload(call: Call[None, None]) -> Reply[None]:
    request = call.request
    _check_version(request)
    if request.content_type != BYTES:
        raise MediaTypeRefused(f"the body must be {BYTES}")
    upload, offset = await _own(call), _number(request, "Upload-Offset")
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        after = await call.services.uploads.append(upload, offset, _coming(request))
    else:
        digest, check = _checked(sent)
        after = await call.services.uploads.append(upload, offset, _coming(request, digest), check)
    return Reply(None, await _standing(call, after))


async def end_upload(call: Call[None, None]) -> Reply[None]:
    _check_version(call.request)
    await call.services.uploads.discard(await _own(call))
    return Reply(None, NAMES)


async def _own(call: Call[None, None]) -> Upload:
    """The upload in the call's path, if it is the caller's. Raises NotFound."""
    upload = await call.services.uploads.look_up(call.part("upload_id"))
    meeting = NO_MEETING if upload is None or upload.meeting_id is None else upload.meeting_id
    try:
        place = await place_for(call, meeting)  # also where there is none: that takes as long
    except NotFound:
        raise NotFound("there is no such upload") from None
    if upload is None or upload.size_bytes is None or upload.direct is not None or place.uploader != upload.uploader:
        raise NotFound("there is no such upload")
    return upload


async def _standing(call: Call[None, None], upload: Upload) -> dict[str, str]:
    """How far it is; all there, it becomes a file. Raises BadFile, Conflict."""
    if upload.offset_bytes != upload.size_bytes:
        return _told(upload)
    file = await call.services.uploads.finish(upload)
    return NAMES | {"Upload-Offset": str(upload.offset_bytes), FILE_ID: file.id}


def _told(upload: Upload) -> dict[str, str]:
    expires = format_datetime(upload.expires_at, usegmt=True)
    return NAMES | {"Upload-Offset": str(upload.offset_bytes), "Upload-Expires": expires}


async def _coming(request: web.Request, digest: "hashlib._Hash | None" = None) -> AsyncIterator[bytes]:
    """Where the line breaks it ends: what came is kept, unless it was to be compared with a checksum."""
    while True:
        try:
            async with asyncio.timeout(limits.FILE_IDLE_S):
                chunk = await request.content.readany()
        except (TimeoutError, ClientError, ConnectionError):
            return
        if not chunk:
            return
        if digest is not None:
            digest.update(chunk)
        yield chunk


def _checked(sent: str) -> "tuple[hashlib._Hash, Callable[[], None]]":
    """A hash to be fed, and what says in the end whether it is the one that was sent. Raises BadMessage."""
    name, _, wanted = sent.partition(" ")
    if name not in HASHES:
        raise BadMessage(f"Upload-Checksum must be by {' or '.join(HASHES)}")
    digest = hashlib.new(name, usedforsecurity=False)
    expected = _decoded(wanted)

    def check() -> None:
        if not hmac.compare_digest(digest.digest(), expected):
            raise ChecksumWrong("the bytes are not those that Upload-Checksum is of: send them again")

    return digest, check


def _check_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise TusVersionRefused(f"Tus-Resumable must be {VERSION}")


def _number(request: web.Request, header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise BadMessage(f"{header} must be a number of bytes")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """Names and values in base64 (tus 1.0.0, Upload-Metadata). Raises BadMessage."""
    told = {}
    for pair in header.split(",") if header else []:
        name, _, value = pair.strip().partition(" ")
        try:
            told[name] = _decoded(value).decode()
        except UnicodeDecodeError:
            raise BadMessage("Upload-Metadata holds what is no text") from None
    return told


def _decoded(value: str) -> bytes:
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise BadMessage("what should be base64 is not") from None


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/files/uploads",
        handler=begin_upload,
        action="files.write",
        status=201,
        problems=(400, 404, 409, 412, 413, 422, 507),
        tag="files",
        takes_room_token=True,
        summary="Begin an upload by tus 1.0.0; Upload-Length; Upload-Metadata: meeting, filename, filetype, for_chat.",
    ),
    Route(
        method="HEAD",
        path="/files/uploads/{upload_id}",
        handler=read_upload,
        action="files.write",
        problems=(409, 413, 422, 507),
        tag="files",
        takes_room_token=True,
        summary="How far an upload is; one that is all there and no file yet becomes it, and Meet-File-Id says so.",
    ),
    Route(
        method="PATCH",
        path="/files/uploads/{upload_id}",
        handler=append_to_upload,
        action="files.write",
        problems=(400, 409, 412, 413, 415, 422, 460, 507),
        tag="files",
        takes_room_token=True,
        summary="Add to an upload. The answer to what completes it says Meet-File-Id.",
    ),
    Route(
        method="DELETE",
        path="/files/uploads/{upload_id}",
        handler=end_upload,
        action="files.write",
        problems=(412,),
        tag="files",
        takes_room_token=True,
        summary="Give an upload up.",
    ),
]
