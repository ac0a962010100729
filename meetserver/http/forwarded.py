"""What proxies say of whom they speak for: Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host.

Pure. Anybody can send these headers; http/peer.py decides how far they are believed.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from multidict import CIMultiDictProxy

from meetserver.errors import BadMessage

# RFC 7239, 4: forwarded-pair = token "=" ( token / quoted-string ), pairs by ";", elements by ",".
_TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# Ports and brackets are to be quoted, and in practice often are not.
_pair = re.compile(rf"""\s*({_TOKEN})=(?:([\[\]:!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\]|\\.)*)")\s*""")
_SCHEMES = frozenset({"http", "https"})


class Hop(Struct, frozen=True):
    """One proxy's words: who came to it, by which scheme, asking for which host; "" where it does not say."""

    address: str
    scheme: str = ""
    host: str = ""


def forwarded_hops(headers: CIMultiDictProxy[str]) -> list[Hop]:
    """Of the Forwarded lines, from the farthest proxy to the nearest. Raises BadMessage."""
    return [_hop(element) for element in _elements(",".join(headers.getall("Forwarded", ())))]


def x_forwarded_hops(headers: CIMultiDictProxy[str]) -> list[Hop]:
    """Of the X-Forwarded lines, in the same order. A scheme or host that only some proxies added is the nearest's."""
    addresses, schemes, hosts = (_listed(headers, f"X-Forwarded-{name}") for name in ("For", "Proto", "Host"))
    count = len(addresses) or (1 if schemes or hosts else 0)
    return [
        Hop(
            address_of_node(_aligned(addresses, distance)),
            _scheme(_aligned(schemes, distance)),
            _aligned(hosts, distance),
        )
        for distance in range(count, 0, -1)
    ]


def address_of_node(node: str) -> str:
    """`192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, a bare IPv6: without brackets and port."""
    if node.startswith("["):
        return node[1:].partition("]")[0]
    return node.partition(":")[0] if node.count(":") == 1 else node


def _elements(text: str) -> list[Mapping[str, str]]:
    elements: list[Mapping[str, str]] = []
    current: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _pair.match(text, at)
        if found is None:
            raise BadMessage("the Forwarded header cannot be read (RFC 7239)")
        name, token, quoted = found.groups()
        current[name.lower()] = token if token is not None else re.sub(r"\\(.)", r"\1", quoted)
        at = found.end()
        if at < len(text) and text[at] not in ";,":
            raise BadMessage("the Forwarded header cannot be read (RFC 7239)")
        if at >= len(text) or text[at] == ",":
            elements.append(current)
            current = {}
        at += 1
    return elements


def _hop(element: Mapping[str, str]) -> Hop:
    return Hop(address_of_node(element.get("for", "")), _scheme(element.get("proto", "")), element.get("host", ""))


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in _SCHEMES else ""


def _listed(headers: CIMultiDictProxy[str], name: str) -> list[str]:
    return [part.strip() for line in headers.getall(name, ()) for part in line.split(",")]


def _aligned(values: Sequence[str], distance: int) -> str:
    """The value that the proxy `distance` steps away added, or the farthest one that somebody nearer added."""
    return values[-min(distance, len(values))] if values else ""
