"""What is in the store of files against what the database says is: names compared past the server."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from meetserver import limits
from meetserver.adapters.blobs import open_blobs
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.random import SystemRandom
from meetserver.config import load_config
from meetserver.files.identity import MARKER
from meetserver.files.jobs import Sweeper
from meetserver.files.models import content, upload
from meetserver.files.orphans import Orphans
from meetserver.files.store import Content, of_row

LATER = timedelta(seconds=2 * max(limits.UPLOAD_LIFE_S, limits.FILE_DELETED_S))


async def left_after_the_sweeps(environment: Mapping[str, str]) -> list[str]:
    """Sweep as on the day after tomorrow; then a sentence for each blob too many or missing, and each upload that is
    still there. `environment`: the server's variables."""
    config = load_config(environment)
    blobs, database = open_blobs(config, SystemRandom()), open_database(config)
    try:
        await Sweeper(database, blobs, ManualClock(SystemClock().now() + LATER)).run()
        await Orphans(database, blobs).run()
        there = {name async for name in blobs.names()}
        contents = [of_row(Content, row) for row in await database.fetch(select(content))]
        uploads = [row.id for row in await database.fetch(select(upload.c.id))]
    finally:
        await database.close()
    known = {MARKER}.union(*(one.blobs for one in contents))
    return [
        *(f"the store has {name}, which nobody knows" for name in sorted(there - known)),
        *(f"the store has no {name}" for name in sorted(known - there)),
        *(f"upload {id_} is still there" for id_ in uploads),
    ]
