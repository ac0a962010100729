"""How the others fare while 20 of 200 clients never read: from sending a message to its being heard.

    .venv/bin/python -m bench.stalled_readers [seconds]

The same rooms with everybody reading come before, on a server of their own.
"""

import asyncio
import sys

from bench.crowd import given_crowd

STALLED = 20
TEXT_BYTES = 6000
"""Ten a second of these fill what a network takes on within a few seconds."""


async def main(seconds: float) -> None:
    async with given_crowd(TEXT_BYTES) as crowd:
        await crowd.round("all read", seconds)
    async with given_crowd(TEXT_BYTES, STALLED) as crowd:
        await crowd.round(f"{STALLED} never read", seconds)
        await crowd.round("the same, later", seconds)
        print(f"{crowd.cut_off} were cut off meanwhile")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
