"""What blobs in an object store promise beyond what every BlobStore does."""

import asyncio
import http.client
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from meetserver import limits
from meetserver.adapters.blobs import DiskBlobs, open_blobs
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.object_store import ObjectBlobs
from meetserver.config import Config
from meetserver.errors import ConfigError, Unavailable
from tests.servers.s3 import SECRET_KEY, S3Server

PIECE = bytes(range(256)) * 1024
PART_BYTES = 4 * len(PIECE)


@pytest.fixture
def config(s3_server: S3Server) -> Config:
    """A store of this test's own."""
    return s3_server.config(prefix=uuid4().hex)


@pytest.fixture
def blobs(config: Config) -> ObjectBlobs:
    return ObjectBlobs.open(config)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OBJECT_PART_BYTES", PART_BYTES)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OBJECT_STORE_SILENCE_S", 0.3)


class Pieces:
    """`count` pieces, and how many were taken; then `error`."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self._count = count
        self._error = error
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._count):
            self.taken += 1
            yield PIECE
        if self._error is not None:
            raise self._error


async def read(blobs: ObjectBlobs, name: str) -> bytes:
    return b"".join([chunk async for chunk in blobs.get(name)])


async def names(blobs: ObjectBlobs) -> list[str]:
    return [name async for name in blobs.names()]


def ask(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes, str | None]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}", body)
        response = connection.getresponse()
        return response.status, response.read(), response.headers["Content-Type"]


@pytest.mark.parametrize("pieces", [4, 5, 8, 9])
@pytest.mark.usefixtures("small_parts")
async def test_a_blob_that_is_larger_than_a_part_is_whole(blobs: ObjectBlobs, s3_server: S3Server, pieces: int) -> None:
    assert await blobs.put("f", aiter(Pieces(pieces))) == pieces * len(PIECE)
    assert await read(blobs, "f") == PIECE * pieces
    assert not s3_server.unfinished()


@pytest.mark.usefixtures("small_parts")
async def test_a_large_upload_that_is_cut_off_leaves_nothing(blobs: ObjectBlobs, s3_server: S3Server) -> None:
    with pytest.raises(ConnectionResetError):
        await blobs.put("f", aiter(Pieces(10, ConnectionResetError())))
    assert await names(blobs) == []
    assert not s3_server.unfinished()


@pytest.mark.usefixtures("small_parts")
async def test_a_large_upload_that_is_cancelled_leaves_nothing(blobs: ObjectBlobs, s3_server: S3Server) -> None:
    waits = asyncio.Event()
    was_closed = False

    async def stalling() -> AsyncIterator[bytes]:
        nonlocal was_closed
        for _ in range(10):
            yield PIECE
        waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            was_closed = True

    putting = asyncio.create_task(blobs.put("f", stalling()))
    await waits.wait()
    assert s3_server.unfinished()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert was_closed
    assert await names(blobs) == []
    assert not s3_server.unfinished()


@pytest.mark.usefixtures("small_parts", "impatient")
async def test_a_store_that_hangs_is_unavailable_and_is_not_fed_more_than_it_takes() -> None:
    with S3Server() as server:
        blobs = ObjectBlobs.open(server.config("p"))
        await blobs.put("f", aiter(Pieces(1)))
        server.freeze()
        source = Pieces(1000)
        for call in (blobs.put("g", aiter(source)), blobs.put("g", aiter(Pieces(1))), read(blobs, "f"), names(blobs)):
            with pytest.raises(Unavailable):
                await call
        assert source.taken * len(PIECE) <= 4 * PART_BYTES


async def test_a_store_that_is_away_is_unavailable_until_it_is_back() -> None:
    with S3Server() as server:
        blobs = ObjectBlobs.open(server.config("p"))
        await blobs.put("f", aiter(Pieces(1)))
        await blobs.put("large", aiter(Pieces(100)))
        reading = blobs.get("large")
        await anext(reading)
        server.kill()
        with pytest.raises(Unavailable):
            async for _ in reading:
                pass
        for call in (blobs.put("f", aiter(Pieces(2))), read(blobs, "f"), blobs.size("f"), blobs.delete("f")):
            with pytest.raises(Unavailable, match="cannot be reached"):
                await call
        server.start()
        assert await read(blobs, "f") == PIECE


@pytest.mark.parametrize("failures", [limits.OBJECT_STORE_TRIES - 1, limits.OBJECT_STORE_TRIES])
async def test_a_request_that_fails_is_made_again_a_few_times(aiohttp_server: AiohttpServer, failures: int) -> None:
    answers = iter([503] * failures + [404])

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=next(answers))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = await aiohttp_server(app)
    endpoint = f"http://{server.host}:{server.port}"
    config = Config(files_url="s3://meet", s3_endpoint=endpoint, s3_access_key="k", s3_secret_key="s")
    if failures < limits.OBJECT_STORE_TRIES:
        assert await ObjectBlobs.open(config).size("f") is None
    else:
        with pytest.raises(Unavailable):
            await ObjectBlobs.open(config).size("f")


async def test_a_store_that_does_not_know_our_key_is_unavailable(s3_server: S3Server) -> None:
    blobs = ObjectBlobs.open(s3_server.config("p", secret_key="another secret"))
    with pytest.raises(Unavailable, match="refuses us") as caught:
        await blobs.put("f", aiter(Pieces(1)))
    assert "another secret" not in f"{caught.value} {caught.value.__cause__!r}"


async def test_a_bucket_that_is_not_there_is_unavailable(config: Config) -> None:
    elsewhere = Config(
        files_url="s3://nowhere",
        s3_endpoint=config.s3_endpoint,
        s3_access_key=config.s3_access_key,
        s3_secret_key=config.s3_secret_key,
    )
    with pytest.raises(Unavailable, match="no such bucket"):
        await ObjectBlobs.open(elsewhere).put("f", aiter(Pieces(1)))


async def test_what_else_is_in_the_bucket_is_no_blob(blobs: ObjectBlobs, s3_server: S3Server, config: Config) -> None:
    await blobs.put("m/f", aiter(Pieces(1)))
    prefix = config.files_url.rpartition("/")[2]
    for key in (f"{prefix}/m/notes.txt", f"{prefix}-elsewhere/m/g.blob", "m/g.blob"):
        s3_server.given_object(key, b"x")
    assert await names(blobs) == ["m/f"]


async def test_what_was_on_the_disk_can_be_copied_into_the_bucket(
    blobs: ObjectBlobs, s3_server: S3Server, config: Config, tmp_path: Path
) -> None:
    disk = DiskBlobs(tmp_path, SeededRandom())
    for name in ("m/f", "m/f/g"):
        await disk.put(name, aiter(Pieces(1)))
    prefix = config.files_url.rpartition("/")[2]
    s3_server.given_folder(prefix, tmp_path)
    assert await names(blobs) == [name async for name in disk.names()] == ["m/f", "m/f/g"]
    assert await read(blobs, "m/f/g") == PIECE


# --- presigned


async def test_a_presigned_url_gives_this_blob_and_nothing_else(blobs: ObjectBlobs) -> None:
    await blobs.put("m/f", aiter(Pieces(1)))
    await blobs.put("m/g", aiter(Pieces(1)))
    url, other = await blobs.presigned_get(["m/f", "m/g"], 60)
    assert await asyncio.to_thread(ask, "GET", url) == (200, PIECE, "application/octet-stream")
    assert "/m/g.blob" in other
    assert SECRET_KEY not in url
    for method, changed in [
        ("PUT", url),
        ("GET", url.replace("/m/f.blob", "/m/g.blob")),
        ("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
    ]:
        status, body, _ = await asyncio.to_thread(ask, method, changed)
        assert (status, PIECE in body) == (403, False)


async def test_a_presigned_url_takes_a_blob(blobs: ObjectBlobs) -> None:
    status, _, _ = await asyncio.to_thread(ask, "PUT", await blobs.presigned_put("m/f", 60), PIECE)
    assert status == 200
    assert await read(blobs, "m/f") == PIECE


# --- which store the settings mean


def test_without_a_url_files_are_in_the_data_folder(tmp_path: Path) -> None:
    blobs = open_blobs(Config(data_dir=str(tmp_path)), SeededRandom())
    assert isinstance(blobs, DiskBlobs)


def test_with_one_they_are_in_the_bucket(config: Config) -> None:
    assert isinstance(open_blobs(config, SeededRandom()), ObjectBlobs)


def test_without_the_packages_that_it_needs_the_server_says_so(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "meetserver.adapters.object_store", None)
    with pytest.raises(ConfigError, match=r"MEET_FILES_URL.*meetserver\[s3\]"):
        open_blobs(config, SeededRandom())
