"""The room's socket: upgrade, welcome, hello, then commands one frame at a time (docs/protocol.md)."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from itertools import count

import aiohttp
from aiohttp import web

from meetserver import __version__, limits, wire
from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.pressure import Pressure
from meetserver.actors.session import Session
from meetserver.close_codes import TOO_SLOW
from meetserver.cluster.router import Router
from meetserver.config import Config
from meetserver.errors import (
    BadMessage,
    NotSupported,
    RateLimited,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnknownType,
)
from meetserver.framing import text_frame
from meetserver.http.connection import SocketConnection
from meetserver.http.flood import Flood, People
from meetserver.http.gate import guard_of
from meetserver.http.heartbeat import Heartbeat
from meetserver.http.newcomers import Newcomer, Newcomers
from meetserver.http.origins import is_own_origin
from meetserver.http.peer import PEER
from meetserver.http.rates import take
from meetserver.http.session_watch import SessionWatch
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.meetings.tickets import Tickets
from meetserver.messages import Command
from meetserver.ports import Clock, Random
from meetserver.rooms.catalog import HELLO, PLANNED, WIRE_COMMANDS
from meetserver.rooms.frames import Bye, Hello, Ping, PingOk, Welcome, WelcomeLimits
from meetserver.rooms.messages import Join

log = logging.getLogger(__name__)

SUBPROTOCOL = "meet.v1.json"
FEATURES = ["chat", "whiteboard", "presence", "mesh", "lobby"]
READ_BYTES = 4 * limits.FRAME_BYTES
"""What is read of a frame: enough to close too large ones by our own code."""

_hello_decoder: wire.CommandDecoder = wire.CommandDecoder([HELLO])
_decoder: wire.CommandDecoder = wire.CommandDecoder(WIRE_COMMANDS)


class RoomSockets:
    """Serves `GET /ws/v1/rooms/{room_id}`."""

    def __init__(
        self,
        router: Router,
        tickets: Tickets,
        watch: SessionWatch,
        config: Config,
        clock: Clock,
        random: Random,
        pressure: Pressure,
    ) -> None:
        self._router = router
        self._tickets = tickets
        self._config = config
        self._clock = clock
        self._random = random
        self.watch = watch
        self._background = Background()
        self.pressure = pressure
        self.people = People(config.rate_factor)
        self._heartbeat = Heartbeat(pressure)
        self._newcomers = Newcomers()
        self._links = count(1)
        welcome = Welcome(SUBPROTOCOL, f"meetserver/{__version__}", config.shard_id, FEATURES, WelcomeLimits())
        self._welcome = text_frame(wire.ephemeral_frame(welcome))

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ws/v1/rooms/{room_id}", self.handle)]

    async def close(self) -> None:
        await self._background.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and not is_own_origin(origin, request, self._config):
            raise web.HTTPForbidden(text="this origin may not open a room's socket")
        if self._router.is_draining:
            # By status, and not in the socket: a proxy then asks another shard.
            raise Unavailable("this server is about to stop", retry_after_s=1)
        await take(request, limits.RATES["socket"], None)
        newcomer = self._newcomers.enter(request[PEER].address)
        try:
            return await self._talk(request, newcomer)
        finally:
            newcomer.leave()

    async def _talk(self, request: web.Request, newcomer: Newcomer) -> web.StreamResponse:
        socket = make_socket()
        await socket.prepare(request)
        assert request.transport is not None
        connection = SocketConnection(socket, request.transport, self._background)
        newcomer.cut = connection.abort
        guard = guard_of(request)
        if guard is not None:
            guard.became_socket()
        self._heartbeat.add(connection)
        try:
            if socket.ws_protocol != SUBPROTOCOL:
                raise BadMessage(f"the subprotocol is {SUBPROTOCOL}")
            connection.write(self._welcome)
            room = RoomId(request.match_info["room_id"])
            await _Conversation(self, room, newcomer, socket, connection).hold()
        except Refused as error:
            connection.write(text_frame(wire.error_frame(error.command_id, error.refusal)))
            connection.close(error.refusal)
        finally:
            self._heartbeat.remove(connection)
        await connection.finish()
        return socket

    async def open(
        self, room: RoomId, address: str, connection: SocketConnection, frame: wire.CommandFrame[Hello]
    ) -> "Place":
        """The session that a hello asks for, once the room has answered. Raises Refused."""
        hello, link = frame.data, next(self._links)
        if hello.resume is not None:
            session_id = SessionId(hello.resume.token.partition(".")[0])
            edge = await self._router.edge_of_session(room, session_id, hello.resume.token)
            session = edge.open_by_resume(link, connection, frame.id, session_id, hello.resume, address=address)
        elif hello.ticket is not None:
            claims = self._tickets.verify(hello.ticket)
            self.pressure.admit()
            if claims.room != room:
                raise Unauthenticated("the ticket is for another room")
            session_id = SessionId(self._random.id())
            participant = ParticipantId(self._random.id())
            join = Join(
                participant,
                session_id,
                claims.name,
                claims.role,
                claims.user,
                claims.keys,
                claims.passes_lobby,
                claims.roles,
            )
            edge = await self._router.edge(room)
            token = f"{session_id}.{self._random.secret()}"
            session = edge.open_by_ticket(
                link,
                connection,
                frame.id,
                join,
                token,
                claims.jti,
                address=address,
                auth_session=claims.auth_session,
            )
        else:
            raise BadMessage("hello needs a ticket or a resume point")
        await session.opened.wait()
        return Place(edge, session)

    def pong(self, frame: wire.CommandFrame[Command]) -> bytes:
        return text_frame(wire.ok_frame(frame.id, PingOk(wire.timestamp(self._clock.now()))))


def make_socket() -> web.WebSocketResponse:
    """The server's end of a room's socket. Pings are answered in `_Conversation`, so that each frame counts as life."""
    return web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        max_msg_size=READ_BYTES,
        compress=False,
        autoping=False,
        timeout=limits.ABORT_AFTER_CLOSE_S,
    )


class Place:
    """Where a connection is: its session at the room's edge."""

    def __init__(self, edge: EdgeRoom, session: Session) -> None:
        self.edge = edge
        self.session = session


