"""A room of another shard, as an edge here sees it: what the edge tells it goes over the link between the two."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct

from meetserver import wire
from meetserver.actors.envelopes import Detached, FromSession, OpenByResume, OpenByTicket, Reattach
from meetserver.cluster import parcels
from meetserver.cluster.link import Link
from meetserver.cluster.parcels import Parcel
from meetserver.ids import RoomId


class RemoteRef:
    """Implements `actors.edge.Owner`."""

    def __init__(self, room: RoomId, link: Link) -> None:
        self.room = room
        self.link = link

    def tell(self, message: Any) -> None:
        self.link.send(parcel_of(self.room, message))

    def tell_control(self, message: Any) -> None:
        self.link.send(parcel_of(self.room, message))


def parcel_of(room: RoomId, message: Any) -> Parcel:
    """Raises TypeError for what is not for an owner elsewhere."""
    if (made := _MADE.get(type(message))) is None:
        raise TypeError(f"no owner elsewhere handles {type(message).__name__}")
    return made(room, message)


def _said(room: RoomId, m: FromSession) -> Parcel:
    data = wire.encode(m.command)
    return parcels.Said(room, m.link, m.session, m.participant, m.command_id, m.number, m.command.type, data, m.txn)


def _by_ticket(room: RoomId, m: OpenByTicket) -> Parcel:
    return parcels.OpenByTicket(room, m.link, m.command_id, m.join, m.token, m.ticket, m.address, m.auth_session)


def _by_resume(room: RoomId, m: OpenByResume) -> Parcel:
    return parcels.OpenByResume(room, m.link, m.command_id, m.session, m.token, m.epoch, m.seq, m.address)


_MADE: Final[Mapping[type[Struct], Callable[[RoomId, Any], Parcel]]] = {
    FromSession: _said,
    OpenByTicket: _by_ticket,
    OpenByResume: _by_resume,
    Detached: lambda room, m: parcels.Gone(room, m.link, m.session, m.bye),
    Reattach: lambda room, m: parcels.Reattach(room, m.links, m.waiting, m.shown),
}
