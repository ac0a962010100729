"""How many may come, and how long they may take; each guard against somebody who does not play along."""

import asyncio

import pytest

from meetserver import limits
from tests.integration.transport.conftest import GET, Front, MakeFront, until

STRANGER = "127.0.0.9"
"""Counts as from elsewhere in these tests."""


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections of this machine are counted like any other."""
    monkeypatch.setattr("meetserver.serving.is_exempt", lambda address, config: address == "127.0.0.1")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "BODY_S", "LINGER_S", "ANSWER_READ_S"):
        monkeypatch.setattr(limits, name, 0.3)


async def test_a_connection_serves_many_requests(make_front: MakeFront) -> None:
    line = await (await make_front()).dial()
    for _ in range(3):
        await line.say(GET)
        assert await line.status() == 200


async def test_requests_may_come_together(make_front: MakeFront) -> None:
    line = await (await make_front()).dial()
    await line.say(GET * 3)
    assert [await line.status() for _ in range(3)] == [200] * 3


async def test_one_address_has_so_many_connections(make_front: MakeFront, strangers: None) -> None:
    front = await make_front(max_connections_per_address=3)
    lines = [await front.dial(STRANGER) for _ in range(3)]
    assert await (await front.dial(STRANGER)).is_cut()
    assert front.gate.refusals.count["address"] == 1
    assert await _is_served(front, "127.0.0.1")  # others are not concerned
    lines.pop().close()
    await front.emptied(3)
    assert await _is_served(front, STRANGER)


async def test_in_a_full_house_who_says_nothing_goes_first(make_front: MakeFront) -> None:
    front = await make_front(max_connections=10)
    talker = await front.dial()
    await talker.say(GET)
    assert await talker.status() == 200
    silent = [await front.dial() for _ in range(9)]
    assert await _is_served(front)
    assert await silent[0].is_cut()
    await talker.say(GET)
    assert await talker.status() == 200
    assert len(front.gate) == 10


async def test_in_a_house_full_of_talkers_nobody_more_gets_in(make_front: MakeFront) -> None:
    front = await make_front(max_connections=10)
    for _ in range(10):
        assert await _is_served(front)
    assert await (await front.dial()).is_cut()
    assert front.gate.refusals.count["full"] == 1


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_must_come_in_time(make_front: MakeFront, impatient: None, start: bytes) -> None:
    front = await make_front()
    line = await front.dial()
    await line.say(start)
    assert await line.is_cut()
    assert front.gate.refusals.count["silent"] == 1


async def test_a_head_in_drops_gets_no_more_time(make_front: MakeFront, impatient: None) -> None:
    front = await make_front()
    line = await front.dial()
    began = asyncio.get_running_loop().time()
    try:
        for byte in GET[:-1] * 20:
            await line.say(bytes([byte]))
            if line.reader.at_eof():
                break
            await asyncio.sleep(0.05)
    except ConnectionError:
        pass
    assert asyncio.get_running_loop().time() - began < 2


async def test_the_next_head_must_come_in_time_too(make_front: MakeFront, impatient: None) -> None:
    front = await make_front()
    line = await front.dial()
    await line.say(GET)
    assert await line.status() == 200
    await line.say(GET[:-1])
    assert await line.is_cut()
    assert front.gate.refusals.count["silent"] == 1


async def test_an_idle_connection_is_closed(make_front: MakeFront, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEEP_ALIVE_S", 0.3)
    front = await make_front()
    line = await front.dial()
    await line.say(GET)
    assert await line.status() == 200
    assert await line.is_cut()
    assert front.gate.refusals.count.total() == 0


async def test_a_body_must_come_in_time(make_front: MakeFront, impatient: None) -> None:
    line = await (await make_front()).dial()
    await line.say(b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    assert await line.status() == 408
    assert await line.is_cut()


async def test_who_reads_nothing_is_cut(make_front: MakeFront, impatient: None) -> None:
    front = await make_front()
    line = await front.dial()
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await line.say(GET.replace(b"/healthz", b"/big") * 8)
    await until(lambda: front.gate.refusals.count["unread"] == 1)
    await front.emptied()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * limits.HEAD_LINE_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (limits.HEAD_LINE_BYTES + 1) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * limits.HEAD_LINES + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: evil\"'; script-src *\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
)
async def test_what_is_no_sane_head_is_refused(make_front: MakeFront, head: bytes) -> None:
    line = await (await make_front()).dial()
    await line.say(head)
    assert await line.status() == 400


async def test_a_line_in_the_log_says_how_many_were_turned_away(
    make_front: MakeFront, strangers: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REFUSALS_REPORT_S", 0.1)
    front = await make_front(max_connections_per_address=1)
    await front.dial(STRANGER)
    for _ in range(3):
        assert await (await front.dial(STRANGER)).is_cut()
    await until(lambda: "action=connections_refused address=" in caplog.text)
    assert len([line for line in caplog.messages if "address=" in line]) < 3


async def _is_served(front: Front, source: str = "127.0.0.1") -> bool:
    line = await front.dial(source)
    await line.say(GET)
    return await line.status() == 200
