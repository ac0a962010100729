"""Bounded by bytes."""

from meetserver.cache.lru import ENTRY_BYTES, Kept, Lru

SIZE = ENTRY_BYTES + 2
"""Of an entry with one letter for a name and one byte for a value."""


def kept(value: bytes = b"v", until: float = 10.0) -> Kept:
    return Kept(value, until, until)


def test_what_was_used_longest_ago_goes_first() -> None:
    lru = Lru(16 * SIZE)
    for name in "abcdefghijklmnop":
        lru.put(name, kept())
    assert lru.bytes == 16 * SIZE
    assert lru.get("a", 0.0) is not None
    lru.put("q", kept())
    assert [name for name in "abcq" if lru.get(name, 0.0)] == ["a", "c", "q"]
    assert (len(lru), lru.bytes) == (16, 16 * SIZE)


def test_what_is_too_large_takes_nobody_s_place_and_leaves_its_own() -> None:
    lru = Lru(16 * SIZE)
    lru.put("a", kept())
    lru.put("b", kept())
    lru.put("b", kept(b"vv"))
    assert lru.get("a", 0.0) is not None
    assert lru.get("b", 0.0) is None, "it is another value now"
    assert lru.bytes == SIZE


def test_another_value_counts_in_the_place_of_the_first() -> None:
    lru = Lru(32 * SIZE)
    lru.put("a", kept(b"v"))
    lru.put("a", kept(b"vvv"))
    assert lru.bytes == SIZE + 2
    lru.drop("a")
    lru.drop("a")
    assert (len(lru), lru.bytes) == (0, 0)


def test_what_is_over_is_gone() -> None:
    lru = Lru(32 * SIZE)
    lru.put("a", kept(until=10.0))
    assert lru.get("a", 9.9) is not None
    assert lru.get("a", 10.0) is None
    assert lru.bytes == 0
