"""The web client: its files, and the one page that every address of it shows.

Files are read once, at start, and served from memory: what can be asked for is what was there. The page names them
below a digest of them all, so that a browser keeps them for as long as they are the same, and asks for none again: the
client is made of some 200 modules.
"""

import functools
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


REVALIDATED = "no-cache"
"""The browser asks each time, so that a new release is seen at once."""
KEPT = "public, max-age=31536000, immutable"


class Asset(Struct, frozen=True):
    body: bytes
    content_type: str
    etag: str


class Assets:
    def __init__(self, folder: Path) -> None:
        """Every file below `folder`, by its path there; a folder that is absent holds none."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        self._assets = {str(path.relative_to(folder)): read_asset(path) for path in files}
        known = "".join(f"{path} {asset.etag}\n" for path, asset in self._assets.items())
        self.release = hashlib.sha256(known.encode()).hexdigest()[:16]

    async def serve(self, request: web.Request) -> web.Response:
        """At /static/… and at /static/r/<release>/…: the second for good where it is this release. A page of another
        one, which a shard that is older or newer served, is given what is here, for once."""
        asset = self._assets.get(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound
        is_kept = request.match_info.get("release") == self.release
        return answer(request, asset, KEPT if is_kept else REVALIDATED)


class Shell:
    """The page itself: the client reads from the address what to show."""

    def __init__(self, file: Path, release: str) -> None:
        self._asset: Asset | None = None
        if file.is_file():
            named = file.read_bytes().replace(b'"/static/', f'"/static/r/{release}/'.encode())
            self._asset = asset_of(named, _TYPES[file.suffix])

    async def serve(self, request: web.Request) -> web.Response:
        if self._asset is None:
            raise web.HTTPNotFound
        return answer(request, self._asset)


def read_asset(path: Path) -> Asset:
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return asset_of(path.read_bytes(), guessed)


def asset_of(body: bytes, content_type: str) -> Asset:
    return Asset(body, content_type, hashlib.sha256(body).hexdigest()[:32])


def answer(request: web.Request, asset: Asset, caching: str = REVALIDATED) -> web.Response:
    """The file, or 304 where the browser has it."""
    headers = {"ETag": f'"{asset.etag}"', "Cache-Control": caching}
    known = request.if_none_match
    if known is not None and any(etag.value in {asset.etag, "*"} for etag in known):
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if asset.content_type.startswith("text/") or asset.content_type.endswith("+xml") else None
    return web.Response(body=asset.body, content_type=asset.content_type, charset=charset, headers=headers)


@functools.cache
def assets_in(folder: Path) -> Assets:
    return Assets(folder)


def page_routes(web_folder: Path = WEB) -> Iterable[web.RouteDef]:
    assets = assets_in(web_folder / "static")
    shell = Shell(web_folder / "templates" / "index.html", assets.release)
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
        web.get("/static/r/{release:[0-9a-f]{16}}/{path:.+}", assets.serve),
        web.get("/static/{path:.+}", assets.serve),
    ]
