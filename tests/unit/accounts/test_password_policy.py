import pytest

from meetserver import limits
from meetserver.accounts.password_policy import _common, check_password, context_words
from meetserver.errors import BadMessage

EMAIL, NAME = "long.address@example.com", "Somebody Else"
MOST = limits.PASSWORD_ADORNMENT_CHARS


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "Qwertyuiop",
        "ＱＷＥＲＴＹＵＩＯＰ",
        " password123\t",
        "!!Dragon2026",
        "letmein" + "1" * MOST,
        "monkeymonkey",
        "MonkeyMonkey1",
    ],
)
def test_what_others_would_guess_is_refused(password: str) -> None:
    with pytest.raises(BadMessage, match="common"):
        check_password(password, EMAIL, NAME)


@pytest.mark.parametrize(
    "password",
    [
        EMAIL.upper(),
        "Long.Address",
        "somebody else",
        "Somebody2026!",
        "address-123",
        "MeetServer1",
        "meetings2026",
        "meetingmeeting",
        "Conference#1",
    ],
)
def test_what_the_account_and_the_service_are_called_is_refused(password: str) -> None:
    with pytest.raises(BadMessage, match="name of this service"):
        check_password(password, EMAIL, NAME)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "aaaaaaaaaab",
        "пароль пароль",
        "somebody else's",
        "letmein" + "1" * (MOST + 1),
        "8472910563",
        "-_-_-_-_-_.",
        "I meet Somebody",
    ],
)
def test_nothing_else_is_asked_of_a_password(password: str) -> None:
    check_password(password, EMAIL, NAME)


def test_more_than_3000_that_are_long_enough_are_refused() -> None:
    """The list's own that are, and its shorter ones as people make them longer."""
    common = [one + "123!" for one in _common() if one.isalpha() and len(one) >= limits.PASSWORD_MIN_CHARS - 4]
    assert len(common) > 3000
    for password in common:
        with pytest.raises(BadMessage):
            check_password(password, EMAIL, NAME)


def test_short_parts_of_a_name_are_no_words() -> None:
    assert {"jo", "li"}.isdisjoint(context_words("jo.li@example.com", "Jo Li"))
