"""People who bring files to a meeting, one after the other, by form and by tus in turn, and remember what the server
said of each: so that later all that it acknowledged can be asked for, and all that it did not be gone on with.
"""

import asyncio
import hashlib
import io
import math
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from aiohttp import FormData

from meetserver.client import Api

LARGEST_BYTES = 30_000_000
LARGEST_CHUNK_BYTES = 8_000_000
TUS = {"Tus-Resumable": "1.0.0"}
OFFSETS = "application/offset+octet-stream"
FILE_ID = "Meet-File-Id"
LOST = (aiohttp.ClientError, ConnectionError)


def told(**values: str) -> str:
    """Upload-Metadata (tus 1.0.0)."""
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


class NotTaken(Exception):
    """A file was refused; `code` is the API's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class Parcel:
    """A file on its way. `file` is its id, once the server has acknowledged it; `place` its upload's, once begun."""

    def __init__(self, name: str, data: bytes, *, is_resumable: bool, kind: str = "") -> None:
        """`kind`: what it is said to be."""
        self.name = name
        self.kind = kind or "application/octet-stream"
        self.data = data
        self.is_resumable = is_resumable
        self.file = self.place = ""

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.data).digest()


class Couriers:
    """Of one meeting, where they act as `host`."""

    def __init__(self, http: aiohttp.ClientSession, host: Api, meeting: str, chance: random.Random) -> None:
        assert host.tokens is not None
        self._http = http
        self._auth = {"Authorization": f"Bearer {host.tokens.access_token}"}
        self._meeting = meeting
        self._chance = chance
        self.parcels: list[Parcel] = []
        self.refusals: list[NotTaken] = []

    @asynccontextmanager
    async def at_work(self, base_url: str, people: int) -> AsyncIterator[None]:
        """So many bring files to that server while the body runs, and on until it is lost or refuses one."""
        workers = [asyncio.create_task(self._bring_on(base_url)) for _ in range(people)]
        try:
            yield
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _bring_on(self, base_url: str) -> None:
        while True:
            self.parcels.append(parcel := self._another())
            try:
                await self.bring(parcel, base_url)
            except NotTaken as refusal:
                self.refusals.append(refusal)
                return
            except LOST:
                return

    def _another(self) -> Parcel:
        """Sizes of all orders. One in eight has the bytes of an earlier one."""
        count = len(self.parcels)
        size = int(math.exp(self._chance.uniform(0, math.log(LARGEST_BYTES))))
        is_same = count > 0 and self._chance.random() < 0.125
        data = self._chance.choice(self.parcels).data if is_same else self._chance.randbytes(size)
        return Parcel(f"{count}.dat", data, is_resumable=self._chance.random() < 0.5)

    async def bring(self, parcel: Parcel, base_url: str) -> None:
        """Or go on with it where it stands. Raises NotTaken, and LOST."""
        if not parcel.is_resumable:
            form = FormData()
            form.add_field("file", io.BytesIO(parcel.data), filename=parcel.name, content_type=parcel.kind)
            _, answer = await self._call("POST", f"{base_url}/api/v1/meetings/{self._meeting}/files", data=form)
            parcel.file = answer["id"]
            return
        at = await (self.stands_at(parcel, base_url) if parcel.place else self.begin(parcel, base_url))
        while not parcel.file:
            at = await self.send(parcel, base_url, at)

    async def begin(self, parcel: Parcel, base_url: str) -> int:
        """Where it stands then, as the two that follow."""
        metadata = told(meeting=self._meeting, filename=parcel.name, filetype=parcel.kind)
        given = TUS | {"Upload-Length": str(len(parcel.data)), "Upload-Metadata": metadata}
        headers, _ = await self._call("POST", f"{base_url}/api/v1/files/uploads", headers=given)
        parcel.place, parcel.file = headers["Location"], headers.get(FILE_ID, "")
        return 0

    async def stands_at(self, parcel: Parcel, base_url: str) -> int:
        headers, _ = await self._call("HEAD", base_url + parcel.place, headers=TUS)
        parcel.file = headers.get(FILE_ID, "")
        return int(headers["Upload-Offset"])

    async def send(self, parcel: Parcel, base_url: str, at: int) -> int:
        chunk = parcel.data[at : at + self._chance.randint(1, LARGEST_CHUNK_BYTES)]
        given = TUS | {"Upload-Offset": str(at), "Content-Type": OFFSETS}
        if self._chance.random() < 0.5:
            given["Upload-Checksum"] = f"sha256 {b64encode(hashlib.sha256(chunk).digest()).decode()}"
        headers, _ = await self._call("PATCH", base_url + parcel.place, data=io.BytesIO(chunk), headers=given)
        parcel.file = headers.get(FILE_ID, "")
        return int(headers["Upload-Offset"])

    # --- what the server has of it

    async def listed(self, base_url: str) -> dict[str, str]:
        """The meeting's files: ids by name."""
        url, cursor, found = f"{base_url}/api/v1/meetings/{self._meeting}/files", "", dict[str, str]()
        while True:
            _, page = await self._call("GET", f"{url}?limit=100{cursor}")
            found |= {item["name"]: item["id"] for item in page["items"]}
            if not page.get("next"):
                return found
            cursor = f"&cursor={page['next']}"

    async def digest(self, file: str, base_url: str) -> bytes:
        digest = hashlib.sha256()
        async with self._http.get(f"{base_url}/api/v1/files/{file}/content", headers=self._auth) as answer:
            async for chunk in answer.content.iter_any():
                digest.update(chunk)
            return digest.digest() if answer.status == 200 else b""

    async def delete(self, files: Iterable[str], base_url: str) -> None:
        for file in files:
            await self._call("DELETE", f"{base_url}/api/v1/files/{file}")

    async def _call(self, method: str, url: str, **options: Any) -> tuple[Mapping[str, str], Any]:
        headers = self._auth | options.pop("headers", {})
        async with self._http.request(method, url, headers=headers, **options) as answer:
            said = await answer.read()
            body = msgspec.json.decode(said) if said else {}
            if answer.status >= 300:
                raise NotTaken(answer.status, body.get("code", ""), body.get("detail", ""))
            return answer.headers, body
