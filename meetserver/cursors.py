"""Where a page of a list ends, as a text that says nothing to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

import msgspec

from meetserver.errors import BadMessage

_decoder = msgspec.json.Decoder(tuple[datetime, str])


def write_cursor(created_at: datetime, id_: str) -> str:
    return urlsafe_b64encode(msgspec.json.encode((created_at, id_))).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Raises BadMessage where `write_cursor` cannot have made it."""
    try:
        created_at, id_ = _decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.DecodeError):
        raise BadMessage("the cursor is not one of this list's") from None
    if created_at.tzinfo is None or not (id_.isascii() and id_.isalnum()) or not 1970 <= created_at.year < 9000:
        raise BadMessage("the cursor is not one of this list's")
    return created_at, id_
