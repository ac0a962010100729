"""A real Valkey Cluster that the tests start, whose nodes they kill and whose slots they move."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from redis.crc import key_slot

from tests.servers.process import POLL_S
from tests.servers.valkey import ValkeyServer

SLOTS = 16384
NODE_TIMEOUT_MS = 2000
"""A node that is silent for longer counts as dead, once most of the others agree."""


class ClusterNode(ValkeyServer):
    """Listens on TCP too, as nodes tell each other's address to clients."""

    def __init__(self) -> None:
        with _free_ports(2) as (self.port, self.bus_port):
            pass
        super().__init__({
            "bind": "127.0.0.1",
            "port": str(self.port),
            "cluster-enabled": "yes",
            "cluster-port": str(self.bus_port),
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            "repl-diskless-sync-delay": "0",
        })  # fmt: skip

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER", "MYID"))

    def knows_all(self, count: int) -> bool:
        """Whether it has so many nodes in view, all alive, and all slots are served."""
        nodes = self.ask("CLUSTER", "NODES").splitlines()
        return (
            "cluster_state:ok" in self.ask("CLUSTER", "INFO")
            and len(nodes) == count
            and not any("fail" in line or "handshake" in line or "disconnected" in line for line in nodes)
        )


class ValkeyCluster:
    """Three nodes, each with a third of the slots; `replica` makes a fourth."""

    def __init__(self) -> None:
        self.nodes: list[ClusterNode] = []
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Of one node: who knows it finds the others."""
        return self.nodes[0].url

    def start(self) -> None:
        self.nodes = [self._add() for _ in range(3)]
        bounds = [SLOTS * number // 3 for number in range(4)]
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        for node in self.nodes[1:]:
            self._meet(node)
        self.wait_whole()

    def replica(self, of: ClusterNode) -> ClusterNode:
        """A node that can take over when the other one is away: `CLUSTER FAILOVER TAKEOVER`, or after a while."""
        node = self._add()
        self.nodes.append(node)
        self._meet(node)
        self.wait_whole()
        node.ask("CLUSTER", "REPLICATE", of.id)
        _wait(lambda: "master_link_status:up" in node.ask("INFO", "replication"))
        return node

    def wait_whole(self) -> None:
        _wait(lambda: all(node.knows_all(len(self.nodes)) for node in self.nodes))

    def owner(self, channel: str) -> ClusterNode:
        """Whose the channel's slot is, as the others say too."""
        alive = next(node for node in self.nodes if node.is_running)
        ranges = alive.ask("CLUSTER", "SLOTS")
        port = next(port for first, last, (_, port, *_), *_ in ranges if first <= key_slot(channel.encode()) <= last)
        return next(node for node in self.nodes if node.port == port)

    def channels(self, count: int) -> list[str]:
        """Names of channels, the first of which is the first node's, and so on, round and round."""
        names: list[list[str]] = [[], [], []]
        for name in map(str, range(100)):
            names[self.nodes.index(self.owner(name))].append(name)
        return [names[number % 3][number // 3] for number in range(count)]

    def move(self, channel: str, to: ClusterNode) -> None:
        """Give the channel's slot to another node, as resharding does."""
        source, slot = self.owner(channel), key_slot(channel.encode())
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id)
        for node in (to, source):  # the others hear of it
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self) -> ClusterNode:
        return self._stack.enter_context(ClusterNode())

    def _meet(self, node: ClusterNode) -> None:
        first = self.nodes[0]
        node.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)


@contextmanager
def _free_ports(count: int) -> Iterator[list[int]]:
    """Ports that are nobody's while the context lasts."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        yield [each.getsockname()[1] for each in sockets]


def _wait(is_so: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "the cluster does not get there"
        time.sleep(POLL_S)
