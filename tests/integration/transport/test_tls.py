"""TLS in the server itself: what it speaks, and that a new certificate is taken over under way."""

import asyncio
import os
import signal
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from meetserver import limits
from meetserver.errors import ConfigError
from meetserver.http.tls import Certificate
from tests.integration.transport.conftest import GET, Front, Line, MakeFront
from tests.integration.transport.test_proxies import WHO, v2
from tests.servers.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> dict[str, str]:
    """The settings, with files that a test may replace."""
    chain, key = authority.issue()
    return {"tls_cert": str(chain), "tls_key": str(key)}


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


def serial(line: Line) -> int:
    """Of the certificate that this connection was served with."""
    shown = line.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


async def is_served(line: Line) -> bool:
    await line.say(GET)
    return await line.status() == 200


async def test_https(make_front: MakeFront, authority: Authority, files: dict[str, str]) -> None:
    front = await make_front(**files)
    line = await front.dial(tls=trusting(authority))
    await line.say(WHO)
    assert b'"scheme": "https"' in await asyncio.wait_for(line.reader.readuntil(b"}"), 10)


async def test_only_tls_1_2_and_better_is_spoken(
    make_front: MakeFront, authority: Authority, files: dict[str, str]
) -> None:
    front = await make_front(**files)
    old = trusting(authority)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await front.dial(tls=old)
    weak = trusting(authority)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await front.dial(tls=weak)
    weak.set_ciphers("ECDHE+AESGCM")
    assert await is_served(await front.dial(tls=weak))
    assert front.gate.refusals.count["tls"] == 2


async def test_plain_http_is_not_answered_there(make_front: MakeFront, files: dict[str, str]) -> None:
    front = await make_front(**files)
    line = await front.dial()
    await line.say(GET)
    assert not (await asyncio.wait_for(line.reader.read(), 10)).startswith(b"HTTP")
    await front.emptied()


async def test_a_handshake_must_come_in_time(
    make_front: MakeFront, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HEAD_S", 0.3)
    front = await make_front(**files)
    assert await (await front.dial()).is_cut()
    await front.emptied()


async def test_a_proxy_header_stands_before_the_handshake(
    make_front: MakeFront, authority: Authority, files: dict[str, str]
) -> None:
    front = await make_front(trusted_proxies=["127.0.0.1"], proxy_protocol=True, **files)
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setblocking(False)
    await loop.sock_connect(raw, ("127.0.0.1", front.port))
    await loop.sock_sendall(raw, v2())
    line = Line(*await asyncio.open_connection(sock=raw, ssl=trusting(authority), server_hostname="127.0.0.1"))
    front.lines.append(line)
    await line.say(WHO)
    assert b'"address": "203.0.113.7"' in await asyncio.wait_for(line.reader.readuntil(b"}"), 10)


async def test_a_changed_certificate_is_taken_over_and_nobody_is_dropped(
    make_front: MakeFront, authority: Authority, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CERTIFICATE_LOOK_S", 0.05)
    front = await make_front(**files)
    before = await front.dial(tls=trusting(authority))
    _replace(files, *authority.issue())
    after = await _served_anew(front, authority, serial(before))
    assert await is_served(before)
    assert await is_served(after)


async def test_on_sighup_it_is_taken_over_at_once(
    make_front: MakeFront, authority: Authority, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CERTIFICATE_LOOK_S", 3600.0)
    front = await make_front(**files)
    before = await front.dial(tls=trusting(authority))
    _replace(files, *authority.issue())
    os.kill(os.getpid(), signal.SIGHUP)
    await _served_anew(front, authority, serial(before))


async def test_a_bad_pair_changes_nothing_and_is_said(
    authority: Authority, files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    certificate = Certificate(Path(files["tls_cert"]), Path(files["tls_key"]))
    good = certificate.context
    _, other_key = authority.issue()
    for spoil in (
        lambda: Path(files["tls_key"]).write_bytes(other_key.read_bytes()),
        lambda: Path(files["tls_cert"]).write_text("no certificate"),
        lambda: Path(files["tls_cert"]).unlink(),
    ):
        spoil()
        caplog.clear()
        assert not await certificate.reload()
        assert certificate.context is good
        assert "action=certificate_refused" in caplog.text
    assert "PRIVATE" not in caplog.text


async def test_a_server_does_not_start_without_its_certificate(authority: Authority, files: dict[str, str]) -> None:
    _, other_key = authority.issue()
    for key in (other_key, Path("/nowhere")):
        with pytest.raises(ConfigError, match="MEET_TLS_KEY"):
            Certificate(Path(files["tls_cert"]), key)


def _replace(files: dict[str, str], chain: Path, key: Path) -> None:
    """As certificate clients do it: one rename after the other."""
    key.rename(files["tls_key"])
    chain.rename(files["tls_cert"])


async def _served_anew(front: Front, authority: Authority, old_serial: int) -> Line:
    """The first connection that gets another certificate."""
    async with asyncio.timeout(10):
        while serial(line := await front.dial(tls=trusting(authority))) == old_serial:
            line.close()
            await asyncio.sleep(0.02)
    return line