class _Conversation:
    """One socket from its welcome to its end."""

    def __init__(
        self,
        sockets: RoomSockets,
        room: RoomId,
        newcomer: Newcomer,
        socket: web.WebSocketResponse,
        connection: SocketConnection,
    ) -> None:
        self._sockets = sockets
        self._room = room
        self._newcomer = newcomer
        self._socket = socket
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._flood = Flood(self._loop.time())

    async def hold(self) -> None:
        frame = await self._hello()
        if frame is None:
            return
        with self._sockets.pressure.seat(), self._present(await self._open(frame)) as place:
            for number in count():
                text = await self._next_text()
                if text is None or not self._command(place, text):
                    return
                if number % limits.COMMANDS_PER_TURN == 0:
                    await asyncio.sleep(0)  # what has come already is received without a pause

    @contextlib.contextmanager
    def _present(self, place: Place) -> Iterator[Place]:
        """What is to be kept of somebody who is in a room."""
        sockets, session = self._sockets, place.session
        person = "" if session.hello is None else session.hello.person
        self._newcomer.leave()
        self._flood.person = sockets.people.enter(person, self._loop.time())
        sockets.watch.add(place.edge, session)
        try:
            yield place
        finally:
            sockets.watch.remove(session)
            sockets.people.leave(person, self._loop.time())
            place.edge.detach(session)

    async def _hello(self) -> wire.CommandFrame[Hello] | None:
        """None: the client went away. Raises Refused."""
        try:
            async with asyncio.timeout(limits.HELLO_TIMEOUT_S):
                text = await self._next_text()
        except TimeoutError:
            raise BadMessage(f"no hello within {limits.HELLO_TIMEOUT_S:g} s") from None
        if text is None:
            return None
        try:
            frame = _hello_decoder.decode(text)
        except UnknownType as error:
            refused = BadMessage("the first command is hello")
            refused.command_id = error.command_id
            raise refused from None
        assert isinstance(frame.data, Hello)
        return frame  # type: ignore[return-value]

    async def _open(self, frame: wire.CommandFrame[Hello]) -> Place:
        """Raises Refused."""
        try:
            return await self._sockets.open(self._room, self._newcomer.address, self._connection, frame)
        except Refused as error:
            error.command_id = frame.id
            raise

    def _command(self, place: Place, text: str) -> bool:
        """Pass one command on; False ends the conversation. Raises Refused when the socket must close."""
        if self._connection.unsent_bytes() > limits.UNREAD_BYTES:
            self._connection.close(None, code=TOO_SLOW)
            return False
        if not self._flood.take(self._loop.time()):
            return self._refuse_flood(text)
        try:
            frame = _decoder.decode(text)
        except (BadMessage, UnknownType) as error:
            self._refuse(error, text)
            return True
        match frame.data:
            case Ping():
                self._connection.write(self._sockets.pong(frame))
            case Bye():
                self._connection.write(text_frame(wire.ok_frame(frame.id, {})))
                place.edge.detach(place.session, bye=True)
                self._connection.close(None)
                return False
            case command:
                place.edge.command(place.session, frame.id, command, frame.txn)
        return True

    def _refuse(self, error: BadMessage | UnknownType, text: str) -> None:
        """Without an id there is nobody to answer to, and no telling what else is wrong: the socket closes."""
        if error.command_id is None:
            raise error
        refusal = error.refusal
        if isinstance(error, UnknownType) and wire.type_of(text) in PLANNED:
            refusal = NotSupported("this server does not have that command yet").refusal
        self._connection.write(text_frame(wire.error_frame(error.command_id, refusal)))

    def _refuse_flood(self, text: str) -> bool:
        refused = RateLimited("too many commands", retry_after_s=self._flood.retry_after_s)
        if self._flood.is_flooding:
            raise refused
        self._connection.write(text_frame(wire.error_frame(wire.id_of(text), refused.refusal)))
        return True

    async def _next_text(self) -> str | None:
        """The next text frame; None when the socket is at its end. Raises BadMessage or TooLarge."""
        while True:
            message = await self._socket.receive()
            self._connection.seen(self._loop.time())
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    text: str = message.data
                    if len(text) > limits.FRAME_BYTES or len(text.encode(errors="surrogatepass")) > limits.FRAME_BYTES:
                        raise TooLarge(f"a frame has at most {limits.FRAME_BYTES} bytes")
                    return text
                case aiohttp.WSMsgType.PING:
                    await self._socket.pong(message.data)
                case aiohttp.WSMsgType.PONG:
                    continue
                case aiohttp.WSMsgType.BINARY:
                    raise BadMessage("frames are JSON text")
                case _:
                    return None
