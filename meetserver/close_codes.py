"""One close code per error code: the only place that translates errors to WebSocket closes (docs/protocol.md)."""

from typing import Final

from meetserver.errors import Code

NORMAL: Final = 1000
DRAIN: Final = 3000
RESYNC: Final = 3001
TOO_SLOW: Final = 3008
BAD: Final = 3500
NOT_VALID: Final = 3501
FLOOD: Final = 3508
QUARANTINED: Final = 3510

CLOSE_CODES: Final[dict[Code, int]] = {
    "bad_message": BAD,
    "unknown_type": BAD,
    "too_large": BAD,
    "bad_file": BAD,
    "not_supported": BAD,
    "unauthenticated": NOT_VALID,
    "not_found": NOT_VALID,
    "forbidden": 3503,
    "confirm_first": 3503,
    "waiting_room": 3503,
    "room_locked": 3503,
    "room_full": 3503,
    "room_ended": 3504,
    "history_expired": 3504,
    "search_off": BAD,
    "conflict": 3505,
    "rate_limited": FLOOD,
    "busy": RESYNC,
    "unavailable": RESYNC,
    "storage_full": RESYNC,
    "timeout": RESYNC,
    "internal": RESYNC,
}
REASONS: Final[dict[int, str]] = {
    NORMAL: "",
    DRAIN: "drain",
    RESYNC: "resync",
    TOO_SLOW: "too_slow",
    QUARANTINED: "quarantined",
}
