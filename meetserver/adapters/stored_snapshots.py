"""A room's snapshot as its row has it: compressed, then sealed. In a thread, as it may be large."""

import asyncio
from typing import Final

from isal import isal_zlib

from meetserver.adapters.commit_path import about_snapshot
from meetserver.ids import RoomId
from meetserver.ports import Sealer

_GZIP: Final = 31
_MAGIC: Final = b"\x1f\x8b"
"""No snapshot begins with it: MessagePack would have a number there."""
_LEVEL: Final = 1
"""Of 0 to 3: 23 MB of strokes become 9.9 in 58 ms; 2 saves 0.1 more."""
_SIZE_BYTES: Final = 4
"""A gzip file's last four bytes are what it holds (RFC 1952, 2.3.1)."""


async def to_stored(sealer: Sealer, room: RoomId, seq: int, data: bytes) -> bytes:
    return await asyncio.to_thread(_to_stored, sealer, about_snapshot(room, seq), data)


async def from_stored(sealer: Sealer, room: RoomId, seq: int, stored: bytes) -> bytes:
    """Those of older releases are not compressed. Raises SealBroken."""
    return await asyncio.to_thread(_from_stored, sealer, about_snapshot(room, seq), stored)


def _to_stored(sealer: Sealer, about: str, data: bytes) -> bytes:
    return sealer.seal(isal_zlib.compress(data, _LEVEL, _GZIP), about)


def _from_stored(sealer: Sealer, about: str, stored: bytes) -> bytes:
    data = sealer.unseal(stored, about)
    if not data.startswith(_MAGIC):
        return data
    return isal_zlib.decompress(data, _GZIP, int.from_bytes(data[-_SIZE_BYTES:], "little"))
