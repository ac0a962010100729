"""`make bench`: every measurement, one after the other."""

import asyncio

from bench import commit_path, fanout, reducers

asyncio.run(commit_path.main(5.0))
asyncio.run(fanout.main(5))
reducers.main()
