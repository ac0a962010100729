"""/meetings/{id}/messages, /events, /state: a room's past, as far as the reader may see it."""

from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from meetserver import limits
from meetserver.http.conversation import Conversation
from meetserver.http.parts import answer_with_part
from meetserver.http.past import Past, state_at
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.http.search import IndexShown, MessageShown, Search, shown
from meetserver.ports import Entry
from meetserver.rooms.live import LiveState
from meetserver.rooms.views import Part, whole_view
from meetserver.wire import timestamp

Seq = Annotated[int, Meta(ge=0, le=2**53)]
SeqCursor = Annotated[str, Meta(max_length=20, pattern=r"^[ab][0-9]{1,16}$")]


class MessagesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Seqs: the newest messages below `before`, or the oldest above `after`. `q`: those alone that have its words, its
    "words in their order", and no -word; its last word may be the beginning of one."""

    before: Seq | UnsetType = UNSET
    after: Seq | UnsetType = UNSET
    q: Annotated[str, Meta(min_length=1, max_length=limits.SEARCH_CHARS)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50
    cursor: SeqCursor | UnsetType = UNSET


class MessagePage(Struct, frozen=True):
    """Rising by seq. `next` goes on in the direction asked for; a page may be short, or empty, before the end. What was
    up to `expired_until` is not kept any more. `index`: only with `q`."""

    items: list[MessageShown]
    next: str | None
    expired_until: int = 0
    index: IndexShown | UnsetType = UNSET


EventTypes = Annotated[str, Meta(max_length=200, pattern=rf"^[a-z0-9_.]+(,[a-z0-9_.]+){{0,{limits.EVENT_TYPES - 1}}}$")]


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The oldest above the seq `after`. Of `types` alone, with commas between them: the newest below `before`."""

    after: Seq = 0
    before: Seq | UnsetType = UNSET
    types: EventTypes | UnsetType = UNSET
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
    """What was up to `expired_until` is not kept any more: who asks for what is after an earlier seq gets the rest."""

    items: list[EventShown]
    next: str | None
    expired_until: int = 0


Moment = Annotated[str, Meta(max_length=40, pattern=r"^([0-9]{1,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)$")]


class StateQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: a seq, or a time in RFC 3339; without it, now. `part`: only this part, whole."""

    at: Moment | UnsetType = UNSET
    part: Part | UnsetType = UNSET


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
    index: IndexShown | UnsetType = UNSET
    if query.q is UNSET:
        conversation = Conversation(call.services.history, reader)
        found, last = await conversation.page(before=before, after=after, limit=query.limit)
        items = [shown(message) for message in found]
    else:
        search = Search(call.services, reader, query.q)
        index = await search.index()  # before looking: what is indexed meanwhile may not be on the page
        items, last = await search.page(before=before, after=after, limit=query.limit)
    following = None if last is None else f"{'b' if after is None else 'a'}{last}"
    return MessagePage(items, following, reader.meeting.log_base, index)


async def read_events(call: Call[None, EventsQuery]) -> EventPage:
    reader, query = await reader_of(call), call.query
    past = Past(call.services.history, reader)
    if query.types is not UNSET:
        return await _newest(past, reader, query, query.types)
    after = query.after if query.cursor is UNSET else int(query.cursor[1:])
    found, last = await past.collect(past.all_after(after, query.limit), query.limit)
    shown = await past.without_deleted(found)
    following = None if last is None else f"a{last}"
    return EventPage([_event(entry) for entry in shown], following, reader.meeting.log_base)


async def _newest(past: Past, reader: Reader, query: EventsQuery, types: str) -> EventPage:
    before = None if query.before is UNSET else query.before
    before = before if query.cursor is UNSET else int(query.cursor[1:])
    found = [one for one in await past.newest_of(types.split(","), before, query.limit) if one.seq > query.after]
    shown = await past.without_deleted([one for one in found if reader.may_see(one)])
    following = f"b{found[0].seq}" if len(found) == query.limit else None
    return EventPage([_event(entry) for entry in shown], following, reader.meeting.log_base)


async def read_state(call: Call[None, StateQuery]) -> StateShown | web.StreamResponse:
    """The live room knows more than its log (who is away, whose camera is on), so it is asked first."""
    reader, query, services = await reader_of(call), call.query, call.services
    at = None if query.at is UNSET else query.at
    if query.part is not UNSET:
        return await answer_with_part(call, reader, query.part, at)
    if at is None:
        seq = await services.history.last_seq(reader.meeting.room_id)
        live = await services.rooms.state(reader.meeting.room_id)
        if live is not None:
            return StateShown(seq, Raw(live))
    state = await state_at(services.history, reader.meeting, at)
    return StateShown(state.seq, Raw(whole_view(state, LiveState())))


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
        summary="The room's log after a seq, or the newest entries of some types.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/state",
        handler=read_state,
        action="history.read",
        takes_room_token=True,
        query=StateQuery,
        answer=StateShown,
        problems=[410],
        tag="history",
        summary="The room as it is, or as it was at a seq or a time.",
    ),
]
