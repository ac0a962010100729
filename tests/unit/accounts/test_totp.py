"""Codes of authenticator apps."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from meetserver import limits
from meetserver.accounts.totp import key_uri, new_secret, qr_code, taken_step
from meetserver.adapters.memory.random import SeededRandom

# RFC 6238, appendix B: the secret, and codes of eight digits, of which apps show the last six.
SECRET = b32encode(b"12345678901234567890").decode()
VECTORS = [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (20000000000, "65353130")]
NOW = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)
STEP = int(NOW.timestamp()) // limits.TOTP_STEP_S


@pytest.mark.parametrize(("second", "code"), VECTORS)
def test_the_codes_are_those_of_the_rfc(second: int, code: str) -> None:
    now = datetime.fromtimestamp(second, UTC)
    assert taken_step(SECRET, code[-6:], now, 0) == second // limits.TOTP_STEP_S


@pytest.mark.parametrize("off", [-2, -1, 0, 1, 2])
def test_a_clock_may_be_off_by_one_step_and_no_more(off: int) -> None:
    code = pyotp.HOTP(SECRET).at(STEP + off)
    assert taken_step(SECRET, code, NOW, 0) == (STEP + off if abs(off) <= limits.TOTP_STEPS_OFF else None)


def test_no_step_is_taken_twice_nor_one_before_it() -> None:
    codes = pyotp.HOTP(SECRET)
    assert taken_step(SECRET, codes.at(STEP), NOW, STEP) is None
    assert taken_step(SECRET, codes.at(STEP - 1), NOW, STEP) is None
    assert taken_step(SECRET, codes.at(STEP + 1), NOW, STEP) == STEP + 1


def test_a_code_holds_until_the_step_after_it_is_over() -> None:
    code, end = pyotp.HOTP(SECRET).at(STEP), NOW + timedelta(seconds=2 * limits.TOTP_STEP_S)
    assert taken_step(SECRET, code, end - timedelta(seconds=1), 0) == STEP
    assert taken_step(SECRET, code, end, 0) is None


def test_a_secret_is_as_long_as_the_hash_and_its_picture_says_it() -> None:
    secret = new_secret(SeededRandom().secret())
    assert len(secret) * 5 == 160
    uri = key_uri(secret, "ann@example.com")
    assert uri == f"otpauth://totp/meetserver:ann%40example.com?secret={secret}&issuer=meetserver"
    assert pyotp.parse_uri(uri).secret == secret
    assert qr_code(uri).startswith("data:image/svg+xml")
