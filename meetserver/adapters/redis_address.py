"""Where the nodes of a Redis Cluster are, as its other nodes say: the URL in the settings names only one of them."""

from typing import Any, NamedTuple

from redis.asyncio import ConnectionPool, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import MovedError


class Address(NamedTuple):
    host: str
    port: int


def new_address(error: MovedError, asked_host: str) -> Address:
    """Where it moved to. A node that does not know the other's host means the one that it was asked at itself."""
    return Address(error.host or asked_host, error.port)


def options_at(pool: ConnectionPool, address: Address) -> tuple[type[AbstractConnection], dict[str, Any]]:
    """Class and options of a connection to this node, with the credentials and TLS of the pool's server."""
    options = pool.connection_kwargs | address._asdict()
    options.pop("path", None)
    kind = pool.connection_class
    return (Connection if issubclass(kind, UnixDomainSocketConnection) else kind), options
