"""Taking connections in: past the gate, through a PROXY header and TLS where these are set, to aiohttp.

The same on uvloop and asyncio. The standard servers make a transport of all that comes, and count nothing.
"""

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable
from functools import partial

from meetserver import limits
from meetserver.errors import BadMessage
from meetserver.http.gate import Gate, Guard, Seat
from meetserver.http.proxy_protocol import read_proxy_header
from meetserver.http.tls import Certificate
from meetserver.network.addresses import read_address

log = logging.getLogger(__name__)

# accept(2): the machine, or the process, has no more of something.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


TURN_S = 0.001
"""Between two that are let in, where others share the socket: time for those to take theirs."""


class Listener:
    def __init__(
        self,
        listening: socket.socket,
        gate: Gate,
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        certificate: Certificate | None = None,
        sends_proxy_header: Callable[[str], bool] = lambda _: False,
        is_shared: bool = False,
    ) -> None:
        """`listening` is bound and not blocking. `sends_proxy_header`: whether connections from an address must
        begin with one. `is_shared`: other processes accept from `listening` too."""
        self._listening = listening
        self.gate = gate
        self._make_protocol = make_protocol
        self._certificate = certificate
        self._sends_proxy_header = sends_proxy_header
        self._is_shared = is_shared
        self._welcoming: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._accepting = asyncio.create_task(self._accept(), name="listener: accept")

    async def stop_accepting(self) -> None:
        """Leave those who come now in the socket's queue."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)

    async def close(self) -> None:
        """Take nobody in any more; who is in stays."""
        await self.stop_accepting()
        tasks = list(self._welcoming)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, name = await loop.sock_accept(self._listening)
            except OSError as error:
                if error.errno in EXHAUSTED:
                    log.error("action=accept_failed error=%r", error.strerror)
                    await asyncio.sleep(limits.ACCEPT_PAUSE_S)
                continue  # or the client has gone already
            found = read_address(name[0])
            self._take(connection, str(found or ""))
            # sock_accept returns at once while there are more: the others' turn comes first.
            await asyncio.sleep(TURN_S if self._is_shared else 0)

    def _take(self, connection: socket.socket, address: str) -> None:
        seat = self.gate.admit(address)
        if seat is None:
            connection.close()
            return
        if sys.platform == "linux":  # else megabytes wait in the kernel before we learn that nobody reads
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, limits.KERNEL_QUEUE_BYTES)
        welcome = asyncio.create_task(self._welcome(connection, seat), name="listener: welcome")
        seat.abort = welcome.cancel
        self._welcoming.add(welcome)
        welcome.add_done_callback(self._welcoming.discard)

    async def _welcome(self, connection: socket.socket, seat: Seat) -> None:
        """Ends without an error and without the seat, or with the connection in aiohttp's hands."""
        own: Seat | None = seat
        try:
            if self._sends_proxy_header(seat.address):
                own = await self._reseat(seat, connection)
        except (BadMessage, OSError, asyncio.CancelledError) as error:
            if isinstance(error, BadMessage):
                self.gate.refusals.add("proxy_header")
            self.gate.leave(seat)
            own = None
        if own is None:
            connection.close()
        else:
            await self._let_in(own, connection)

    async def _reseat(self, seat: Seat, connection: socket.socket) -> Seat | None:
        """From the proxy's seat to the client's own, which may be refused. Raises BadMessage, OSError."""
        loop = asyncio.get_running_loop()
        source = await read_proxy_header(partial(loop.sock_recv, connection))
        if source is None:
            return seat
        self.gate.leave(seat)
        own = self.gate.admit(source)
        if own is not None:
            own.abort = seat.abort
        return own

    async def _let_in(self, seat: Seat, connection: socket.socket) -> None:
        context = self._certificate.context if self._certificate is not None else None
        loop = asyncio.get_running_loop()
        try:
            # From here on the socket is the transport's, also to close.
            await loop.connect_accepted_socket(
                lambda: Guard(self.gate, seat, self._make_protocol()),
                connection,
                ssl=context,
                ssl_handshake_timeout=None if context is None else limits.HEAD_S,
            )
        except OSError:  # TLS errors and time-outs are OSErrors too
            self.gate.refusals.add("tls")
            self.gate.leave(seat)
        except asyncio.CancelledError:
            self.gate.leave(seat)
