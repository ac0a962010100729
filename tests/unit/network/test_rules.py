"""Which addresses get in: specificity, roles, lists that allow, and the many ways to write an address."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetserver.errors import BadMessage
from meetserver.network.addresses import address_block
from meetserver.network.rules import IpRule, checked_rules, verdict

MEMBER = ("member",)
DENY_TEN = IpRule("deny", "10.0.0.0/8")
ALLOW_ONE = IpRule("allow", "10.1.0.0/16")
DENY_HOST = IpRule("deny", "10.1.2.3")


def gets_in(rules: Sequence[IpRule], address: str, roles: Sequence[str] = MEMBER) -> bool:
    return verdict(checked_rules(rules), address, roles).is_admitted


def test_without_rules_everybody_gets_in() -> None:
    assert gets_in([], "198.51.100.7")
    assert gets_in([], "")


def test_the_smallest_network_decides_whatever_the_order() -> None:
    for rules in ([DENY_TEN, ALLOW_ONE, DENY_HOST], [DENY_HOST, ALLOW_ONE, DENY_TEN]):
        assert not gets_in(rules, "10.2.0.1")
        assert gets_in(rules, "10.1.2.4")
        assert not gets_in(rules, "10.1.2.3")


def test_of_two_rules_for_one_network_the_denial_decides() -> None:
    for rules in ([DENY_TEN, IpRule("allow", "10.0.0.0/8")], [IpRule("allow", "10.0.0.0/8"), DENY_TEN]):
        assert verdict(rules, "10.0.0.1", MEMBER).rule == DENY_TEN


def test_a_list_that_allows_keeps_all_others_out() -> None:
    assert not gets_in([ALLOW_ONE], "192.0.2.1")
    found = verdict([ALLOW_ONE], "192.0.2.1", MEMBER)
    assert (found.is_admitted, found.rule) == (False, None)
    assert gets_in([DENY_TEN], "192.0.2.1"), "a list that only denies lets all others in"


def test_rules_about_other_roles_are_passed_over() -> None:
    rules = [IpRule("allow", "10.0.0.0/8", ("guest", "viewer")), IpRule("deny", "192.0.2.0/24", ("admin",))]
    assert gets_in(rules, "198.51.100.7", ["member", "participant"])
    assert not gets_in(rules, "198.51.100.7", ["guest", "participant"])
    assert not gets_in(rules, "198.51.100.7", ["member", "viewer"])
    assert not gets_in(rules, "192.0.2.1", ["member", "admin"])


@pytest.mark.parametrize("address", ["::ffff:10.0.0.1", "::FFFF:0a00:0001", "10.0.0.1"])
def test_an_ipv4_address_in_ipv6_clothes_is_the_same(address: str) -> None:
    assert not gets_in([DENY_TEN], address)
    assert not gets_in([IpRule("deny", "::ffff:10.0.0.0/104")], address)


def test_a_zone_changes_nothing() -> None:
    assert not gets_in([IpRule("deny", "fe80::/10")], "fe80::1%eth0")


@pytest.mark.parametrize("address", ["", "unix:", "10.0.0.1:80", "10.0.0.01", "localhost"])
def test_what_is_no_address_cannot_be_cleared_of_a_denial(address: str) -> None:
    assert not gets_in([DENY_TEN], address)
    assert gets_in([IpRule("deny", "10.0.0.0/8", ("guest",))], address)


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0/8", "x", "fe80::/129", "10.0.0.0/8/8", "fe80::1%eth0/64"])
def test_what_is_no_network_is_refused_by_name(network: str) -> None:
    with pytest.raises(BadMessage, match=network.split("/")[0]):
        checked_rules([IpRule("deny", network)])


def test_a_network_with_bits_to_spare_is_refused_with_the_one_meant() -> None:
    with pytest.raises(BadMessage, match=r"10\.1\.2\.3/8 .* 10\.0\.0\.0/8"):
        checked_rules([IpRule("deny", "10.1.2.3/8")])


def test_networks_are_written_one_way() -> None:
    written = [rule.network for rule in checked_rules([IpRule("deny", n) for n in ("10.1.2.3", "2001:DB8:0::/32")])]
    assert written == ["10.1.2.3/32", "2001:db8::/32"]


addresses = st.ip_addresses(v=4)
rules = st.lists(
    st.builds(
        lambda effect, address, bits: IpRule(effect, str(ip_network((int(address), bits), strict=False))),
        st.sampled_from(["allow", "deny"]),
        addresses,
        st.integers(0, 32),
    ),
    max_size=6,
)


@given(rules, addresses)
def test_against_a_plain_model(listed: list[IpRule], address: object) -> None:
    """The same answer as looking for each length from the longest down."""
    place = ip_address(str(address))
    expected = all(rule.effect == "deny" for rule in listed)
    for bits in range(32, -1, -1):
        hits = {rule.effect for rule in listed if ip_network(rule.network).prefixlen == bits
                and place in ip_network(rule.network)}  # fmt: skip
        if hits:
            expected = hits == {"allow"}
            break
    assert gets_in(listed, str(address)) is expected


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("localhost", ""),
    ],
)
def test_a_block_is_one_place(address: str, block: str) -> None:
    assert address_block(address) == block
