"""What tells one person from another at a meeting's door, so that who was sent away stays away.

Keys are made for one room: they link nobody across meetings, and say nothing to whoever reads the room's log.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from meetserver.ids import RoomId, UserId
from meetserver.network.addresses import address_block
from meetserver.ports import Origin

KEY_BYTES = 15


def person_keys(secret: bytes, room: RoomId, user: UserId | None, origin: Origin) -> tuple[str, ...]:
    """All that is known of who joins: "u:…" the account, "v:…" the browser's visitor cookie, "a:…" the address (IPv6:
    its /64). The same person and room give the same keys."""
    known = (("u", user or ""), ("v", origin.visitor), ("a", address_block(origin.address)))
    return tuple(f"{kind}:{_mark(secret, room, kind, value)}" for kind, value in known if value)


def _mark(secret: bytes, room: RoomId, kind: str, value: str) -> str:
    digest = hmac.digest(secret, f"{room}\n{kind}\n{value}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest[:KEY_BYTES]).decode()
