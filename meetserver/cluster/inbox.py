"""What comes over the links: other shards' edges speak to rooms here, other shards' rooms to edges here."""

import logging
from collections.abc import Mapping
from typing import Protocol

import msgspec

from meetserver import wire
from meetserver.actors import envelopes
from meetserver.actors.background import Background
from meetserver.actors.envelopes import EdgeLost
from meetserver.actors.mailbox import MailboxFull
from meetserver.cluster import parcels
from meetserver.cluster.calls import Calls
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.parcels import Attached, Call, NotOwner, Parcel, ToEdge, ToRoom
from meetserver.cluster.remote_edge import RemoteEdge, live_frame
from meetserver.cluster.way import Elsewhere, Resting, Way
from meetserver.errors import Busy, MeetError, NotFound, NotSupported, Refused
from meetserver.framing import text_frame
from meetserver.ids import RoomId, ShardId
from meetserver.rooms.catalog import decode_command

log = logging.getLogger(__name__)

BUSY = Busy("the room has too much to do", retry_after_s=1).refusal
NOT_UNDERSTOOD = NotSupported("the room's server is of another release").refusal


class Rooms(Protocol):
    """The rooms here."""

    me: ShardId

    async def place(self, room: RoomId) -> ShardId: ...
    async def own(self, room: RoomId) -> LocalRef: ...
    def owned(self, room: RoomId) -> LocalRef | None: ...


class Desk(Protocol):
    """Answers calls."""

    async def answer(self, link: Link, call: Call) -> None: ...


