"""Addresses as rules and counters look at them. Pure."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

V6_BLOCK_BITS = 64
"""What one household or one machine is given of IPv6 at least: its addresses are one address to us (RFC 6177)."""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2) is the IPv4 address. None: it is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without the zone: it only has a meaning on the machine that wrote it (RFC 4007).
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def address_block(text: str) -> str:
    """What is counted and remembered as one place: an IPv4 address, or the /64 of an IPv6 one; "" for no address."""
    address = read_address(text)
    if address is None:
        return ""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), V6_BLOCK_BITS), strict=False))
    return str(address)
