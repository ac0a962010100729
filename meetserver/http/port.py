"""The port that is listened on, bound before anything else is built: links need to know its number."""

import socket

from meetserver.config import Config
from meetserver.errors import ConfigError


def bound_socket(config: Config) -> socket.socket:
    """Bound to `config`'s host and port, not blocking, not listening yet. Raises ConfigError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise ConfigError(f"cannot listen on {config.host}:{config.port}: {error.strerror}") from None
    return listening
