"""TLS to the servers that ours depends on, against real ones: a right certificate, a wrong one, and none."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Connection, ConnectionPool
from redis.exceptions import RedisError

from meetserver.adapters.bus import RedisBus
from meetserver.adapters.mailer import open_mailer
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.object_store import ObjectBlobs
from meetserver.adapters.postgres import connector
from meetserver.adapters.random import SystemRandom
from meetserver.adapters.tls import redis_tls
from meetserver.config import Config, load_config
from meetserver.errors import ConfigError, SendFailed, Unavailable
from meetserver.http.tls import server_context
from meetserver.ports import Mail
from tests.contract.smtp_peer import smtp_peer
from tests.servers.certificates import Authority
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerFailed
from tests.servers.s3 import S3Server
from tests.servers.tools import find_all, missing
from tests.servers.valkey import ValkeyServer

WRONG = ["another authority", "another name", "the system's authorities"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


def ca_file(wrong: str, folder: Path, authority: Authority) -> str:
    """What the settings name when the server's certificate is, in this way, not the right one."""
    match wrong:
        case "another authority":
            return str(Authority(folder, "another").file)
        case "the system's authorities":
            return ""
        case _:
            return str(authority.file)


def host(wrong: str) -> str:
    """The certificate is for 127.0.0.1."""
    return "localhost" if wrong == "another name" else "127.0.0.1"


# --- PostgreSQL


@pytest.fixture(scope="module")
def postgres(authority: Authority) -> Iterator[PostgresServer]:
    """Of the first build that can do TLS; the one in a Python package cannot."""
    for program in find_all("postgres"):
        server = _with_certificate(program, authority)
        try:
            server.start()
        except ServerFailed:
            server.close()
            continue
        with closing(server):
            yield server
        return
    missing("postgres", " that speaks TLS")


def _with_certificate(program: Path, authority: Authority) -> PostgresServer:
    settings = {"ssl": "on", "ssl_cert_file": "tls.crt", "ssl_key_file": "tls.key"}
    server = PostgresServer(settings=settings, program=program)
    for source, name in zip(authority.issue(), ("tls.crt", "tls.key"), strict=True):
        target = server.folder / "data" / name
        shutil.copy(source, target)
        target.chmod(0o600)
        owner = target.parent.stat()
        shutil.chown(target, owner.st_uid, owner.st_gid)
    return server


def database(url: str, **settings: Any) -> Config:
    return load_config({}, database_url=url, secret_key="x" * 32, **settings)


async def is_encrypted(config: Config) -> bool:
    connection = await connector(config)()
    try:
        return bool(await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    finally:
        await connection.close()


async def test_a_verified_database(postgres: PostgresServer, authority: Authority) -> None:
    assert await is_encrypted(database(postgres.url, database_tls="verify", ca_file=str(authority.file)))


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_database_with_a_wrong_certificate_is_not_used(
    postgres: PostgresServer, authority: Authority, folder: Path, wrong: str
) -> None:
    url = postgres.url.replace("127.0.0.1", host(wrong))
    config = database(url, database_tls="verify", ca_file=ca_file(wrong, folder, authority))
    with pytest.raises(Unavailable, match="certificate is not accepted"):
        await is_encrypted(config)
    assert await is_encrypted(database(url, database_tls="require"))  # who only wants it encrypted does not look


async def test_a_database_without_tls_is_not_used_where_it_is_wanted(postgres_server: PostgresServer) -> None:
    assert not await is_encrypted(database(postgres_server.url))
    for wanted in ("require", "verify"):
        with pytest.raises(Unavailable):
            await is_encrypted(database(postgres_server.url, database_tls=wanted))


async def test_an_authority_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="MEET_CA_FILE=/nowhere"):
        connector(database("postgresql://127.0.0.1/x", database_tls="verify", ca_file="/nowhere"))


# --- Redis


@pytest.fixture
async def rediss_url(redis_server: ValkeyServer, authority: Authority) -> AsyncIterator[str]:
    """A TLS front before the real server, whose build has none of its own."""
    path = urlsplit(redis_server.url).path
    serving = set[asyncio.Task[None]]()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        try:
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            inner_writer.transport.abort()
            writer.transport.abort()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.ensure_future(pass_on(reader, writer)))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=server_context(*authority.issue()))
    yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    await server.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.transport.abort()


