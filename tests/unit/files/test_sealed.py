"""A sealed blob opens as what was sealed, anywhere in it, and as nothing else."""

import os
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetserver.adapters.memory.blobs import MemoryBlobs
from meetserver.errors import NotFound, SealBroken
from meetserver.files.sealed import CHUNK_BYTES, open_range, seal, sealed_bytes

KEY = bytes(range(32))
FILE = "f1"
SEALED_CHUNK = CHUNK_BYTES + 16
HEADER = 33
TWO_AND_A_HALF = os.urandom(CHUNK_BYTES * 5 // 2)

sizes = st.sampled_from(
    [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
) | st.integers(0, 4 * CHUNK_BYTES)


class WatchedBlobs(MemoryBlobs):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[tuple[int, int | None]] = []

    def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        self.read.append((start, end))
        return super().get(name, start, end)


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def sealed(content: bytes, part: int = 0, *, piece: int = 100_000, key: bytes = KEY, about: str = FILE) -> bytes:
    return b"".join([chunk async for chunk in seal(pieces(content, piece), key, about, part)])


async def kept(blob: bytes) -> MemoryBlobs:
    store = WatchedBlobs()
    await store.put("blob", pieces(blob, 100_000))
    return store


async def opened(
    store: MemoryBlobs,
    size: int,
    start: int = 0,
    end: int | None = None,
    *,
    key: bytes = KEY,
    about: str = FILE,
    part: int = 0,
) -> bytes:
    end = size if end is None else end
    return b"".join([chunk async for chunk in open_range(store, "blob", key, about, part, size, start, end)])


def chunk_of(blob: bytes, number: int) -> bytes:
    begin = HEADER + number * SEALED_CHUNK
    return blob[begin : begin + SEALED_CHUNK]


@settings(deadline=None, max_examples=60)
@given(size=sizes, piece=st.integers(1, 3 * CHUNK_BYTES), data=st.data())
async def test_any_range_opens_as_it_was(size: int, piece: int, data: st.DataObject) -> None:
    content = os.urandom(size)
    blob = await sealed(content, piece=max(piece, size // 50))
    assert len(blob) == sealed_bytes(size)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    assert await opened(await kept(blob), size, start, end) == content[start:end]


@settings(deadline=None, max_examples=60)
@given(size=st.integers(1, CHUNK_BYTES + 100), at=st.integers(0), bit=st.integers(0, 7))
async def test_no_bit_can_be_turned(size: int, at: int, bit: int) -> None:
    blob = bytearray(await sealed(os.urandom(size)))
    blob[at % len(blob)] ^= 1 << bit
    with pytest.raises(SealBroken):
        await opened(await kept(bytes(blob)), size)


async def test_only_the_chunks_of_the_range_are_read() -> None:
    store = WatchedBlobs()
    await store.put("blob", pieces(await sealed(TWO_AND_A_HALF), 100_000))
    at = CHUNK_BYTES + 10
    assert await opened(store, len(TWO_AND_A_HALF), at, at + 5) == TWO_AND_A_HALF[at : at + 5]
    assert sorted(store.read) == [(0, HEADER), (HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK)]
    store.read.clear()
    await opened(store, len(TWO_AND_A_HALF), 0, 5)
    assert store.read == [(0, HEADER + SEALED_CHUNK)]


async def test_nothing_of_nothing_is_read() -> None:
    store = WatchedBlobs()
    assert await opened(store, 10, 4, 4) == b""
    assert not store.read


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 4), (0, 11)])
async def test_a_range_outside_the_content_is_none(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="range"):
        await opened(await kept(await sealed(b"0123456789")), 10, start, end)


async def test_a_piece_has_at_most_a_chunk() -> None:
    store = await kept(await sealed(TWO_AND_A_HALF))
    size = len(TWO_AND_A_HALF)
    seen = [len(piece) async for piece in open_range(store, "blob", KEY, FILE, 0, size, 0, size)]
    assert seen == [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES // 2]


@pytest.mark.parametrize("cut", [1, 16, SEALED_CHUNK // 2 + 16, SEALED_CHUNK + 100, 3 * SEALED_CHUNK])
async def test_a_blob_that_was_cut_does_not_open_to_its_end(cut: int) -> None:
    blob = await sealed(TWO_AND_A_HALF)
    with pytest.raises(SealBroken):
        await opened(await kept(blob[:-cut]), len(TWO_AND_A_HALF))


async def test_a_blob_cut_between_two_chunks_does_not_open_as_a_shorter_one() -> None:
    """Even when the row says that it is as short."""
    blob = await sealed(TWO_AND_A_HALF)
    shorter = await kept(blob[: HEADER + 2 * SEALED_CHUNK])
    assert await opened(shorter, len(TWO_AND_A_HALF), 0, CHUNK_BYTES) == TWO_AND_A_HALF[:CHUNK_BYTES]
    with pytest.raises(SealBroken):
        await opened(shorter, 2 * CHUNK_BYTES)


async def test_a_last_chunk_is_not_one_in_the_middle() -> None:
    """A blob that another's chunks were put behind, even under the same salt."""
    content = TWO_AND_A_HALF[:CHUNK_BYTES]
    blob = await sealed(content)
    with pytest.raises(SealBroken):
        await opened(await kept(blob + chunk_of(blob, 0)), 2 * CHUNK_BYTES)


async def test_chunks_that_changed_places_do_not_open() -> None:
    blob = await sealed(TWO_AND_A_HALF)
    swapped = blob[:HEADER] + chunk_of(blob, 1) + chunk_of(blob, 0) + blob[HEADER + 2 * SEALED_CHUNK :]
    for start in (0, CHUNK_BYTES):
        with pytest.raises(SealBroken):
            await opened(await kept(swapped), len(TWO_AND_A_HALF), start, start + 1)


async def test_a_chunk_of_another_sealing_of_the_same_part_does_not_fit() -> None:
    first, second = await sealed(TWO_AND_A_HALF), await sealed(TWO_AND_A_HALF)
    assert chunk_of(first, 0) != chunk_of(second, 0)
    mixed = first[: HEADER + SEALED_CHUNK] + second[HEADER + SEALED_CHUNK :]
    with pytest.raises(SealBroken):
        await opened(await kept(mixed), len(TWO_AND_A_HALF))


async def test_a_part_is_no_other_part_and_a_file_no_other_file() -> None:
    store = await kept(await sealed(b"content", part=1))
    assert await opened(store, 7, part=1) == b"content"
    with pytest.raises(SealBroken, match="part 0 of file f1"):
        await opened(store, 7, part=0)
    with pytest.raises(SealBroken, match="f2"):
        await opened(store, 7, part=1, about="f2")
    with pytest.raises(SealBroken):
        await opened(store, 7, part=1, key=bytes(32))


async def test_another_version_does_not_open() -> None:
    blob = await sealed(b"content")
    with pytest.raises(SealBroken, match="version 2"):
        await opened(await kept(b"\x02" + blob[1:]), 7)


async def test_a_key_that_is_too_short_seals_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        await sealed(b"content", key=b"short")


async def test_a_blob_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        await opened(MemoryBlobs(), 7)


# Made by a program of its own: HKDF from hmac, AES-256-GCM step by step, nonce and associated data by hand.
KNOWN_SALT = bytes(range(32, 64))
KNOWN_CONTENT = b"a" * CHUNK_BYTES + b"the end"
KNOWN_START = "01202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3fc93b3ca08b979c6df1aaf500ea191a70"
KNOWN_END = "f68c7fe7696e3715a717535298123d54ba4b80937db553287cb6d16a42e06327a3c9ae5e2d7770"


async def test_a_known_blob_opens_and_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: KNOWN_SALT[:size])
    blob = await sealed(KNOWN_CONTENT, part=3)
    assert blob[: HEADER + 16].hex() == KNOWN_START
    assert blob[HEADER + CHUNK_BYTES :].hex() == KNOWN_END
    assert await opened(await kept(blob), len(KNOWN_CONTENT), part=3) == KNOWN_CONTENT
