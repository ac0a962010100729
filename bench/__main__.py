"""`make bench`: every measurement, one after the other."""

import asyncio

from bench import commit_path

asyncio.run(commit_path.main(5.0))
