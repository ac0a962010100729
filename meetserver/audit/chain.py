"""What a link of the chain is: an event, and the hash over it and the hash of the one before. Pure."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

BEGINNING = bytes(32)
"""What the first event's `previous` is."""


class Link(Struct, frozen=True):
    """A row of the log. `data` is canonical JSON already, and hashed as the text that it is."""

    seq: int
    at: datetime
    type: str
    actor: str
    subject: str
    address: str
    user_agent: str
    request_id: str
    data: str
    previous: bytes
    hash: bytes = b""


def chained(events: Iterable[Link], seq: int, previous: bytes) -> list[Link]:
    """The events with numbers after `seq`, each with its hash, the first of them linked to `previous`."""
    links = []
    for number, event in enumerate(events, seq + 1):
        link = replace(event, seq=number, previous=previous)
        previous = hash_of(link)
        links.append(replace(link, hash=previous))
    return links


def hash_of(link: Link) -> bytes:
    """SHA-256 over canonical JSON: keys in order, no spaces, UTF-8, times in UTC, `previous` in hexadecimal digits."""
    fields = {name: getattr(link, name) for name in Link.__struct_fields__ if name != "hash"}
    written = {**fields, "at": link.at.astimezone(UTC), "previous": link.previous.hex()}
    return hashlib.sha256(canonical(written)).digest()


def canonical(value: dict[str, object]) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def fault(link: Link, seq: int, previous: bytes) -> str | None:
    """What is wrong with what stands where `seq` should, after a link with the hash `previous`."""
    if link.seq != seq:
        return f"event {seq} is missing" if link.seq > seq else f"event {link.seq} stands where {seq} should"
    if link.previous != previous:
        return f"event {seq} does not follow the one before it"
    if link.hash != hash_of(link):
        return f"event {seq} was changed"
    return None
