"""The short form: a file much larger than what the server may need for it. `big_upload.py` itself sends 5 GB."""

import pytest

from tests.faults.big_upload import ENOUGH, carry
from tests.servers.meetserver import MeetServer

SIZE = 64_000_000


@pytest.mark.faults
async def test_a_large_file_is_never_whole_in_memory() -> None:
    with MeetServer(settings=ENOUGH) as server:
        stretches = await carry(server, SIZE)
    assert stretches[-1].more_bytes < SIZE / 2, stretches
