"""Who can be written to: people in the room, and signed-in ones who have left it and may come back as somebody new."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.state import ChatState, Gone
from meetserver.ids import ParticipantId, UserId


class Person(Protocol):
    """Somebody in the room."""

    @property
    def id(self) -> ParticipantId: ...
    @property
    def name(self) -> str: ...
    @property
    def user(self) -> UserId | None: ...


class Surroundings(Struct, frozen=True):
    """What chat depends on beside itself: who is here, the meeting's settings, and the seq of what comes next."""

    present: Mapping[ParticipantId, Person]
    seq: int
    private: bool = True
    slow_s: int = 0


def selves(chat: ChatState, who: ParticipantId, user: UserId | None) -> frozenset[ParticipantId]:
    """Who this person is, and was before in this room."""
    return frozenset({who}) if user is None else frozenset({who, *_gone_of(chat, user)})


def in_all_tabs(who: ParticipantId, user: UserId | None, present: Mapping[ParticipantId, Person]) -> set[ParticipantId]:
    """Who this person is at the moment: somebody with an account may be there more than once."""
    return {who} if user is None else {who, *(one.id for one in present.values() if one.user == user)}


def is_known(chat: ChatState, who: ParticipantId, present: Mapping[ParticipantId, Person]) -> bool:
    return who in present or who in chat.gone


def reached(
    chat: ChatState, people: Iterable[ParticipantId], present: Mapping[ParticipantId, Person]
) -> list[ParticipantId]:
    """These, each once, and whoever those of them who have left are by now."""
    named = list(dict.fromkeys(people))
    away = {chat.gone[who].user for who in named if who not in present and who in chat.gone}
    back = [who.id for who in present.values() if who.user in away] if away else []
    return list(dict.fromkeys([*named, *sorted(back)]))


def left(chat: ChatState, who: Person, seq: int, present: Mapping[ParticipantId, Person], *, stays: bool) -> ChatState:
    """After `who` has left, with those still here; `stays`: they can be written to further on."""
    gone = chat.gone
    if who.user is not None:
        gone = _remembering(chat, who, who.user, seq) if stays else _forgetting(chat, who.user)
    lost = {who.id, *(id_ for id_ in chat.gone if id_ not in gone)}
    return _without_lost(replace(chat, gone=gone), lost, present)


def _remembering(chat: ChatState, who: Person, user: UserId, seq: int) -> Map[ParticipantId, Gone]:
    gone = chat.gone
    mine = sorted(_gone_of(chat, user), key=lambda id_: gone[id_].seq)
    for oldest in mine[: max(0, len(mine) + 1 - limits.CHAT_GONE_OF_ONE)]:
        gone = gone.delete(oldest)
    gone = gone.set(who.id, Gone(user, who.name, seq))
    return gone if len(gone) <= limits.CHAT_GONE_PEOPLE else _newest(gone)


def _newest(gone: Map[ParticipantId, Gone]) -> Map[ParticipantId, Gone]:
    """A tenth makes room at once, as to look at all of them for each is dear."""
    most = limits.CHAT_GONE_PEOPLE - limits.CHAT_GONE_PEOPLE // 10
    return Map(sorted(gone.items(), key=lambda item: item[1].seq)[-most:])


def _forgetting(chat: ChatState, user: UserId) -> Map[ParticipantId, Gone]:
    gone = chat.gone.mutate()
    for id_ in _gone_of(chat, user):
        del gone[id_]
    return gone.finish()


def _gone_of(chat: ChatState, user: UserId) -> list[ParticipantId]:
    return [id_ for id_, one in chat.gone.items() if one.user == user]


def _without_lost(
    chat: ChatState, lost: AbstractSet[ParticipantId], present: Mapping[ParticipantId, Person]
) -> ChatState:
    """Without the private conversations, of those that were lost, which nobody will see again."""
    over = [m for m in chat.private if not lost.isdisjoint(m) and not any(is_known(chat, p, present) for p in m)]
    if not over:
        return chat
    private, count = chat.private, chat.private_count
    for members in over:
        count -= len(private[members].messages)
        private = private.delete(members)
    return replace(chat, private=private, private_count=count)
