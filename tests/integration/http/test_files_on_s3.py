"""Files of a real server process in a real S3-compatible store: brought, got, deleted; and the store goes away."""

import asyncio
import io
import random
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from PIL import Image

from meetserver import limits
from meetserver.client import Api
from tests.faults.couriers import Couriers, NotTaken, Parcel
from tests.faults.stored import left_after_the_sweeps
from tests.servers.meetserver import MeetServer
from tests.servers.s3 import S3Server

PASSWORD = "correct horse battery staple"
DATA = random.Random(5).randbytes(limits.FILE_PART_BYTES + 100_000)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with S3Server() as running:
        yield running


@pytest.fixture(scope="module")
def server(s3: S3Server) -> Iterator[MeetServer]:
    config = s3.config(prefix="files")
    names = ("files_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
    with MeetServer(settings={f"MEET_{name.upper()}": getattr(config, name) for name in names}) as running:
        yield running


class Visitor(Couriers):
    """Somebody with a meeting, at one server."""

    def __init__(self, http: aiohttp.ClientSession, api: Api, meeting: str, url: str) -> None:
        super().__init__(http, api, meeting, random.Random(1))
        self.url = url

    async def brings(self, name: str, data: bytes, *, is_resumable: bool = False, kind: str = "") -> Parcel:
        parcel = Parcel(name, data, is_resumable=is_resumable, kind=kind)
        await self.bring(parcel, self.url)
        return parcel

    async def gets(self, parcel: Parcel, what: str = "/content", **headers: str) -> tuple[int, bytes]:
        url = f"{self.url}/api/v1/files/{parcel.file}{what}"
        async with self._http.get(url, headers=self._auth | headers) as answer:
            return answer.status, await answer.read()


@pytest.fixture
async def ann(server: MeetServer, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as http:
        api, email = Api(server.base_url, http=http), f"{request.node.name.replace('_', '')}@example.org"
        await api.register(email[-60:], PASSWORD, "Ann")
        await api.login(email[-60:], PASSWORD)
        yield Visitor(http, api, (await api.create_meeting("Weekly")).id, server.base_url)


async def test_all_that_is_done_with_files(ann: Visitor, server: MeetServer) -> None:
    image = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(image, "PNG")
    form = await ann.brings("form.dat", DATA)
    tus = await ann.brings("tus.dat", DATA[1:], is_resumable=True)
    picture = await ann.brings("teal.png", image.getvalue(), kind="image/png")
    assert await ann.gets(form) == (200, DATA)
    assert await ann.gets(tus) == (200, DATA[1:])
    across = limits.FILE_PART_BYTES
    assert await ann.gets(form, Range=f"bytes={across - 10}-{across + 9}") == (206, DATA[across - 10 : across + 10])
    status, thumbnail = await ann.gets(picture, "/thumbnail")
    assert (status, Image.open(io.BytesIO(thumbnail)).size) == (200, (256, 192))
    assert await left_after_the_sweeps(server.environment) == []
    await ann.delete([form.file, tus.file, picture.file], ann.url)
    assert await left_after_the_sweeps(server.environment) == []


async def test_while_the_store_is_away_uploads_wait(ann: Visitor, s3: S3Server) -> None:
    there = await ann.brings("there.dat", DATA[:1000])
    coming = Parcel("coming.dat", DATA, is_resumable=True)
    await ann.begin(coming, ann.url)
    stood_at = await ann.send(coming, ann.url, 0)
    await asyncio.to_thread(s3.kill)
    try:
        for wanted in (ann.send(coming, ann.url, stood_at), ann.brings("new.dat", DATA[:1000])):
            with pytest.raises(NotTaken) as caught:
                await wanted
            assert (caught.value.status, caught.value.code) == (503, "unavailable")
        assert (await ann.gets(there))[0] == 503
        assert await ann.stands_at(coming, ann.url) == stood_at
    finally:
        await asyncio.to_thread(s3.start)
    await ann.bring(coming, ann.url)
    assert await ann.gets(coming) == (200, DATA)
    assert await ann.gets(there) == (200, DATA[:1000])
    assert set(await ann.listed(ann.url)) == {"there.dat", "coming.dat"}
