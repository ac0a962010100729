"""The chain's arithmetic. Its form must never change: logs that were written long ago are verified by it."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

from msgspec.structs import replace

from meetserver.audit.chain import BEGINNING, Link, chained, fault, hash_of

LINK = Link(
    seq=1,
    at=datetime(2030, 1, 7, 12, 0, 0, 123456, tzinfo=UTC),
    type="role.granted",
    actor="ann",
    subject="bob",
    address="192.0.2.1",
    user_agent="Firefox é",
    request_id="request-1",
    data='{"role":"admin"}',
    previous=BEGINNING,
)

WRITTEN = (
    '{"actor":"ann","address":"192.0.2.1","at":"2030-01-07T12:00:00.123456Z",'
    '"data":"{\\"role\\":\\"admin\\"}","previous":"' + "00" * 32 + '","request_id":"request-1","seq":1,'
    '"subject":"bob","type":"role.granted","user_agent":"Firefox é"}'
)


def test_the_hash_is_over_canonical_json() -> None:
    assert hash_of(LINK) == hashlib.sha256(WRITTEN.encode()).digest()


def test_the_zone_in_which_a_time_is_written_does_not_matter() -> None:
    elsewhere = replace(LINK, at=LINK.at.astimezone(timezone(timedelta(hours=5))))
    assert hash_of(elsewhere) == hash_of(LINK)


def test_a_hash_covers_the_one_before() -> None:
    assert hash_of(replace(LINK, previous=bytes(31) + b"\1")) != hash_of(LINK)


def test_a_chain_is_numbered_and_linked() -> None:
    links = chained([LINK, LINK, LINK], 7, b"x" * 32)
    assert [link.seq for link in links] == [8, 9, 10]
    assert [link.previous for link in links] == [b"x" * 32, links[0].hash, links[1].hash]
    previous = b"x" * 32
    for seq, link in enumerate(links, 8):
        assert fault(link, seq, previous) is None
        previous = link.hash


def test_faults_are_named() -> None:
    first, second, third = chained([LINK, LINK, LINK], 0, BEGINNING)
    assert fault(third, 2, first.hash) == "event 2 is missing"
    assert fault(first, 2, first.hash) == "event 1 stands where 2 should"
    assert fault(second, 2, third.hash) == "event 2 does not follow the one before it"
    assert fault(replace(second, actor="eve"), 2, first.hash) == "event 2 was changed"
