"""Encrypted rooms for tests: people with keys of their own, who share keys in the domain's words."""

from functools import cache

from meetserver.chat.messages import Send
from meetserver.e2ee.messages import Publish, Share
from meetserver.rooms.messages import Settings
from meetserver.rooms.state import RoomState
from tests.builders import after, given_room, participant_id
from tests.e2ee import identity_from, public_text, text_of

WRAPPED = "w" * 80


@cache
def identity(name: str) -> str:
    """Somebody's public key, always the same."""
    return public_text(identity_from(int.from_bytes(name.encode())))


def key_id(number: int) -> str:
    return text_of(number.to_bytes(16))


def given_encrypted(*names: str, listeners: tuple[str, ...] = ()) -> RoomState:
    """A room with these members, the first one as host; listeners have published nothing."""
    host, *guests = names
    room = given_room(host=host, guests=[*guests, *listeners], settings=Settings(e2ee=True))
    for name in names:
        room = after(room, name, Publish(identity(name)))
    return room


def share(number: int, *names: str) -> Share:
    return Share(key_id(number), {participant_id(name): WRAPPED for name in names})


def sealed(number: int, *to: str) -> Send:
    return Send(ciphertext="c" * 40, key_id=key_id(number), to=[participant_id(name) for name in to] or None)
