"""What a participant shows: the part that lasts (in the log) and the part that does not."""

from msgspec import Struct

from meetserver.presence.messages import Pen


class Signs(Struct, frozen=True):
    """Lasts. `hand_at` and `hand_seq` say when the hand went up: hands are called on in the order of `hand_seq`, as
    times may be the same."""

    hand: bool = False
    hand_at: str | None = None
    hand_seq: int | None = None
    screen: bool = False


class Live(Struct, frozen=True):
    """Does not last. `away`: the socket dropped and the place is kept."""

    audio: bool = False
    video: bool = False
    status: str = ""
    away: bool = False
    board: Pen | None = None


UNSEEN = Live()
"""Of whom nothing was heard yet."""
