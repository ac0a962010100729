"""How others fare while one floods a room with chat as fast as it can: from sending a message to its being heard.

    .venv/bin/python -m bench.flooder [seconds]

The flooder is a process of its own on the same machine, so that what it costs there is in the figures as well.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from bench.crowd import Crowd, given_crowd
from tests.servers.meetserver import SOURCE

TEXT_BYTES = 200
FLOOD_PER_S = 5000


@contextlib.asynccontextmanager
async def flooder(crowd: Crowd) -> AsyncIterator[None]:
    """In the first room; cut off, it comes again."""
    url = crowd.server.base_url
    words = [url, crowd.rooms[0].meeting, str(FLOOD_PER_S), str(urlsplit(url).port)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.matrix.flooder", *words, cwd=SOURCE
    )
    try:
        yield
        if process.returncode is not None:
            raise SystemExit("the flooder gave up")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def main(seconds: float) -> None:
    async with given_crowd(TEXT_BYTES) as crowd:
        await crowd.round("quiet, its room", seconds, crowd.rooms[:1])
        await crowd.round("quiet, all rooms", seconds)
        async with flooder(crowd):
            await crowd.round("flooded, its room", seconds, crowd.rooms[:1])
            await crowd.round("flooded, other rooms", seconds, crowd.rooms[1:])
        await crowd.round("afterwards", seconds)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 15.0))
