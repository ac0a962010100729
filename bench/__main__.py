"""`make bench`: every measurement, one after the other."""

import asyncio

from bench import attacks, commit_path, fanout, login_flood, reducers

asyncio.run(commit_path.main(5.0))
asyncio.run(fanout.main(5))
asyncio.run(login_flood.main(10.0))
asyncio.run(attacks.main(10.0, 5000))
reducers.main()
