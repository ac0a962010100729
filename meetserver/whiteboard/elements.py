"""What an element may be: any JSON object that every client can read and every database can hold."""

import re
from math import isfinite
from typing import Final

import msgspec

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.messages import Json

_encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(dict[str, Json]).decode
"""An element's fields, of its body."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACES: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(c for c in range(256) if c not in b"[]{}")


def encode(value: Json) -> bytes | Refusal:
    """Its JSON, as far as it has one: half a surrogate pair has none."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        return Refusal("bad_message", "an element is a JSON object")


def flaw(body: bytes, value: Json) -> Refusal | None:
    """What is wrong with `value`, whose JSON is (in) `body`; None when nothing is."""
    if len(body) > limits.BOARD_ELEMENT_BYTES:
        return Refusal("too_large", f"an element has at most {limits.BOARD_ELEMENT_BYTES} bytes")
    if is_deeper(body, limits.BOARD_ELEMENT_DEPTH):
        return Refusal("bad_message", f"an element is at most {limits.BOARD_ELEMENT_DEPTH} levels deep")
    # The encoder writes a number that is not finite as null: only such a body is worth a walk in Python.
    if (b"null" in body or b"\\u0000" in body) and not _is_sound(value):
        return Refusal("bad_message", "an element holds finite numbers only, and strings without NUL")
    return None


def is_deeper(body: bytes, levels: int) -> bool:
    """Whether lists and objects stand in each other deeper than this; taking the innermost away, a level a round."""
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    brackets = _STRING.sub(b"", body).translate(_BRACES, _NO_BRACKETS)
    for _ in range(levels):
        brackets = brackets.replace(b"[]", b"")
    return len(brackets) > 0


def _is_sound(value: Json) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, dict):
        return all("\0" not in key and _is_sound(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_sound(item) for item in value)
    return True
