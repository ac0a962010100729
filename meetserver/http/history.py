"""/meetings/{id}/messages, /events, /state: a room's past, as far as the reader may see it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from meetserver import limits
from meetserver.chat.messages import Message
from meetserver.errors import BadMessage, NotSupported
from meetserver.http.conversation import Conversation
from meetserver.http.past import Past, state_at
from meetserver.http.readers import reader_of
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.ports import Entry
from meetserver.rooms.live import LiveState
from meetserver.rooms.views import part_view, whole_view
from meetserver.wire import timestamp

Seq = Annotated[int, Meta(ge=0, le=2**53)]
SeqCursor = Annotated[str, Meta(max_length=20, pattern=r"^[ab][0-9]{1,16}$")]


class MessagesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Seqs: the newest messages below `before`, or the oldest above `after`. `q` is looked for in their texts."""

    before: Seq | UnsetType = UNSET
    after: Seq | UnsetType = UNSET
    q: Annotated[str, Meta(min_length=1, max_length=limits.SEARCH_CHARS)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50
    cursor: SeqCursor | UnsetType = UNSET


class MessagePage(Struct, frozen=True):
    """Rising by seq. `next` goes on in the direction asked for; a page may be short, or empty, before the end."""

    items: list[Message]
    next: str | None


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    after: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=limits.LOG_PAGE_EVENTS)] = 100
    cursor: SeqCursor | UnsetType = UNSET


class EventShown(Struct, frozen=True):
    """A durable event, as on the socket."""

    type: str
    epoch: int
    seq: int
    at: str
    by: str
    data: Any


class EventPage(Struct, frozen=True):
    items: list[EventShown]
    next: str | None


Moment = Annotated[str, Meta(max_length=40, pattern=r"^([0-9]{1,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)$")]


class StateQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: a seq, or a time in RFC 3339; without it, now. `part`: only this part, whole."""

    at: Moment | UnsetType = UNSET
    part: Literal["whiteboard", "participants"] | UnsetType = UNSET


class StateShown(Struct, frozen=True):
    """`snapshot` is what a hello gets, or the part that was asked for; as of `seq` at least."""

    seq: int
    snapshot: Any


async def read_messages(call: Call[None, MessagesQuery]) -> MessagePage:
    reader, query = await reader_of(call), call.query
    before = None if query.before is UNSET else query.before
    after = None if query.after is UNSET else query.after
    if query.cursor is not UNSET:
        seq = int(query.cursor[1:])
        before, after = (seq, None) if query.cursor[0] == "b" else (before, seq)
    if query.q is not UNSET and reader.meeting.settings.get("e2ee"):
        raise NotSupported("this chat is end-to-end encrypted: only its members' clients can search it")
    sought = None if query.q is UNSET else query.q.casefold()
    items, last = await Conversation(call.services.history, reader).page(
        before=before,
        after=after,
        limit=query.limit,
        is_wanted=lambda message: sought is None or sought in (message.text or "").casefold(),
    )
    return MessagePage(items, None if last is None else f"{'b' if after is None else 'a'}{last}")


async def read_events(call: Call[None, EventsQuery]) -> EventPage:
    reader, query = await reader_of(call), call.query
    after = query.after if query.cursor is UNSET else int(query.cursor[1:])
    past = Past(call.services.history, reader)
    found, last = await past.collect(past.all_after(after, query.limit), query.limit)
    shown = await past.without_deleted(found)
    return EventPage([_event(entry) for entry in shown], None if last is None else f"a{last}")


async def read_state(call: Call[None, StateQuery]) -> Reply[StateShown]:
    """The live room knows more than its log (who is away, whose camera is on), so it is asked first."""
    reader, query, services = await reader_of(call), call.query, call.services
    if query.at is UNSET and query.part is UNSET:
        seq = await services.history.last_seq(reader.meeting.room_id)
        live = await services.rooms.state(reader.meeting.room_id)
        if live is not None:
            return Reply(StateShown(seq, Raw(live)))
    state = await state_at(services.history, reader.meeting, None if query.at is UNSET else query.at)
    if query.part is UNSET:
        return Reply(StateShown(state.seq, Raw(whole_view(state, LiveState()))))
    part = part_view(state, LiveState(), query.part)
    if part is None:
        raise BadMessage("there is no such part")
    # A part depends on the log alone, so its seq says whether it is the same one.
    headers = {"ETag": f'"{query.part}-{state.seq}"', "Cache-Control": "private, no-cache"}
    return Reply(StateShown(state.seq, Raw(part)), headers)


def _event(entry: Entry) -> EventShown:
    return EventShown(entry.type, entry.epoch, entry.seq, timestamp(entry.at), entry.by, Raw(entry.data))


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/messages",
        handler=read_messages,
        action="history.read",
        takes_room_token=True,
        query=MessagesQuery,
        answer=MessagePage,
        problems=[422],
        tag="history",
        summary="The room's chat, private messages only for those they are for.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/events",
        handler=read_events,
        action="history.read",
        takes_room_token=True,
        query=EventsQuery,
        answer=EventPage,
        tag="history",
        summary="The room's log after a seq.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/state",
        handler=read_state,
        action="history.read",
        takes_room_token=True,
        query=StateQuery,
        answer=StateShown,
        tag="history",
        summary="The room as it is, or as it was at a seq or a time.",
    ),
]
