"""The PROXY header, by which a TCP balancer says who connected to it (HAProxy's proxy-protocol.txt, versions 1 and 2).

Pure but for `read_proxy_header`, which takes no byte more than the header has: what follows may be a TLS handshake.
"""

import struct
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address

from meetserver import limits
from meetserver.errors import BadMessage
from meetserver.network.addresses import read_address

Receive = Callable[[int], Awaitable[bytes]]
"""At most so many bytes; b"" at the end."""

_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V1_START = b"PROXY "
_V1_BYTES = 107
"""With its CRLF (section 2.1)."""
_V2_SOURCES: dict[int, tuple[type[IPv4Address] | type[IPv6Address], int]] = {
    0x11: (IPv4Address, 4),
    0x21: (IPv6Address, 16),
}
"""TCP over IPv4 or IPv6: the kind of address that comes first, and its bytes (section 2.2)."""
_ADDRESSES_AND_PORTS = 2


async def read_proxy_header(receive: Receive) -> str | None:
    """The client's address; None where the proxy speaks for itself (a health check) or does not know. Raises
    BadMessage when there is no such header."""
    start = await _exactly(receive, len(_SIGNATURE))
    if start == _SIGNATURE:
        version_command, family, length = struct.unpack("!BBH", await _exactly(receive, 4))
        if length > limits.PROXY_HEADER_BYTES:
            raise BadMessage("the PROXY header is too long")
        return source_of_v2(version_command, family, await _exactly(receive, length))
    if not start.startswith(_V1_START):
        raise BadMessage("the connection does not begin with a PROXY header")
    line = bytearray(start)
    while not line.endswith(b"\r\n"):
        if len(line) >= _V1_BYTES:
            raise BadMessage("the PROXY header is too long")
        line += await _exactly(receive, 1)
    return source_of_v1(bytes(line))


def source_of_v1(line: bytes) -> str | None:
    """As `read_proxy_header`, of a whole first line."""
    words = line.removesuffix(b"\r\n").decode("ascii", "replace").split(" ")
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return None
    source = read_address(words[2]) if len(words) == 6 else None
    if source is None or words[1] not in {"TCP4", "TCP6"}:
        raise BadMessage("the PROXY header cannot be read")
    return str(source)


def source_of_v2(version_command: int, family: int, rest: bytes) -> str | None:
    """As `read_proxy_header`, of what follows the signature; `rest` are addresses, ports and extensions."""
    if version_command == 0x20:  # LOCAL
        return None
    if version_command != 0x21:
        raise BadMessage("the PROXY header is of an unknown version")
    if family not in _V2_SOURCES:
        return None
    kind, size = _V2_SOURCES[family]
    if len(rest) < _ADDRESSES_AND_PORTS * (size + 2):
        raise BadMessage("the PROXY header is too short")
    return str(read_address(str(kind(rest[:size]))))


async def _exactly(receive: Receive, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = await receive(count - len(got))
        if not more:
            raise BadMessage("the connection ended within its PROXY header")
        got += more
    return got
