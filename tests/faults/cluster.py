"""PostgreSQL that keeps what production keeps, Valkey, and shards that share them: started and owned by the test.

Where `has_ways`, each shard reaches PostgreSQL and Valkey by ways of its own that can be cut (tests/faults/proxy.py).
Everything here blocks: on a loop, call it by `asyncio.to_thread`.
"""

import contextlib
import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.faults.proxy import Mode, Proxy
from tests.servers.meetserver import MeetServer
from tests.servers.postgres import PostgresServer, _free_port
from tests.servers.valkey import ValkeyServer

HOST = "meet.test"
ADMIN = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery staple"
LEASE_S = 2.0
SHARDS = 3


class Shard:
    """A meetserver, and its ways to what all share; 0 where it has none of its own."""

    def __init__(self, name: str, server: MeetServer, to_postgres: int, to_valkey: int) -> None:
        self.name = name
        self.server = server
        self.to_postgres = to_postgres
        self.to_valkey = to_valkey

    @property
    def port(self) -> int:
        port = urlsplit(self.server.base_url).port
        assert port is not None
        return port


class Cluster:
    """Made by `cluster`. `base_url` is that of all shards together, for who resolves HOST by `resolver`."""

    base_url = f"http://{HOST}"

    def __init__(
        self, postgres: PostgresServer, valkey: ValkeyServer, shards: list[Shard], proxy: Proxy | None
    ) -> None:
        self.postgres = postgres
        self.valkey = valkey
        self.shards = shards
        self._proxy = proxy

    @property
    def environment(self) -> dict[str, str]:
        """The shards' settings, with the straight way to the database: for who reads it past them."""
        return self.shards[0].server.environment | {"MEET_DATABASE_URL": self.postgres.url}

    @property
    def log(self) -> str:
        """What all shards wrote, one after the other."""
        return "".join(f"--- {shard.name}\n{shard.server.log}" for shard in self.shards)

    def shard(self, name: str) -> Shard:
        return next(shard for shard in self.shards if shard.name == name)

    def start_shards(self) -> None:
        """All at once; returns when all are ready."""
        with ThreadPoolExecutor(len(self.shards)) as pool:
            list(pool.map(lambda shard: shard.server.start(), self.shards))

    def turn(self, port: int, mode: Mode) -> None:
        """One of a shard's ways: `shard.to_postgres` or `shard.to_valkey`."""
        assert self._proxy is not None, "it was started without ways"
        self._proxy.turn(port, mode)

    def resolver(self, chance: random.Random) -> "AnyShard":
        return AnyShard([shard.port for shard in self.shards], chance)


class AnyShard(AbstractResolver):
    """What a name server with an address per shard does: each asker gets all, in any order, and tries them in turn."""

    def __init__(self, ports: Sequence[int], chance: random.Random) -> None:
        self._ports = list(ports)
        self._chance = chance

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=shard, family=2, proto=0, flags=0)
            for shard in self._chance.sample(self._ports, len(self._ports))
        ]

    async def close(self) -> None:
        """There is nothing to close."""


@contextlib.contextmanager
def cluster(
    shards: int = SHARDS,
    *,
    has_ways: bool = False,
    postgres_folder: Path | None = None,
    data_folder: Path | None = None,
) -> Iterator[Cluster]:
    """All of it, started and ready. `postgres_folder`: where PostgreSQL keeps its data; `data_folder`: the shards."""
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(fsync=True, parent=postgres_folder))
        valkey = stack.enter_context(ValkeyServer())
        data = data_folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meet-data-")))
        made = [_shard(f"shard-{number}", postgres, valkey, has_ways, data) for number in range(1, shards + 1)]
        for shard in made:
            stack.callback(shard.server.close)
        proxy = stack.enter_context(Proxy(_ways(made, postgres, valkey))) if has_ways else None
        running = Cluster(postgres, valkey, made, proxy)
        running.start_shards()
        yield running


def _shard(name: str, postgres: PostgresServer, valkey: ValkeyServer, has_ways: bool, data: Path) -> Shard:
    to_postgres, to_valkey = (_free_port(), _free_port()) if has_ways else (0, 0)
    settings = {
        "MEET_SHARD_ID": name,
        "MEET_LEASE_TTL_S": f"{LEASE_S:g}",
        "MEET_REDIS_URL": f"redis://127.0.0.1:{to_valkey}/0" if has_ways else valkey.url,
        "MEET_PUBLIC_URL": Cluster.base_url,
        "MEET_ADMIN_EMAIL": ADMIN,
        "MEET_ADMIN_PASSWORD": ADMIN_PASSWORD,
        # All clients come from this machine.
        "MEET_RATE_FACTOR": "0",
        # Disks are filled to the last byte.
        "MEET_FILES_DISK_RESERVE_BYTES": "0",
    }
    url = urlsplit(postgres.url)
    if has_ways:
        url = url._replace(netloc=f"{url.netloc.rpartition(':')[0]}:{to_postgres}")
    return Shard(name, MeetServer(url.geturl(), settings, data), to_postgres, to_valkey)


def _ways(shards: list[Shard], postgres: PostgresServer, valkey: ValkeyServer) -> dict[int, str]:
    to_postgres = {shard.to_postgres: f"127.0.0.1:{urlsplit(postgres.url).port}" for shard in shards}
    return to_postgres | {shard.to_valkey: urlsplit(valkey.url).path for shard in shards}
