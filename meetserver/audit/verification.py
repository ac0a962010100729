"""Reads the chain from one end to the other and says where it is broken."""

import re

from msgspec import Struct

from meetserver.audit import store
from meetserver.audit.chain import BEGINNING, Link, fault
from meetserver.database import Database
from meetserver.errors import BadMessage

PAGE_EVENTS = 1000

_head = re.compile(r"[0-9]{1,15}:[0-9a-f]{64}")


class Verdict(Struct, frozen=True):
    """`count` links from `first` to `seq` are whole; `hash` is the last one's. `fault`: what is wrong after them."""

    count: int
    first: int
    seq: int
    hash: bytes
    fault: str | None = None

    @property
    def head(self) -> str:
        """The end of what was looked at, to be kept elsewhere: nobody can then cut the log before it unseen."""
        return f"{self.seq}:{self.hash.hex()}"


async def verify(
    database: Database, first: int = 1, last: int | None = None, *, kept: tuple[int, bytes] | None = None
) -> Verdict:
    """The links from `first` to `last` (None: to the end). `kept` is an earlier head: an event's number and hash.
    Without one nobody can tell that events are missing at the end. It may be of the event before `first`, so that only
    what is new is looked at. Raises BadMessage for one that says nothing about these links.
    """
    if kept is not None and not first - 1 <= kept[0] <= (kept[0] if last is None else last):
        raise BadMessage(f"event {kept[0]}, whose hash was kept, is not among those that are looked at")
    seq, digest = first - 1, await _hash_at(database, first - 1)
    if digest is None:
        return Verdict(0, first, seq, b"", f"event {seq} is missing")
    if kept is not None and kept[0] == seq and kept[1] != digest:
        return Verdict(0, first, seq, digest, _not_kept(seq))
    while links := await store.page(database, seq, _page_size(seq, last)):
        for link in links:
            wrong = fault(link, seq + 1, digest) or _fault_by_kept(link, kept)
            if wrong is not None:
                return Verdict(seq - first + 1, first, seq, digest, wrong)
            seq, digest = link.seq, link.hash
    missing = kept is not None and seq < kept[0]
    return Verdict(
        seq - first + 1, first, seq, digest, f"event {seq + 1} and later ones are missing" if missing else None
    )


def read_head(text: str) -> tuple[int, bytes]:
    """What `Verdict.head` wrote. Raises BadMessage."""
    if not _head.fullmatch(text):
        raise BadMessage("a head is a number, a colon and 64 hexadecimal digits")
    seq, _, digest = text.partition(":")
    return int(seq), bytes.fromhex(digest)


def _page_size(seq: int, last: int | None) -> int:
    return PAGE_EVENTS if last is None else max(0, min(PAGE_EVENTS, last - seq))


def _fault_by_kept(link: Link, kept: tuple[int, bytes] | None) -> str | None:
    is_another = kept is not None and kept[0] == link.seq and kept[1] != link.hash
    return _not_kept(link.seq) if is_another else None


def _not_kept(seq: int) -> str:
    return f"event {seq} is not the one that was kept"


async def _hash_at(database: Database, seq: int) -> bytes | None:
    if seq == 0:
        return BEGINNING
    links = await store.page(database, seq - 1, 1)
    return links[0].hash if links and links[0].seq == seq else None
