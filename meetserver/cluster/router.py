"""The way from sockets to rooms, wherever these run: this process's edges, and all that a shard consists of."""

import logging
from collections.abc import Callable

from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.hello import token_hash
from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.close_codes import NOT_VALID, QUARANTINED
from meetserver.cluster.calls import Calls
from meetserver.cluster.desk import Desk
from meetserver.cluster.handover import Handover
from meetserver.cluster.inbox import Inbox
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.operations import ClusterOperations
from meetserver.cluster.owned import OwnedRooms
from meetserver.cluster.parcels import EndReason
from meetserver.cluster.peers import Peers
from meetserver.cluster.placement import Members, Placement
from meetserver.cluster.way import Way
from meetserver.errors import NotFound, Unauthenticated, Unavailable
from meetserver.framing import text_frame
from meetserver.ids import RoomId, SessionId, ShardId
from meetserver.ports import Bus, Clock, RoomLog
from meetserver.rooms.frames import Quarantined
from meetserver.wire import ephemeral_frame

log = logging.getLogger(__name__)


class Router:
    """`make_actor` makes a room's actor, not yet running. `desk` is what services ask (`ports.Rooms`), `operations`
    what operators do."""

    def __init__(
        self,
        store: RoomLog,
        make_actor: Callable[[RoomId], RoomActor],
        supervisor: Supervisor,
        members: Members,
        bus: Bus,
        clock: Clock,
        pressure: Pressure,
        drain_self: Callable[[], None],
    ) -> None:
        self._store = store
        self._supervisor = supervisor
        self._pressure = pressure
        self._background = Background()
        self._ways: dict[RoomId, Way] = {}
        self.me: ShardId = members.shard
        self.rooms = OwnedRooms(store, make_actor, supervisor, self._background)
        self._placement = Placement(store, members, self.rooms)
        self._peers = Peers(bus, members, clock)
        self._handover = Handover(
            store,
            members,
            self.rooms,
            self._placement,
            self._background,
            edges=lambda: [way.edge for way in self._ways.values()],
            follow=self._peers.follow,
        )
        calls = Calls()
        self.operations = ClusterOperations(
            store, members, self.rooms, self._placement, self._peers, calls, pressure, drain_self
        )
        self.desk = Desk(self.rooms, self._placement, self._peers, calls, self.operations.answer)
        self._inbox = Inbox(self, self._ways, calls, self.desk, self._background)

    async def start(self) -> int:
        """Reach the other shards, and load the rooms that somebody may come back to, or must be seen to leave, and that
        nobody has; how many these are. Raises Unavailable."""
        await self._peers.start(self._inbox)
        return await self._handover.start()

    @property
    def is_draining(self) -> bool:
        return self._handover.is_draining

    # --- for sockets

    async def edge(self, room: RoomId) -> EdgeRoom:
        """The room's edge in this process; the room starts if it sleeps. Raises NotFound, Unavailable."""
        if self.is_draining:
            raise Unavailable("this server is about to stop", retry_after_s=1)
        if (way := self._ways.get(room)) is None:
            hint = await self._placement.place(room)
            if (way := self._ways.get(room)) is None:
                way = self._open_way(room)
                way.seek(hint)
        return way.edge

    def _open_way(self, room: RoomId) -> Way:
        way = self._ways[room] = Way(room, self, self._end_edge)
        way.edge = EdgeRoom(room, way, self._store, self._background.start, self._forget_edge, self._pressure)
        return way

    async def edge_of_session(self, room: RoomId, session: SessionId, token: str) -> EdgeRoom:
        """As `edge`, for whoever wants to come back: a token that the room never gave out wakes no room. Raises
        Unauthenticated, NotFound, Unavailable."""
        is_awake = room in self._ways or self.rooms.get(room) is not None
        if not is_awake and not await self._store.had_session(room, session, token_hash(token)):
            raise Unauthenticated("this session is over")
        return await self.edge(room)

    def _forget_edge(self, edge: EdgeRoom) -> None:
        edge.close()
        way = self._ways.get(edge.room)
        if way is not None and way.edge is edge:
            del self._ways[edge.room]
            way.close()

    def _end_edge(self, edge: EdgeRoom, reason: EndReason) -> None:
        """There is nowhere to go from it."""
        if reason == "quarantined":
            farewell = text_frame(ephemeral_frame(Quarantined("The room failed again and again and rests now.")))
            edge.close_all(None, code=QUARANTINED, farewell=farewell)
        else:
            edge.close_all(NotFound("there is no such room").refusal, code=NOT_VALID)
        self._forget_edge(edge)

    @property
    def room_ids(self) -> list[RoomId]:
        """The rooms that run here."""
        return [ref.room for ref in self.rooms.all()]

    # --- for ways and the inbox

    async def place(self, room: RoomId) -> ShardId:
        return await self._placement.place(room)

    async def own(self, room: RoomId) -> LocalRef:
        return await self.rooms.start(room)

    def owned(self, room: RoomId) -> LocalRef | None:
        return self.rooms.get(room)

    def link(self, shard: ShardId) -> Link | None:
        return self._peers.link(shard)

    # --- the end

    async def drain(self) -> None:
        """As `Handover.drain`."""
        await self._handover.drain()

    async def close(self) -> None:
        for way in list(self._ways.values()):
            way.edge.close()
            way.close()
        self._ways.clear()
        await self._background.close()
        await self._peers.close()
        await self._supervisor.close()
