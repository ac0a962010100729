"""Rules about addresses, for the whole server and for one meeting. Pure.

A rule is about everybody, or about the roles that it names; rules about others are passed over. Of those that match an
address the one of the smallest network decides; where two are of the same size, the denial. What none matches is
admitted, unless some rule allows: such a list says who may come, and nobody else does.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.errors import BadMessage
from meetserver.names import TEXT_PATTERN
from meetserver.network.addresses import read_address

Effect: TypeAlias = Literal["allow", "deny"]
MAPPED_BITS = 96
"""IPv4 as IPv6 is ::ffff:0:0/96 (RFC 4291, 2.5.5.2)."""


class IpRule(Struct, frozen=True, forbid_unknown_fields=True):
    """`network`: CIDR, or one address. `roles`: whom it is about; none is everybody."""

    effect: Effect
    network: Annotated[str, Meta(min_length=1, max_length=64, description="CIDR, or one address")]
    roles: Annotated[tuple[AnyRole, ...], Meta(max_length=9)] = ()
    note: Annotated[str, Meta(max_length=limits.IP_RULE_NOTE_CHARS, pattern=TEXT_PATTERN)] = ""


class Verdict(Struct, frozen=True):
    """`rule` is the one that decided; None: none matches."""

    is_admitted: bool
    rule: IpRule | None = None


def checked_rules(rules: Iterable[IpRule]) -> tuple[IpRule, ...]:
    """The same with their networks written one way. Raises BadMessage, naming what is no network."""
    return tuple(replace(rule, network=str(_read_network(rule.network))) for rule in rules)


def verdict(rules: Sequence[IpRule], address: str, roles: Iterable[str]) -> Verdict:
    """Whether somebody with these roles gets in from there. `rules` as `checked_rules` gave them.

    What is no address ("" on a local socket, say) is in no network and cannot be cleared of a denial either: it is
    admitted only where there are no rules about these roles.
    """
    present = frozenset(roles)
    concerning = [rule for rule in rules if not rule.roles or not present.isdisjoint(rule.roles)]
    if not concerning:
        return Verdict(True)
    place = read_address(address)
    if place is None:
        return Verdict(False)
    matching = [rule for rule in concerning if place in _network(rule.network)]
    if matching:
        decisive = max(matching, key=lambda rule: (_network(rule.network).prefixlen, rule.effect == "deny"))
        return Verdict(decisive.effect == "allow", decisive)
    return Verdict(all(rule.effect == "deny" for rule in concerning))


def _read_network(text: str) -> IPv4Network | IPv6Network:
    if "%" in text:
        raise BadMessage(f"{text!r} has a zone, which means nothing on another machine")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise BadMessage(f"{text!r} is neither a network nor an address") from None
    if str(network.network_address) != str(ip_network(text.partition("/")[0]).network_address):
        raise BadMessage(f"{text} has bits beyond its length; the network is {network}")
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= MAPPED_BITS:
        return IPv4Network((int(mapped), network.prefixlen - MAPPED_BITS))
    return network


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
