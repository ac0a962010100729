"""`make bench`: every measurement, one after the other."""

import asyncio

import uvloop

from bench import (
    attacks,
    board_client,
    bus,
    cache,
    commit_path,
    fanout,
    flooder,
    login_flood,
    reducers,
    stalled_readers,
)

asyncio.run(commit_path.main(5.0))
asyncio.run(fanout.main(5))
uvloop.run(bus.main(5))
asyncio.run(cache.main(5))
asyncio.run(login_flood.main(10.0))
asyncio.run(attacks.main(10.0, 5000))
asyncio.run(stalled_readers.main(20.0))
asyncio.run(flooder.main(10.0))
asyncio.run(board_client.main(board_client.ELEMENTS))
reducers.main()
