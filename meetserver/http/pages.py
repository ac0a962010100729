"""The web client: its files, and the one page that every address of it shows.

Files are read once, at start, and served from memory: what can be asked for is what was there.
"""

import hashlib
import mimetypes
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web
from msgspec import Struct

WEB = Path(__file__).parent.parent / "web"

# Said here and not left to the machine's own table: a module of another type is not run.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class Asset(Struct, frozen=True):
    body: bytes
    content_type: str
    etag: str


class Assets:
    def __init__(self, folder: Path) -> None:
        """Every file below `folder`, by its path there; a folder that is absent holds none."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        self._assets = {str(path.relative_to(folder)): read_asset(path) for path in files}

    async def serve(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound
        return answer(request, asset)


class Shell:
    """The page itself: the client reads from the address what to show."""

    def __init__(self, file: Path) -> None:
        self._asset = read_asset(file) if file.is_file() else None

    async def serve(self, request: web.Request) -> web.Response:
        if self._asset is None:
            raise web.HTTPNotFound
        return answer(request, self._asset)


def read_asset(path: Path) -> Asset:
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return asset_of(path.read_bytes(), guessed)


def asset_of(body: bytes, content_type: str) -> Asset:
    return Asset(body, content_type, hashlib.sha256(body).hexdigest()[:32])


def answer(request: web.Request, asset: Asset) -> web.Response:
    """The file, or 304 where the browser has it. `no-cache`: ask each time, so that a new release is seen at once."""
    headers = {"ETag": f'"{asset.etag}"', "Cache-Control": "no-cache"}
    known = request.if_none_match
    if known is not None and any(etag.value in {asset.etag, "*"} for etag in known):
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if asset.content_type.startswith("text/") or asset.content_type.endswith("+xml") else None
    return web.Response(body=asset.body, content_type=asset.content_type, charset=charset, headers=headers)


def page_routes(web_folder: Path = WEB) -> Iterable[web.RouteDef]:
    shell = Shell(web_folder / "templates" / "index.html")
    assets = Assets(web_folder / "static")
    return [
        web.get("/", shell.serve),
        web.get("/m/{meeting_id}", shell.serve),
        web.get("/m/{meeting_id}/{secret}", shell.serve),
        web.get("/account", shell.serve),
        web.get("/account/{section}", shell.serve),
        web.get("/admin", shell.serve),
        web.get("/admin/{section}", shell.serve),
        web.get("/erasures/{erasure_id}", shell.serve),
        web.get("/forgot", shell.serve),
        web.get("/verify/{token}", shell.serve),
        web.get("/reset/{token}", shell.serve),
        web.get("/invite/{token}", shell.serve),
        web.get("/email/{token}", shell.serve),
        web.get("/static/{path:.+}", assets.serve),
    ]
