"""Everything that can go wrong, as one tree with stable codes.

    MeetError
    ├── Refused            the caller did something that cannot be done (4xx; a typed error on a socket)
    │   ├── BadMessage  UnknownType  TooLarge  BadFile  Unauthenticated  Forbidden  NotFound  Conflict (VersionConflict)
    │   ├── ConfirmFirst (the session is old for this: confirm that it is still you)
    │   ├── RoomEnded  HistoryExpired  RoomFull  RoomLocked  RateLimited  NotSupported
    │   ├── SearchOff
    │   └── Unavailable (StorageFull)  Busy  Timeout          temporary: the same call may work later
    ├── StoreError         between a room and its log; never shown to people
    │   ├── Stale              a higher epoch owns the room, or the log moved on
    │   ├── Duplicate          a (room, by, txn) or a ticket is in the log already
    │   ├── BadEntry           the database refused this one entry for good
    │   ├── Locked             another transaction holds the room; nothing was written
    │   └── UnknownOutcome     the answer got lost: it may or may not be committed
    ├── SealBroken         what was sealed at rest does not open: changed, moved, or its key is missing
    ├── SendFailed         a mail was not taken; `permanent` says whether trying again is of use
    └── ConfigError        the server cannot start like this; the message says what to do

The code is for programs and never changes; the message is for people. Translation to an HTTP status
stands in http/errors.py, to a close code in close_codes.py, and nowhere else.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

Code: TypeAlias = Literal[
    "bad_message", "unknown_type", "too_large", "unauthenticated", "forbidden", "not_found", "conflict",
    "waiting_room", "room_locked", "room_full", "room_ended", "rate_limited", "busy", "unavailable",
    "timeout", "not_supported", "internal", "confirm_first", "bad_file", "storage_full",
    "history_expired", "search_off",
]  # fmt: skip


class Refusal(Struct, frozen=True, omit_defaults=True):
    """Why a wish is not granted, as a value: what `decide` returns and what a reply's `error` holds.

    `retry_after_s` is in seconds and only stands beside `temporary`.
    """

    code: Code
    message: str
    temporary: bool = False
    retry_after_s: float | None = None


class MeetError(Exception):
    """Root of the tree."""


class Refused(MeetError):
    """A refusal as an exception, for code that calls rather than returns."""

    code: Code = "internal"
    temporary = False
    command_id: int | str | None = None
    """The `id` of the frame that was refused before it became a command."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.refusal = Refusal(self.code, message, self.temporary, retry_after_s)


class BadMessage(Refused):
    code: Code = "bad_message"


class UnknownType(Refused):
    code: Code = "unknown_type"


class TooLarge(Refused):
    code: Code = "too_large"


class BadFile(Refused):
    """It is not what it says, or cannot be made out."""

    code: Code = "bad_file"


class Unauthenticated(Refused):
    code: Code = "unauthenticated"


class Forbidden(Refused):
    code: Code = "forbidden"


class ConfirmFirst(Refused):
    """The session may do this, but only shortly after its owner has shown who they are: POST /auth/confirm."""

    code: Code = "confirm_first"


class NotFound(Refused):
    code: Code = "not_found"


class Conflict(Refused):
    code: Code = "conflict"


class VersionConflict(Conflict):
    """What was to be changed is not what the caller saw (RFC 9110 If-Match)."""


class RoomEnded(Refused):
    code: Code = "room_ended"


class HistoryExpired(Refused):
    """The meeting does not keep what happened so long ago."""

    code: Code = "history_expired"


class SearchOff(Refused):
    """The meeting is set so that its chat's past is not searched."""

    code: Code = "search_off"


class RoomFull(Refused):
    code: Code = "room_full"


class RoomLocked(Refused):
    code: Code = "room_locked"


class RateLimited(Refused):
    code: Code = "rate_limited"
    temporary = True


class NotSupported(Refused):
    code: Code = "not_supported"


class Unavailable(Refused):
    code: Code = "unavailable"
    temporary = True


class StorageFull(Unavailable):
    """There is no room for more files, before somebody makes some."""

    code: Code = "storage_full"


class Busy(Refused):
    code: Code = "busy"
    temporary = True


class Timeout(Refused):
    code: Code = "timeout"
    temporary = True


class StoreError(MeetError):
    """Between a room and its log."""


class Stale(StoreError):
    """The fence did not match: somebody with a higher epoch owns the room. Stop."""


class Duplicate(StoreError):
    """A txn, or a ticket, of this batch is in the log already. Look the receipts up and decide anew."""


class BadEntry(StoreError):
    """The database refused the entry for good (a value it cannot hold, say)."""


class Locked(StoreError):
    """Another transaction holds the room: nothing was written, and nobody else had to wait. Only the committer
    sees this; it asks again with `commit_alone`."""


class UnknownOutcome(StoreError):
    """No answer to a commit, or the database was in trouble. Stop, bump the epoch, load, and see what is there. Never
    go on from a guess."""


class SealBroken(MeetError):
    """A sealed value was changed, belongs to another row, or is sealed with a key that is not here."""


class SendFailed(MeetError):
    """A mail was not handed over. `permanent`: the same mail will never be taken (5xx, a malformed address)."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class ConfigError(MeetError):
    """The server cannot start like this."""


_BY_CODE: dict[str, type[Refused]] = {
    kind.code: kind
    for kind in (
        BadMessage, UnknownType, TooLarge, BadFile, Unauthenticated, Forbidden, ConfirmFirst, NotFound, Conflict,
        RoomEnded, HistoryExpired, SearchOff, RoomFull, RoomLocked, RateLimited, NotSupported, Unavailable,
        StorageFull, Busy, Timeout,
    )
}  # fmt: skip


def refused(refusal: Refusal) -> Refused:
    """The exception that says the same as this value."""
    return _BY_CODE.get(refusal.code, Refused)(refusal.message, retry_after_s=refusal.retry_after_s)
