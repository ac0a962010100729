"""A tus client that others wrote (tuspy) against a real server process, which is killed in the middle of an upload."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed
from tusclient.uploader.uploader import Uploader

from meetserver.client import Api
from tests.servers.meetserver import MeetServer

PASSWORD = "correct horse battery staple"
CHUNK_BYTES = 100_000
DATA = bytes(range(251)) * 4000


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    with MeetServer() as running:
        yield running


class Bringer:
    """Somebody with a meeting, who uploads to it by tuspy."""

    def __init__(self, http: aiohttp.ClientSession, server: MeetServer, token: str, meeting: str) -> None:
        self._http = http
        self._url = f"{server.base_url}/api/v1"
        self._auth = {"Authorization": f"Bearer {token}"}
        self._meeting = meeting

    def uploader(self, stream: io.BytesIO, kind: type[Uploader] = Uploader, **more: Any) -> Uploader:
        client = TusClient(f"{self._url}/files/uploads", headers=self._auth)
        metadata = {"meeting": self._meeting, "filename": "some.dat", "filetype": "application/octet-stream"}
        return kind(file_stream=stream, client=client, metadata=metadata, chunk_size=CHUNK_BYTES, **more)

    async def content(self) -> bytes:
        """Of the only file that is there."""
        async with self._http.get(f"{self._url}/meetings/{self._meeting}/files", headers=self._auth) as answer:
            (file,) = (await answer.json())["items"]
        async with self._http.get(f"{self._url}/files/{file['id']}/content", headers=self._auth) as answer:
            return await answer.read()


@pytest.fixture
async def ann(server: MeetServer, request: pytest.FixtureRequest) -> AsyncIterator[Bringer]:
    async with aiohttp.ClientSession() as http:
        api, email = Api(server.base_url, http=http), f"{request.node.name.replace('_', '')}@example.org"
        await api.register(email, PASSWORD, "Ann")
        tokens = await api.login(email, PASSWORD)
        meeting = await api.create_meeting("Weekly")
        yield Bringer(http, server, tokens.access_token, meeting.id)


async def test_it_uploads(ann: Bringer) -> None:
    uploader = await asyncio.to_thread(ann.uploader, io.BytesIO(DATA), upload_checksum=True)
    await asyncio.to_thread(uploader.upload)
    assert await ann.content() == DATA


class CutShort(io.BytesIO):
    """`cut` is called when somebody reads on from its middle."""

    def __init__(self, data: bytes, cut: Callable[[], None]) -> None:
        super().__init__(data)
        self._middle = len(data) // 2
        self._cut = cut

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > self._middle:
            self._cut()
        return super().read(size)


async def test_what_a_killed_server_had_taken_need_not_come_again(ann: Bringer, server: MeetServer) -> None:
    cut_off = await asyncio.to_thread(ann.uploader, CutShort(DATA, server.kill))
    with pytest.raises(TusUploadFailed):
        await asyncio.to_thread(cut_off.upload)
    await asyncio.to_thread(server.start)
    again = await asyncio.to_thread(ann.uploader, io.BytesIO(DATA), url=cut_off.url)
    assert again.offset == cut_off.offset > len(DATA) // 2
    await asyncio.to_thread(again.upload)
    assert await ann.content() == DATA


class Mistaken(Uploader):
    """What it says of the bytes is not so."""

    @property
    def checksum_algorithm(self) -> Any:
        return lambda chunk: hashlib.sha1(chunk + b"!")


async def test_a_wrong_checksum_is_refused_and_nothing_kept(ann: Bringer) -> None:
    mistaken = await asyncio.to_thread(ann.uploader, io.BytesIO(DATA), Mistaken, upload_checksum=True)
    with pytest.raises(TusUploadFailed) as caught:
        await asyncio.to_thread(mistaken.upload)
    assert caught.value.status_code == 460
    assert await asyncio.to_thread(mistaken.get_offset) == 0
    right = await asyncio.to_thread(ann.uploader, io.BytesIO(DATA), url=mistaken.url, upload_checksum=True)
    await asyncio.to_thread(right.upload)
    assert await ann.content() == DATA
