"""What a room knows of the keys of its encrypted chat: public ones, and wrapped ones that it cannot open."""

from msgspec import Struct

from meetserver.ids import ParticipantId


class Share(Struct, frozen=True):
    """A sender key as its owner shared it. `identity` is the owner's identity key at that time, which those need who
    open it; `wrapped` names all who were given it, also those who have left since."""

    by: ParticipantId
    identity: str
    key_id: str
    seq: int
    wrapped: dict[str, str]


class KeyState(Struct, frozen=True):
    """`is_settled`: somebody has been here, so that whether the chat is encrypted stays as it is. `members`: the public
    keys of those present who have published one; `shares`: the newest, oldest first."""

    is_settled: bool = False
    members: dict[ParticipantId, str] = {}
    shares: tuple[Share, ...] = ()


def readers_of(keys: KeyState, by: ParticipantId, key_id: str) -> frozenset[str]:
    """To whom this member gave this key; nobody when that is not known (any more)."""
    return next(
        (frozenset(one.wrapped) for one in reversed(keys.shares) if one.by == by and one.key_id == key_id), frozenset()
    )


def shares_for(keys: KeyState, viewer: ParticipantId) -> list[Share]:
    """What this participant can open, each with their own part alone."""
    return [
        Share(one.by, one.identity, one.key_id, one.seq, {viewer: one.wrapped[viewer]})
        for one in keys.shares
        if viewer in one.wrapped
    ]
