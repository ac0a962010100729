"""A room of another shard, as an edge here sees it: what the edge tells it goes over the link between the two."""

from typing import Any

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
    match message:
        case FromSession():
            return parcels.Said(
                room,
                message.link,
                message.session,
                message.participant,
                message.command_id,
                message.number,
                message.command.type,
                wire.encode(message.command),
                message.txn,
            )
        case Detached():
            return parcels.Gone(room, message.link, message.session, message.bye)
        case OpenByTicket():
            return parcels.OpenByTicket(
                room,
                message.link,
                message.command_id,
                message.join,
                message.token,
                message.ticket,
                message.address,
                message.auth_session,
            )
        case OpenByResume():
            return parcels.OpenByResume(
                room,
                message.link,
                message.command_id,
                message.session,
                message.token,
                message.epoch,
                message.seq,
                message.address,
            )
        case Reattach():
            return parcels.Reattach(room, message.links, message.waiting, message.shown)
        case _:
            raise TypeError(f"no owner elsewhere handles {type(message).__name__}")
