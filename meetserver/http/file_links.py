"""Links to a file's bytes for whoever has them: for what cannot send headers, as an image in a page or a download
manager. Each is for one file, and runs out. They are in no log: paths are not logged.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta

from aiohttp import web

from meetserver import limits
from meetserver.errors import NotFound
from meetserver.files.messages import LinkShown
from meetserver.http.download import answer_with
from meetserver.http.file_access import readable
from meetserver.http.peer import base_url
from meetserver.http.registry import API, AnyRoute, Call, Route
from meetserver.http.services import Services
from meetserver.wire import timestamp

_TIME_BYTES = 6
_MAC_BYTES = 24


async def link_file(call: Call[None, None]) -> LinkShown:
    file = await readable(call)
    expires_at = call.services.clock.now() + timedelta(seconds=limits.FILE_LINK_LIFE_S)
    base = base_url(call.request, call.services.config)
    url = f"{base}{API}/files/{file.id}/by/{_key(call.services, file.id, int(expires_at.timestamp()))}"
    return LinkShown(url, timestamp(expires_at))


async def read_by_link(call: Call[None, None]) -> web.StreamResponse:
    file_id, key = call.part("file_id"), call.part("key")
    if not is_valid(call.services, file_id, key):
        raise NotFound("the link is not valid, or has run out")
    return await answer_with(call.request, await call.services.files.find(file_id), call.services.files)


def is_valid(services: Services, file_id: str, key: str) -> bool:
    """Whether the key was made for this file and has not run out."""
    try:
        raw = base64.b32decode(key + "=" * (-len(key) % 8))
    except ValueError:
        return False
    expires_s = int.from_bytes(raw[:_TIME_BYTES])
    if not hmac.compare_digest(key, _key(services, file_id, expires_s)):
        return False
    return services.clock.now() < datetime.fromtimestamp(expires_s, UTC)


def _key(services: Services, file_id: str, expires_s: int) -> str:
    """When it runs out, and a MAC of that and of the file's id; in base32, as parts of paths are letters and digits."""
    time = expires_s.to_bytes(_TIME_BYTES)
    mac = hmac.digest(services.keys.derive("file links"), time + file_id.encode(), "sha256")
    return base64.b32encode(time + mac[:_MAC_BYTES]).decode().rstrip("=")


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/files/{file_id}/link",
        handler=link_file,
        action="files.read",
        answer=LinkShown,
        tag="files",
        takes_room_token=True,
        summary="A link by which anybody can get the file for a while.",
    ),
    Route(
        method="GET",
        path="/files/{file_id}/by/{key}",
        handler=read_by_link,
        action="service.read",
        streams=True,
        problems=(416,),
        tag="files",
        summary="The file's bytes, for whoever has the link.",
    ),
]