async def answers(config: Config) -> bool:
    pool = ConnectionPool.from_url(config.redis_url, **redis_tls(config))
    connection: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_command("PING")
        return bool(await connection.read_response() == b"PONG")
    finally:
        await connection.disconnect(nowait=True)


async def test_a_verified_redis(rediss_url: str, authority: Authority) -> None:
    config = load_config({}, redis_url=rediss_url, ca_file=str(authority.file))
    assert await answers(config)
    bus = await RedisBus.open(config.redis_url, redis_tls(config))
    await bus.subscribe("room", lambda _: None)
    assert bus._listeners.is_up
    await bus.close()


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_redis_with_a_wrong_certificate_is_not_used(
    rediss_url: str, authority: Authority, folder: Path, wrong: str
) -> None:
    url = rediss_url.replace("127.0.0.1", host(wrong))
    with pytest.raises(RedisError, match=r"(?i)certificate"):
        await answers(load_config({}, redis_url=url, ca_file=ca_file(wrong, folder, authority)))
    assert await answers(load_config({}, redis_url=url, redis_tls_verify=False))


# --- the mail server

MAIL = Mail(to="ada@example.org", subject="x", text="x", message_id="<1@meet.example>")


async def send(port: int, name: str = "127.0.0.1", *, scheme: str = "smtp", **settings: Any) -> None:
    config = load_config({}, smtp_url=f"{scheme}://{name}:{port}", mail_from="m <m@meet.example>", **settings)
    await open_mailer(config, ManualClock(), SystemRandom()).send(MAIL)


def server_tls(authority: Authority) -> ssl.SSLContext:
    return server_context(*authority.issue())


async def test_a_verified_mail_server(authority: Authority) -> None:
    async with smtp_peer(starttls=server_tls(authority)) as peer:
        await send(peer.port, smtp_tls="verify", ca_file=str(authority.file))
        assert peer.was_tls == [True]
    async with smtp_peer(tls=server_tls(authority)) as peer:
        await send(peer.port, scheme="smtps", smtp_tls="verify", ca_file=str(authority.file))
        assert len(peer.envelopes) == 1


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("mode", ["verify", "auto"])
async def test_a_mail_server_with_a_wrong_certificate_gets_no_mail(
    authority: Authority, folder: Path, wrong: str, mode: str
) -> None:
    async with smtp_peer(starttls=server_tls(authority)) as peer:
        with pytest.raises(SendFailed, match=r"(?i)certificate"):
            await send(peer.port, host(wrong), smtp_tls=mode, ca_file=ca_file(wrong, folder, authority))
        assert peer.envelopes == []


async def test_without_starttls_mail_goes_out_unless_it_is_insisted_on(authority: Authority) -> None:
    async with smtp_peer() as peer:
        await send(peer.port, smtp_tls="auto")
        with pytest.raises(SendFailed, match=r"(?i)starttls"):
            await send(peer.port, smtp_tls="verify", ca_file=str(authority.file))
        assert peer.was_tls == [False]


async def test_tls_can_be_turned_off(authority: Authority) -> None:
    async with smtp_peer(starttls=server_tls(authority)) as peer:
        await send(peer.port, smtp_tls="off")
        assert peer.was_tls == [False]


# --- the object store


@pytest.fixture(scope="module")
def object_store(authority: Authority) -> Iterator[S3Server]:
    with S3Server(authority.issue()) as server:
        yield server


async def test_a_verified_object_store(object_store: S3Server, authority: Authority) -> None:
    blobs = ObjectBlobs.open(object_store.config("p", ca_file=str(authority.file)))
    assert await blobs.size("f") is None


@pytest.mark.parametrize("wrong", WRONG)
async def test_an_object_store_with_a_wrong_certificate_is_not_used(
    object_store: S3Server, wrong: str, folder: Path, authority: Authority
) -> None:
    config = object_store.config("p", host=host(wrong), ca_file=ca_file(wrong, folder, authority))
    with pytest.raises(Unavailable, match="object store cannot be reached"):
        await ObjectBlobs.open(config).size("f")
