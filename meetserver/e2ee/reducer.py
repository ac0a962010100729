"""Who is a member of the encrypted chat, which keys were given to whom, and what may be said under which."""

from collections import Counter

from msgspec.structs import replace

from meetserver import limits
from meetserver.e2ee.messages import Publish, Published, Shared
from meetserver.e2ee.messages import Share as ShareKey
from meetserver.e2ee.points import is_point
from meetserver.e2ee.state import KeyState, Share, is_shared, readers_of
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event, Meta


def publish(keys: KeyState, command: Publish, ctx: Context) -> list[Event] | Refusal:
    if keys.members.get(ctx.by) == command.key:
        return []
    if not is_point(command.key):
        return Refusal("bad_message", "key is no point on P-256")
    if command.key in keys.members.values():
        return Refusal("conflict", "this key is somebody else's")
    if ctx.by not in keys.members and len(keys.members) >= limits.E2EE_MEMBERS:
        return Refusal("room_full", "no more people can take part in this encrypted chat")
    return [Published(ctx.by, command.key)]


def share(keys: KeyState, command: ShareKey, ctx: Context) -> list[Event] | Refusal:
    """Only once under a key_id, and to members: whoever has left meanwhile is not to get it."""
    if ctx.by not in keys.members:
        return Refusal("conflict", "publish your identity key first")
    if ctx.by not in command.wrapped:
        return Refusal("bad_message", "wrap the key for yourself as well")
    if any(ParticipantId(receiver) not in keys.members for receiver in command.wrapped):
        return Refusal("conflict", "somebody in `wrapped` is no member (any more)")
    if is_shared(keys, ctx.by, command.key_id):
        return Refusal("conflict", "this key was shared already")
    return [Shared(command.key_id, command.wrapped)]


def sealed(
    keys: KeyState, key_id: str, readers: frozenset[str], audience: frozenset[str], ctx: Context
) -> Refusal | None:
    """Why nothing may be said under this key; None: it was given to all `readers`, and to none but the `audience`."""
    if readers <= readers_of(keys, ctx.by, key_id) <= audience:
        return None
    return Refusal("conflict", "share a key with exactly those who are to read this")


def published(keys: KeyState, event: Published) -> KeyState:
    """Whoever begins anew opens nothing of what was, nor can others rely on it: their part of each key goes. They may
    have it still, though, so that such a key is good for nothing new, also once they have left."""
    members = {**keys.members, event.participant: event.key}
    shares = tuple(_without(one, event.participant) for one in keys.shares if one.by != event.participant)
    return replace(keys, members=members, shares=shares)


def _without(one: Share, participant: ParticipantId) -> Share:
    if participant not in one.wrapped:
        return one
    return replace(one, wrapped={**one.wrapped, participant: ""})


def shared(keys: KeyState, event: Shared, meta: Meta) -> KeyState:
    one = Share(meta.by, keys.members.get(meta.by, ""), event.key_id, meta.seq, event.wrapped)
    return replace(keys, shares=_bounded((*keys.shares, one)))


def _bounded(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    """Whoever has shared the most loses their oldest, so that one who floods takes nobody else's away."""
    if len(shares) <= limits.E2EE_SHARES:
        return shares
    counts = Counter(one.by for one in shares)
    most = max(counts.values())
    oldest = next(place for place, one in enumerate(shares) if counts[one.by] == most)
    return (*shares[:oldest], *shares[oldest + 1 :])


def left(keys: KeyState, participant: ParticipantId) -> KeyState:
    """They stay among the readers of the keys that they had, so that these are good for nothing new."""
    if participant not in keys.members:
        return keys
    members = {who: key for who, key in keys.members.items() if who != participant}
    return KeyState(keys.is_settled, members, keys.shares if members else ())


def joined(keys: KeyState) -> KeyState:
    return keys if keys.is_settled else replace(keys, is_settled=True)


def all_left(keys: KeyState) -> KeyState:
    return KeyState(keys.is_settled)
