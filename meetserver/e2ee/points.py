"""Whether a public key is one: who publishes something else would keep everybody from sharing their keys."""

from base64 import urlsafe_b64decode
from typing import Final

_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""The curve P-256, y² = x³ - 3x + b (FIPS 186-5, SP 800-186)."""


def is_point(text: str) -> bool:
    """Whether these 87 characters of base64url are an uncompressed point on P-256, written as it has to be."""
    data = urlsafe_b64decode(text + "=")
    x, y = int.from_bytes(data[1:33]), int.from_bytes(data[33:])
    is_on_curve = x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0
    return is_on_curve and data[0] == 4 and text[-1] in _LAST


_LAST: Final = "AEIMQUYcgkosw048"
"""65 bytes leave two bits of the last character unused: with any others set the same key would have several names."""
