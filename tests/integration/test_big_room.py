"""The measurement of a room with a long log (bench/big_room.py) measures what it says, on a short one."""

from pathlib import Path

from bench.big_room import Place, Site, disk, fill, opened
from meetserver.chat.messages import Sent

ENTRIES = 2000


async def test_a_room_is_filled_and_joined(tmp_path: Path) -> None:
    place = Place(tmp_path, "")

    filled = await fill(place, ENTRIES)

    assert filled.types.total() == ENTRIES
    assert (filled.strokes, filled.types[Sent.type]) == (ENTRIES // 2, ENTRIES // 5)
    async with opened(place) as (core, _):
        assert (await disk(core.database, filled.room)).entries == ENTRIES
    async with Site(place, filled) as site:
        joined = await site.join("a short log")
        assert len(joined.page()) == filled.strokes
        assert 0 < joined.ok_ms <= joined.whole_ms