class Inbox:
    """Implements `peers.Upper`. `ways` are those of the edges here."""

    def __init__(
        self, rooms: Rooms, ways: Mapping[RoomId, Way], calls: Calls, desk: Desk, background: Background
    ) -> None:
        self._rooms = rooms
        self._ways = ways
        self._calls = calls
        self._desk = desk
        self._background = background
        self._edges: dict[tuple[ShardId, RoomId], RemoteEdge] = {}

    # --- links

    def link_up(self, link: Link) -> None:
        """Who looks for a room there asks again by itself."""

    def link_reset(self, link: Link) -> None:
        self._calls.lost(link)
        for edge in [edge for edge in self._edges.values() if edge.link is link]:
            self._lose(edge)
        for way in [way for way in self._ways.values() if way.leads_over(link)]:
            way.seek()

    def link_compares(self, link: Link, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None:
        named = set()
        for room, epoch, seq in rooms:
            named.add(room)
            way = self._ways.get(room)
            if way is None:
                link.send(parcels.Detach(room))
            elif way.leads_over(link):
                way.compare(epoch, seq)
        if is_whole:
            for room, way in list(self._ways.items()):
                if room not in named and way.leads_over(link):
                    way.is_unknown()

    def rooms_of(self, peer: ShardId) -> list[tuple[RoomId, int, int]]:
        return [
            (edge.room, edge.ref.actor.epoch, edge.ref.actor.state.seq)
            for (shard, _), edge in self._edges.items()
            if shard == peer
        ]

    def link_has(self, link: Link, parcel: Parcel) -> None:
        match parcel:
            case Call():
                self._background.start(self._desk.answer(link, parcel))
            case parcels.Answer():
                self._calls.answered(parcel)
            case parcels.Attach():
                self._attach(link, parcel)
            case parcels.Detach():
                if (edge := self._edges.get((link.peer, parcel.room))) is not None:
                    self._lose(edge)
            case parcels.Reattach() | parcels.OpenByTicket() | parcels.OpenByResume() | parcels.Said() | parcels.Gone():
                edge = self._edges.get((link.peer, parcel.room))
                if edge is not None and not edge.ref.is_ending:  # else the edge says it again, to who comes next
                    _to_room(edge, parcel)
            case _:
                if (way := self._ways.get(parcel.room)) is not None:
                    _to_way(way, link, parcel)

    # --- edges elsewhere

    def _attach(self, link: Link, attach: parcels.Attach) -> None:
        if (ref := self._rooms.owned(attach.room)) is not None:
            self._accept(link, attach, ref)
        else:
            self._background.start(self._consider(link, attach))

    async def _consider(self, link: Link, attach: parcels.Attach) -> None:
        """The room does not run here. It begins to if it belongs here; or if its last owner sent the edge here."""
        session = link.session
        answer = NotOwner(attach.room, attach.attempt, "moved", None)
        try:
            shard = self._rooms.me if attach.is_sent else await self._rooms.place(attach.room)
            if shard == self._rooms.me:
                ref = await self._rooms.own(attach.room)
                if link.session == session:
                    self._accept(link, attach, ref)
                return
            answer = NotOwner(attach.room, attach.attempt, "moved", shard)
        except NotFound:
            answer = NotOwner(attach.room, attach.attempt, "gone", None)
        except Resting:
            answer = NotOwner(attach.room, attach.attempt, "quarantined", None)
        except Refused as error:
            log.info("action=not_owned room=%s error=%s", attach.room, error)
        if link.session == session:
            link.send(answer)

    def _accept(self, link: Link, attach: parcels.Attach, ref: LocalRef) -> None:
        if (older := self._edges.get((link.peer, attach.room))) is not None:
            self._lose(older)
        edge = self._edges[link.peer, attach.room] = RemoteEdge(attach.room, link, ref, self._forget)
        ref.watch(edge)
        link.send(parcels.Attached(attach.room, attach.attempt))

    def _lose(self, edge: RemoteEdge) -> None:
        self._forget(edge)
        edge.ref.unwatch(edge)
        edge.ref.tell_control(EdgeLost(edge))

    def _forget(self, edge: RemoteEdge) -> None:
        if self._edges.get((edge.link.peer, edge.room)) is edge:
            del self._edges[edge.link.peer, edge.room]


def _to_room(edge: RemoteEdge, parcel: ToRoom) -> None:
    ref = edge.ref
    match parcel:
        case parcels.Said():
            _say(edge, parcel)
        case parcels.OpenByTicket():
            try:
                ref.tell(
                    envelopes.OpenByTicket(
                        edge, parcel.link, parcel.command_id, parcel.join, parcel.token, parcel.ticket,
                        parcel.address, parcel.auth_session,
                    )
                )  # fmt: skip
            except MailboxFull:
                edge.refused(parcel.link, BUSY)
        case parcels.OpenByResume():
            ref.tell_control(
                envelopes.OpenByResume(
                    edge, parcel.link, parcel.command_id, parcel.session, parcel.token, parcel.epoch, parcel.seq,
                    parcel.address,
                )
            )  # fmt: skip
        case parcels.Gone():
            detached = envelopes.Detached(edge, parcel.link, parcel.session, parcel.bye)
            try:
                (ref.tell if parcel.bye else ref.tell_control)(detached)
            except MailboxFull:
                ref.tell_control(detached)
        case parcels.Reattach():
            ref.tell_control(envelopes.Reattach(edge, parcel.links, parcel.waiting, parcel.shown))


def _say(edge: RemoteEdge, said: parcels.Said) -> None:
    try:
        command = decode_command(said.type, said.data)
        edge.ref.tell(
            envelopes.FromSession(
                edge, said.link, said.session, said.participant, said.command_id, said.number, command, said.txn
            )
        )
        return
    except MailboxFull:
        refusal = BUSY
    except (MeetError, msgspec.ValidationError) as error:
        log.error("action=command_not_understood room=%s type=%s error=%s", edge.room, said.type, error)
        refusal = NOT_UNDERSTOOD
    edge.replied(said.link, said.command_id, said.number, text_frame(wire.error_frame(said.command_id, refusal)))


def _to_way(way: Way, link: Link, parcel: Attached | NotOwner | ToEdge) -> None:
    match parcel:
        case Attached():
            way.attached(parcel.attempt, link)
        case NotOwner():
            way.turned_away(parcel.attempt, Elsewhere(parcel.reason, parcel.owner))
        case _:
            if way.leads_over(link):  # else it has another owner by now
                _to_edge(way, parcel)


def _to_edge(way: Way, parcel: ToEdge) -> None:
    match parcel:
        case parcels.Restarted():
            way.owner_restarted()
        case parcels.Ended():
            way.owner_ended(parcel.reason, parcel.owner)
        case parcels.Level():
            way.edge.attached(parcel.epoch, parcel.seq, [])
        case parcels.Opened():
            (way.edge.admitted if parcel.is_admission else way.edge.opened)(parcel.link, parcel.hello)
        case parcels.Refused():
            way.edge.refused(parcel.link, parcel.refusal)
        case parcels.Replied():
            way.edge.replied(parcel.link, parcel.command_id, parcel.number, parcel.reply)
        case parcels.Durable():
            way.edge.durable([live_frame(fields) for fields in parcel.frames])
        case parcels.Ephemeral():
            way.edge.ephemeral(parcel.epoch, parcel.frame, parcel.author, parcel.key)
        case parcels.Direct():
            way.edge.direct(parcel.link, parcel.frame)
        case parcels.Closed():
            way.edge.closed(parcel.link, parcel.refusal)
