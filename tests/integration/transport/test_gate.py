"""How many may come, and how long they may take; each guard against somebody who does not play along."""

import asyncio
import sys

import pytest

from meetserver import limits
from tests.integration.transport.conftest import GET, Front, MakeFront, until

TAKE = (
    b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Expect: 100-continue\r\n\r\n"
)
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


async def test_then_who_keeps_a_connection_for_later(make_front: MakeFront) -> None:
    """Else a request each would be enough to hold the house."""
    front = await make_front(max_connections=10)
    keepers = [await front.dial() for _ in range(10)]
    for keeper in keepers:
        await keeper.say(GET)
        assert await keeper.status() == 200
    await keepers[0].say(GET)
    assert await keepers[0].status() == 200
    assert await _is_served(front)
    assert await keepers[1].is_cut()
    for keeper in [keepers[0], *keepers[2:]]:
        await keeper.say(GET)
        assert await keeper.status() == 200


async def test_in_a_house_full_of_talkers_nobody_more_gets_in(make_front: MakeFront) -> None:
    front = await make_front(max_connections=10)
    for _ in range(10):
        talker = await front.dial()
        await talker.say(TAKE)
        assert await talker.status() == 100
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


@pytest.mark.parametrize(("path", "status"), [(b"/healthz", 200), (b"/nowhere", 404), (b"/away", 302)])
async def test_the_next_head_must_come_in_time_too(
    make_front: MakeFront, impatient: None, path: bytes, status: int
) -> None:
    front = await make_front()
    line = await front.dial()
    await line.say(GET.replace(b"/healthz", path))
    assert await line.status() == status
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


async def test_who_leaves_a_little_unread_is_cut_too(
    make_front: MakeFront, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little for writing to pause, and enough for the connection's proper end to wait for it."""
    monkeypatch.setattr(limits, "KEEP_ALIVE_S", 0.3)
    front = await make_front()
    line = await front.dial(receive_bytes=2048)
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    (seat,) = front.gate._seats
    while not seat.unread():
        await line.say(GET.replace(b"/healthz", b"/some"))
        await asyncio.sleep(0.02)
    assert front.gate._unread_at == {}
    await until(lambda: front.gate.refusals.count["unread"] == 1)
    await front.emptied()


async def test_who_reads_late_is_not(make_front: MakeFront, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_READ_S", 5.0)
    monkeypatch.setattr(limits, "KEEP_ALIVE_S", 0.3)
    front = await make_front()
    line = await front.dial(receive_bytes=2048)
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    (seat,) = front.gate._seats
    asked = 0
    while not seat.unread():
        await line.say(GET.replace(b"/healthz", b"/some"))
        asked += 1
        await asyncio.sleep(0.02)
    await until(lambda: bool(front.gate._unread_at))
    line.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(asked):
        assert await line.status() == 200
    await front.emptied()
    assert front.gate.refusals.count.total() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel cannot be told how much it may hold")
async def test_that_nobody_reads_shows_soon_and_not_after_megabytes(make_front: MakeFront) -> None:
    front = await make_front()
    line = await front.dial(receive_bytes=2048)
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    (seat,) = front.gate._seats
    for _ in range(8 * limits.KERNEL_QUEUE_BYTES // 30_000):
        await line.say(GET.replace(b"/healthz", b"/some"))
    await until(lambda: bool(seat.unread()))


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


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length : 4\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"X: a\nContent-Length: 4\r\n",
    ],
)
async def test_where_a_body_ends_is_never_in_doubt(make_front: MakeFront, head: bytes) -> None:
    """Else a proxy in front could take for the next request what is a body here (RFC 9112, 11.2)."""
    line = await (await make_front()).dial()
    await line.say(
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert await line.status() == 400
    assert await line.is_cut()


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT"])
async def test_nothing_is_echoed_or_tunnelled(make_front: MakeFront, method: str) -> None:
    line = await (await make_front()).dial()
    target = "x:80" if method == "CONNECT" else "/healthz"
    await line.say(f"{method} {target} HTTP/1.1\r\nHost: x\r\nX-Secret: hush\r\n\r\n".encode())
    assert await line.status() in (400, 403, 404, 405)


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
