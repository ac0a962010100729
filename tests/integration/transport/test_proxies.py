"""Whose word is believed about who asks: the connection's, and of proxies only those that are trusted."""

import asyncio
import struct
from ipaddress import ip_address
from typing import Any

import pytest

from tests.integration.transport.conftest import GET, Front, MakeFront

CLIENT = "203.0.113.7"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = f"PROXY TCP4 {CLIENT} 192.0.2.1 40000 443\r\n".encode()
WHO = GET.replace(b"/healthz", b"/who")


def v2(source: str = CLIENT, *, command: int = 0x21, more: bytes = b"") -> bytes:
    address = ip_address(source)
    family, other = (0x11, bytes(4)) if address.version == 4 else (0x21, bytes(16))
    rest = address.packed + other + struct.pack("!HH", 40000, 443) + more
    return SIGNATURE + struct.pack("!BBH", command, family, len(rest)) + rest


async def seen(front: Front, headers: dict[str, str]) -> dict[str, Any]:
    async with await front.get("/who", headers={"Host": "inside:8080", **headers}) as answer:
        assert answer.status == 200, await answer.text()
        told: dict[str, Any] = await answer.json()
    assert told["origin"] == told["address"]
    return told


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
        {"Forwarded": f"for={CLIENT};proto=https;host=evil.example"},
        {"X-Real-IP": CLIENT, "True-Client-IP": CLIENT, "X-Forwarded-Port": "1"},
    ],
)
async def test_a_stranger_is_not_believed(make_front: MakeFront, headers: dict[str, str]) -> None:
    front = await make_front(trusted_proxies=["10.0.0.0/8"])
    told = await seen(front, headers)
    assert (told["address"], told["scheme"], told["host"]) == ("127.0.0.1", "http", "inside:8080")
    assert told["url"] == "http://inside:8080"


@pytest.mark.parametrize(
    ("headers", "address", "url"),
    [
        ({"X-Forwarded-For": CLIENT}, CLIENT, "http://inside:8080"),
        (
            {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "meet.example"},
            CLIENT,
            "https://meet.example",
        ),
        ({"Forwarded": f"for={CLIENT};proto=https;host=meet.example"}, CLIENT, "https://meet.example"),
        ({"Forwarded": 'For="[2001:db8::1]:4711"; Proto=HTTPS'}, "2001:db8::1", "https://inside:8080"),
        # What the client made up stands before what the proxy added.
        ({"X-Forwarded-For": f"192.0.2.66, {CLIENT}"}, CLIENT, "http://inside:8080"),
        ({"Forwarded": f"for=192.0.2.66, for={CLIENT}"}, CLIENT, "http://inside:8080"),
        # Trusted all along the way.
        (
            {"X-Forwarded-For": f"192.0.2.66, {CLIENT}, 10.1.2.3", "X-Forwarded-Proto": "https, http"},
            CLIENT,
            "https://inside:8080",
        ),
        ({"X-Forwarded-For": f"{CLIENT}:5555"}, CLIENT, "http://inside:8080"),
        ({"X-Forwarded-For": f"::ffff:{CLIENT}"}, CLIENT, "http://inside:8080"),
        # It does not say who: nobody beyond the proxy is known.
        ({"X-Forwarded-For": "192.0.2.66, unknown"}, "127.0.0.1", "http://inside:8080"),
        ({"Forwarded": "for=192.0.2.66, for=_hidden"}, "127.0.0.1", "http://inside:8080"),
        ({"Forwarded": f"for={CLIENT}", "X-Forwarded-For": CLIENT}, CLIENT, "http://inside:8080"),
    ],
)
async def test_a_trusted_proxy_is_believed_as_far_as_its_word_goes(
    make_front: MakeFront, headers: dict[str, str], address: str, url: str
) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    told = await seen(front, headers)
    assert (told["address"], told["url"]) == (address, url)


async def test_the_public_url_is_what_links_begin_with_whatever_the_host(make_front: MakeFront) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], public_url="https://meet.example/")
    told = await seen(front, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert told["url"] == "https://meet.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": "for=192.0.2.66", "X-Forwarded-For": CLIENT},
        {"Forwarded": "nonsense"},
        {"Forwarded": 'for="192.0.2.66'},
        {"X-Forwarded-For": CLIENT, "X-Forwarded-Host": "evil.example/'; script-src *"},
    ],
)
async def test_a_proxy_that_makes_no_sense_is_told_so(make_front: MakeFront, headers: dict[str, str]) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"])
    async with await front.get("/who", headers=headers) as answer:
        assert answer.status == 400
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# --- PROXY


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (V1, CLIENT),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n", "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"),
        (v2(), CLIENT),
        (v2("2001:db8::1"), "2001:db8::1"),
        (v2(f"::ffff:{CLIENT}"), CLIENT),
        (v2(more=b"\x04\x00\x01\x00"), CLIENT),
        (v2(command=0x20), "127.0.0.1"),
        (SIGNATURE + b"\x21\x31\0\0", "127.0.0.1"),  # over a Unix socket
    ],
)
@pytest.mark.parametrize("piece", [1, 10_000])
async def test_a_proxy_header_says_who_connected(
    make_front: MakeFront, header: bytes, address: str, piece: int
) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True)
    line = await front.dial()
    sent = header + WHO
    for at in range(0, len(sent), piece):
        await line.say(sent[at : at + piece])
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(line.reader.readuntil(b"}"), 10)
    assert f'"address": "{address}"'.encode() in answer


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"PROXY TCP4 nobody 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1\r\n",
        b"PROXY " + b"x" * 200,
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\0\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff" + bytes(100),
    ],
)
async def test_a_connection_of_the_proxys_without_a_good_header_is_cut(make_front: MakeFront, header: bytes) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True)
    line = await front.dial()
    await line.say(header + WHO)
    assert await line.is_cut()
    assert front.gate.refusals.count["proxy_header"] == 1
    await front.emptied()


async def test_a_proxy_header_of_a_strangers_is_not_believed(make_front: MakeFront) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True)
    line = await front.dial("127.0.0.9")
    await line.say(V1 + WHO)
    assert await line.status() == 400
    direct = await front.dial("127.0.0.9")
    await direct.say(WHO)
    assert b'"address": "127.0.0.9"' in await asyncio.wait_for(direct.reader.readuntil(b"}"), 10)


async def test_clients_behind_a_proxy_are_counted_each_by_itself(make_front: MakeFront) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True, max_connections_per_address=2)
    for source in (CLIENT, "203.0.113.8"):
        for _ in range(2):
            line = await front.dial()
            await line.say(v2(source) + GET)
            assert await line.status() == 200
    one_more = await front.dial()
    await one_more.say(v2() + GET)
    assert await one_more.is_cut()
    assert len(front.gate) == 4


async def test_a_proxy_header_must_come_in_time(make_front: MakeFront, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetserver.limits.HEAD_S", 0.3)
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True)
    line = await front.dial()
    await line.say(V1[:20])
    assert await line.is_cut()
    assert front.gate.refusals.count["silent"] == 1
