"""A meeting's passcode: sealed among its settings, for hosts read it out to people; compared in constant time."""

import hmac
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from meetserver.ids import MeetingId
from meetserver.meetings.settings import PASSCODE
from meetserver.names import clean_name
from meetserver.ports import Sealer


def with_passcode(
    sealer: Sealer, meeting: MeetingId, kept: Mapping[str, Any], wish: str | UnsetType | None
) -> dict[str, Any]:
    """The settings to keep with the passcode as wished: null or nothing takes it away; the same one is not sealed
    anew. Raises BadMessage for one that nobody could type."""
    after = dict(kept)
    if wish is UNSET:
        return after
    if not wish:
        after.pop(PASSCODE, None)
        return after
    clean = clean_name(wish, "passcode")
    if clean != passcode_of(sealer, meeting, kept):
        after[PASSCODE] = b64encode(sealer.seal(clean.encode(), _about(meeting))).decode()
    return after


def passcode_of(sealer: Sealer, meeting: MeetingId, kept: Mapping[str, Any]) -> str | None:
    """In clear; None: there is none. Raises SealBroken."""
    sealed = kept.get(PASSCODE)
    return None if sealed is None else sealer.unseal(b64decode(sealed), _about(meeting)).decode()


def is_passcode(given: str, wanted: str) -> bool:
    """However many characters are right, the answer takes as long."""
    return hmac.compare_digest(unicodedata.normalize("NFC", given).strip().encode(), wanted.encode())


def _about(meeting: MeetingId) -> str:
    return f"meeting {meeting} passcode"
