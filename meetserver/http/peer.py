"""Where a request came from: the connection's own address, or what a proxy that is trusted says of it.

Everything that wants the client's address, the scheme, the host or the server's own URL asks here.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Struct

from meetserver.config import Config
from meetserver.errors import BadMessage
from meetserver.http.forwarded import Hop, forwarded_hops, x_forwarded_hops
from meetserver.http.gate import guard_of
from meetserver.http.visitors import visitor_of
from meetserver.network.addresses import read_address
from meetserver.ports import Origin

USER_AGENT_CHARS = 200
# RFC 3986, 3.2.2, without percent-encoding: what a browser can put into Host.
_host = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Peer(Struct, frozen=True):
    """The client as far as it can be known. `scheme` and `host` are what its browser asked for; `is_scheme_told`:
    a proxy that is trusted said the scheme."""

    address: str
    scheme: str
    host: str
    is_scheme_told: bool = False


PEER: web.RequestKey[Peer] = web.RequestKey("peer", Peer)


def peer_of(request: web.Request, config: Config) -> Peer:
    """Raises BadMessage for a Host that is none, and for forwarding headers that contradict each other."""
    address = connection_address(request)
    host = request.headers.get("Host") or urlsplit(config.url).netloc
    peer = Peer(address, request.scheme, host)
    if is_trusted(address, config):
        peer = _seen_through(request, peer, config)
    if not _host.fullmatch(peer.host):
        raise BadMessage("the Host header is not a host")
    return peer


def origin_of(request: web.Request, request_id: str, peer: Peer) -> Origin:
    agent = "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())[:USER_AGENT_CHARS]
    return Origin(peer.address, agent, request_id, visitor_of(request))


def base_url(request: web.Request, config: Config) -> str:
    """What links and ws_url start with: the public URL, else where this request came to, as a server at home is
    reached by many names."""
    if config.public_url:
        return config.url
    peer = peer_of(request, config)
    return f"{peer.scheme}://{peer.host}"


def socket_url(base: str) -> str:
    """The same for sockets: http becomes ws, https wss."""
    return base.replace("http", "ws", 1)


def connection_address(request: web.Request) -> str:
    """Who connected; of a connection that began with a PROXY header, whom that names. "" when it is gone."""
    guard = guard_of(request)
    if guard is not None:
        return guard.address
    found = read_address(request.remote or "")
    return "" if found is None else str(found)


def is_trusted(address: str, config: Config) -> bool:
    """Whether it is one of the operator's own proxies."""
    if not config.trusted_proxies:
        return False
    found = read_address(address)
    return found is not None and any(found in network for network in _networks(tuple(config.trusted_proxies)))


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


def _seen_through(request: web.Request, proxy: Peer, config: Config) -> Peer:
    """A proxy may pass on what the client made up in the header that it does not itself write: where both are there,
    they must agree."""
    standard = forwarded_hops(request.headers)
    common = x_forwarded_hops(request.headers)
    if not standard:
        return _farthest(common, proxy, config)
    peer = _farthest(standard, proxy, config)
    if common and _farthest(common, proxy, config).address != peer.address:
        raise BadMessage("Forwarded and X-Forwarded-For contradict each other")
    return peer


def _farthest(hops: Sequence[Hop], proxy: Peer, config: Config) -> Peer:
    """From the nearest proxy outwards as long as the one that speaks is trusted; what is beyond anybody can write."""
    peer = proxy
    for hop in reversed(hops):
        found = read_address(hop.address)
        peer = Peer(
            str(found) if found else peer.address,
            hop.scheme or peer.scheme,
            hop.host or peer.host,
            bool(hop.scheme) or peer.is_scheme_told,
        )
        if found is None or not is_trusted(str(found), config):
            break
    return peer
