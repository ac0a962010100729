"""Codes of authenticator apps: TOTP (RFC 6238) with what every app takes: SHA-1, six digits, 30 seconds."""

import hmac
from base64 import b32encode, urlsafe_b64decode
from datetime import datetime

import pyotp
import segno

from meetserver import limits

ISSUER = "meetserver"
SECRET_BYTES = 20  # as long as the hash (RFC 4226, 4, R6)


def new_secret(entropy: str) -> str:
    """A secret in base32. `entropy`: a fresh ports.Random.secret()."""
    return b32encode(urlsafe_b64decode(entropy + "=")[:SECRET_BYTES]).decode()


def taken_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step that `code` is of, if that is now or next to it, and later than `last_step`; else None."""
    current = int(now.timestamp()) // limits.TOTP_STEP_S
    codes = pyotp.HOTP(secret)
    for step in range(current - limits.TOTP_STEPS_OFF, current + limits.TOTP_STEPS_OFF + 1):
        if step > last_step and hmac.compare_digest(codes.at(step), code):
            return step
    return None


def key_uri(secret: str, email: str) -> str:
    """otpauth:// as apps read it."""
    return pyotp.TOTP(secret, interval=limits.TOTP_STEP_S).provisioning_uri(name=email, issuer_name=ISSUER)


def qr_code(uri: str) -> str:
    """An SVG image as a data: URI."""
    return segno.make(uri, micro=False).svg_data_uri(scale=4)
