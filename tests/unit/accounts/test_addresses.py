"""When two addresses are one account's."""

import pytest

from meetserver.accounts.addresses import address_key, clean_address


def key_of(typed: str) -> str:
    return address_key(clean_address(typed))


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann@example.com", "ANN@EXAMPLE.com"), ("ann@straße.de", "Ann@Straße.DE"), ("zo\u00eb@a.de", "ZOE\u0308@a.de")],
)
def test_case_and_the_way_of_writing_an_accent_make_no_difference(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ann@straße.de", "ann@strasse.de"), ("ſam@example.com", "sam@example.com"), ("ann@a.de", "ann@b.de")],
)
def test_what_different_people_may_own_is_different(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)
