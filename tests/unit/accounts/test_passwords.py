import asyncio

import pytest

from meetserver import limits
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.passwords import Passwords
from meetserver.errors import BadMessage, Busy


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(b"pepper", 4)


@pytest.mark.parametrize("password", ["correct horse", "x" * limits.PASSWORD_MAX_CHARS, "a\x00b", "pässwörd 🔑"])
async def test_a_password_matches_itself_alone(passwords: Passwords, password: str) -> None:
    stored = await passwords.hash(password)
    assert stored.startswith("bcrypt$")
    assert await passwords.check(password, stored)
    assert not await passwords.check(password + "x", stored)
    assert not await Passwords(b"another pepper", 4).check(password, stored)


async def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not await passwords.check("nobody's password", None)


async def test_a_hash_of_another_cost_or_scheme_is_outdated(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse")
    assert not passwords.is_outdated(stored)
    assert Passwords(b"pepper", 5).is_outdated(stored)
    assert passwords.is_outdated(stored.replace("bcrypt$", "scrypt$"))


async def test_more_than_can_wait_are_busy(passwords: Passwords) -> None:
    wanted = limits.PASSWORD_CHECKS_WAITING + 1
    answers = await asyncio.gather(*(passwords.check("x", None) for _ in range(wanted)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(Busy) == 1


def test_addresses_are_one_in_whatever_case() -> None:
    assert clean_address("Ann@EXAMPLE.com") == "Ann@example.com"
    assert address_key("Ann@example.com") == address_key("ANN@example.com")


@pytest.mark.parametrize("address", ["ann@meet.local", "ann@localhost", "ann@example.test", "用户@例え.jp"])
def test_private_and_international_addresses_are_fine(address: str) -> None:
    assert clean_address(address)


@pytest.mark.parametrize("address", ["", "ann", "ann@", "@x.y", "a@b\r\nc", "a\u202e@b.c", "a" * 65 + "@example.com"])
def test_impossible_addresses_are_refused(address: str) -> None:
    with pytest.raises(BadMessage):
        clean_address(address)
