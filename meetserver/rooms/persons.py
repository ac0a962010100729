"""Who is the same person, and who was sent away: by keys, which meetings/persons.py makes.

"u:…" is an account, "v:…" a browser, "a:…" an address. Whoever is signed in is known by their account alone: others use
the same browser, and many the same address.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

from meetserver.ids import SessionId
from meetserver.rooms.messages import Bar, Participant
from meetserver.rooms.state import RoomState, everybody

Keys = tuple[str, ...]
Kind = Literal["removed", "banned"]

ACCOUNT: Final = ("u:",)
BROWSER: Final = ("v:",)
ADDRESS: Final = ("a:",)
GUEST: Final = (*BROWSER, *ADDRESS)


def is_barred(bars: Iterable[Bar], keys: Keys, *, has_account: bool) -> bool:
    """Whether somebody with these keys was sent away and must not come in."""
    own = set(_of_kinds(keys, ACCOUNT if has_account else GUEST))
    return bool(own) and any(not own.isdisjoint(bar.keys) for bar in bars)


def barred_keys(keys: Keys, kind: Kind) -> Keys:
    """What a bar holds against: all keys for a ban; for a removal account and browser, and the address of whoever has
    neither."""
    return keys if kind == "banned" else _of_kinds(keys, (*ACCOUNT, *BROWSER)) or keys


def same_person(state: RoomState, who: Participant, keys_of: Callable[[SessionId], Keys]) -> Iterator[Participant]:
    """All that this person is, here and in the lobby: `who` first, then their other tabs."""
    yield who
    keys = set(keys_of(who.session))
    for other in everybody(state):
        known_by = _of_kinds(keys_of(other.session), BROWSER if other.user is None else ACCOUNT)
        if other.id != who.id and not keys.isdisjoint(known_by):
            yield other


def person_of(who: Participant, keys: Keys) -> str:
    """One name for all tabs of a person: their account's, else their browser's, else this session's own."""
    if who.user is not None:
        return who.user
    return next(iter(_of_kinds(keys, BROWSER)), who.session)


def address_keys(keys: Keys) -> Keys:
    return _of_kinds(keys, ADDRESS)


def _of_kinds(keys: Keys, kinds: tuple[str, ...]) -> Keys:
    return tuple(key for key in keys if key.startswith(kinds))
