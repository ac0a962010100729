"""Large files to a real server with a disk, by form and by tus, and back: how much more memory it needs for them.

    python -m tests.faults.big_upload                 5 GB each way; needs 11 GB in $TMPDIR
    python -m tests.faults.big_upload --megabytes 200

Exits with 1 when the server's peak of memory grew by MORE_BYTES or more.
"""

import argparse
import asyncio
import hashlib
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp import FormData
from msgspec import Struct

from meetserver.client import Api
from tests.faults.couriers import FILE_ID, OFFSETS, TUS, told
from tests.servers.meetserver import MeetServer

PASSWORD = "correct horse battery staple"
PIECE_BYTES = 256 * 1024
CHUNK_BYTES = 64 * 1000 * 1000
"""Of one request of tus."""
MORE_BYTES = 100_000_000
QUOTAS = ("MEET_FILE_MAX_BYTES", "MEET_FILES_PER_USER_BYTES", "MEET_FILES_PER_MEETING_BYTES")
ENOUGH = dict.fromkeys(QUOTAS, str(1 << 40))
PATIENCE = aiohttp.ClientTimeout(total=None, sock_read=300)


class Stretch(Struct, frozen=True):
    """One way of one file. `more_bytes`: by which the server's peak of memory grew since before the first."""

    name: str
    seconds: float
    more_bytes: int


class Made:
    """Bytes that are made while they are read, and so are nowhere whole."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._digest = hashlib.sha256()
        self._piece = secrets.token_bytes(PIECE_BYTES)

    async def part(self, start: int, end: int) -> AsyncIterator[bytes]:
        """In order, each part once."""
        for at in range(start, end, PIECE_BYTES):
            piece = (at.to_bytes(8) + self._piece[8:])[: end - at]
            self._digest.update(piece)
            yield piece

    @property
    def digest(self) -> bytes:
        """Of all that was read."""
        return self._digest.digest()


class Sender:
    """Somebody with a meeting."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str, token: str, meeting: str) -> None:
        self._http = http
        self._base_url = base_url
        self._auth = {"Authorization": f"Bearer {token}"}
        self._meeting = meeting

    async def by_form(self, made: Made) -> str:
        """The file's id."""
        form = FormData()
        form.add_field("file", made.part(0, made.size), filename="big.dat", content_type="application/octet-stream")
        url = f"{self._base_url}/api/v1/meetings/{self._meeting}/files"
        async with self._http.post(url, data=form, headers=self._auth, raise_for_status=True) as answer:
            return str((await answer.json())["id"])

    async def by_tus(self, made: Made) -> str:
        """The file's id."""
        given = {"Upload-Length": str(made.size), "Upload-Metadata": told(meeting=self._meeting, filename="big.dat")}
        headers = await self._told("POST", "/api/v1/files/uploads", given)
        place, at = headers["Location"], 0
        while at < made.size:
            end = min(at + CHUNK_BYTES, made.size)
            given = {"Upload-Offset": str(at), "Content-Type": OFFSETS}
            headers = await self._told("PATCH", place, given, made.part(at, end))
            assert int(headers["Upload-Offset"]) == end
            at = end
        return headers[FILE_ID]

    async def digest(self, file: str) -> bytes:
        digest, url = hashlib.sha256(), f"{self._base_url}/api/v1/files/{file}/content"
        async with self._http.get(url, headers=self._auth, raise_for_status=True) as answer:
            async for piece in answer.content.iter_any():
                digest.update(piece)
        return digest.digest()

    async def _told(
        self, method: str, path: str, given: dict[str, str], data: AsyncIterator[bytes] | None = None
    ) -> dict[str, str]:
        headers, url = self._auth | TUS | given, self._base_url + path
        async with self._http.request(method, url, data=data, headers=headers, raise_for_status=True) as answer:
            return dict(answer.headers)


async def carry(server: MeetServer, size: int) -> list[Stretch]:
    """A file by form and one by tus, each there and back. Raises AssertionError for one that came back otherwise."""
    async with aiohttp.ClientSession(timeout=PATIENCE) as http:
        api = Api(server.base_url, http=http)
        await api.register("ann@example.org", PASSWORD, "Ann")
        tokens = await api.login("ann@example.org", PASSWORD)
        meeting = await api.create_meeting("Films")
        sender = Sender(http, server.base_url, tokens.access_token, meeting.id)
        await sender.digest(await sender.by_form(Made(1)))  # what is loaded with the first file is no matter of size
        before, stretches = peak_bytes(server), list[Stretch]()
        for name, send in (("form", sender.by_form), ("tus", sender.by_tus)):
            made, begun_s = Made(size), time.monotonic()
            file = await send(made)
            stretches.append(Stretch(f"up by {name}", time.monotonic() - begun_s, peak_bytes(server) - before))
            begun_s = time.monotonic()
            assert await sender.digest(file) == made.digest, f"what came back is not what went by {name}"
            stretches.append(Stretch("down", time.monotonic() - begun_s, peak_bytes(server) - before))
        return stretches


def peak_bytes(server: MeetServer) -> int:
    """Of the process's resident memory, since it started."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{server.pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=5000)
    size = parser.parse_args().megabytes * 1_000_000
    server = MeetServer(settings=ENOUGH)
    try:
        await asyncio.to_thread(server.start)
        stretches = await carry(server, size)
    finally:
        await asyncio.to_thread(server.close)
    for one in stretches:
        rate, more = size / one.seconds / 1e6, one.more_bytes / 1e6
        sys.stdout.write(f"{one.name:12} {one.seconds:7.1f} s {rate:6.0f} MB/s   peak of memory {more:+.0f} MB\n")
    return 0 if stretches[-1].more_bytes < MORE_BYTES else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
