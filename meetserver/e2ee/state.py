"""What a room knows of the keys of its encrypted chat: public ones, and wrapped ones that it cannot open."""

from msgspec import Struct

from meetserver.ids import ParticipantId


class Share(Struct, frozen=True):
    """A sender key as its owner shared it. `identity` is the owner's identity key at that time, which those need who
    open it; `wrapped` names all who were given it, also those who have left since, and has "" for those who have begun
    anew since."""

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


def is_shared(keys: KeyState, by: ParticipantId, key_id: str) -> bool:
    return any(one.by == by and one.key_id == key_id for one in keys.shares)


def readers_of(keys: KeyState, by: ParticipantId, key_id: str) -> frozenset[str]:
    """Who can open what is said under this key; nobody when that is not known (any more), or one of them began anew."""
    wrapped = next((one.wrapped for one in reversed(keys.shares) if one.by == by and one.key_id == key_id), {})
    return frozenset(wrapped) if all(wrapped.values()) else frozenset()


def shares_for(keys: KeyState, viewer: ParticipantId) -> list[Share]:
    """What this participant can open, each with their own part alone."""
    return [
        Share(one.by, one.identity, one.key_id, one.seq, {viewer: one.wrapped[viewer]})
        for one in keys.shares
        if one.wrapped.get(viewer)
    ]
