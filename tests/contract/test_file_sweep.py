"""What processes that died left in the store goes by and by."""

import os
from datetime import timedelta
from pathlib import Path

from meetserver import limits
from meetserver.adapters.blobs import ASIDE, DiskBlobs
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.adapters.random import SystemRandom
from meetserver.database import Database
from meetserver.files.jobs import Sweeper


async def test_what_was_written_aside_and_never_whole_is_swept(database: Database, tmp_path: Path) -> None:
    aside = tmp_path / ASIDE
    aside.mkdir()
    for name, age_s in (("dead", limits.FILE_DELETED_S + 1), ("at-work", limits.FILE_DELETED_S - 1)):
        (aside / name).write_bytes(b"half")
        written = (START - timedelta(seconds=age_s)).timestamp()
        os.utime(aside / name, (written, written))
    await Sweeper(database, DiskBlobs(tmp_path, SystemRandom()), ManualClock()).run()
    assert os.listdir(aside) == ["at-work"]
