"""Every command, by everyone who could send it, with generated bodies: only typed answers, and the rooms live on.

Each command gets INPUTS from each sender, which are the same in each run.
"""

import asyncio
import contextlib
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import aiohttp
import pytest

from meetserver import wire
from meetserver.chat import messages as chat
from meetserver.client import Api, ClientError, JoinOffer, RoomClient
from meetserver.client.connection import Connection, Disconnected
from meetserver.client.frames import Incoming
from meetserver.client.hello import say_hello
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Role
from meetserver.rooms.catalog import HELLO, WIRE_COMMANDS
from meetserver.rooms.frames import Hello, ResumePoint
from meetserver.rooms.messages import SetRole
from tests.integration.hostile import Hostile, reply_codes
from tests.long import by_length
from tests.servers.meetserver import MeetServer

INPUTS = by_length(short=50, long=200)
BATCH = 20
BURST = 150
"""Inputs on one connection; below limits.COMMAND_BURST, so that `rate_limited` never stands in for an answer."""
ANSWER_S = 20.0
PASSWORD = "correct horse battery staple"
TYPED = reply_codes() - {"rate_limited"}
BYE = 1000
CLOSES = {3500, 3504}
OVER = {BYE, 3504}
"""What ends the sender's session, so that the next input needs a new one."""
ENDS = {"bye", "room.end"}
"""An ok to these is followed by a close, as is an error that has no command to answer to."""
AT_ONCE = 8


class Host:
    """A user who makes meetings on the server under test."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession) -> None:
        self.api = Api(base_url, http=http)
        self.guest = Api(base_url, http=http)
        self.http = http

    async def sign_up(self) -> None:
        email = f"host-{secrets.token_hex(4)}@example.org"
        await self.api.register(email, PASSWORD, "Host")
        await self.api.login(email, PASSWORD)

    async def meeting(self) -> str:
        return (await self.api.create_meeting("Under fire")).id


@contextlib.asynccontextmanager
async def given_host() -> AsyncIterator[Host]:
    server = await asyncio.to_thread(MeetServer(settings={"MEET_RATE_FACTOR": "0"}).__enter__)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            host = Host(server.base_url, http)
            await host.sign_up()
            yield host
        log = server.log
    finally:
        await asyncio.to_thread(server.close)
    assert "Traceback" not in log, log[-4000:]


@contextlib.asynccontextmanager
async def given_witness(host: Host) -> AsyncIterator[RoomClient]:
    """Somebody in a room of their own, to whom nothing must happen."""
    offer = await host.api.join(await host.meeting())
    async with RoomClient.join(offer, http=host.http, on_event=_ignore) as witness:
        yield witness
        assert witness.is_attached


def _ignore(_: object) -> None:
    pass


class Attacker:
    """Sends whatever text it is given, as somebody of this role in a room, and wants one typed answer to each."""

    def __init__(self, host: Host, role: Role) -> None:
        self._host = host
        self._role = role
        self._connection: Connection | None = None
        self._resume: ResumePoint | None = None
        self._ws_url = ""
        self._sent = 0
        self._must_close = False
        self.codes: Counter[str] = Counter()

    async def send_all(self, texts: Sequence[str]) -> None:
        """In batches; what has no id to answer to, or may end the session, goes alone."""
        for is_answerable, group in itertools.groupby(texts, _is_answerable):
            size = BATCH if is_answerable else 1
            for batch in _batched(list(group), size):
                await self._send(batch)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _send(self, batch: list[str]) -> None:
        connection = await self._connected(len(batch))
        answered = 0
        try:
            async with asyncio.timeout(ANSWER_S):
                for text in batch:
                    await connection.send_text(text)
                while answered < len(batch) or self._must_close:
                    frame = await connection.receive()
                    if self._take(frame):
                        answered += 1
                        self._must_close = frame.re is None or (not frame.error and wire.type_of(batch[0]) in ENDS)
        except TimeoutError:
            pytest.fail(
                f"{len(batch) - answered} of these had no answer, or no close: {[text[:300] for text in batch]}"
            )
        except Disconnected as closed:
            self._connection = None
            self._must_close = False
            await connection.close()
            is_bye = closed.code == BYE and '"bye"' in batch[0]
            if closed.code not in CLOSES and not is_bye:
                pytest.fail(f"{closed} at one of {[text[:300] for text in batch]}")
            self.codes[f"closed {closed.code}"] += 1
            if closed.code in OVER:
                self._resume = None
            if answered < len(batch) > 1:  # which one it was is not known: each again, alone
                for text in batch:
                    await self._send([text])

    def _take(self, frame: Incoming) -> bool:
        """Whether it was an answer, and not an event."""
        if frame.seq:
            assert self._resume is not None
            self._resume = ResumePoint(self._resume.token, frame.epoch, frame.seq)
        if frame.error:
            assert frame.error.code in TYPED, frame.error
            self.codes[frame.error.code] += 1
            return True
        if frame.type:
            return False
        self.codes["ok"] += 1
        return True

    async def _connected(self, inputs: int) -> Connection:
        if self._connection is not None and self._sent + inputs > BURST:
            self._connection.cut()
            await self.close()
        if self._connection is None:
            self._sent = 0
            self._connection = await (self._enter() if self._resume is None else self._come_back(self._resume))
        self._sent += inputs
        return self._connection

    async def _enter(self) -> Connection:
        """A new meeting, and into it: as its host, or as a guest whom the host gave the role."""
        meeting = await self._host.meeting()
        host_offer = await self._host.api.join(meeting)
        if self._role == "host":
            return (await self._hello(host_offer.ws_url, Hello(ticket=host_offer.ticket)))[0]
        offer = await self._host.guest.join(meeting, name="Mallory")
        connection, participant = await self._hello(offer.ws_url, Hello(ticket=offer.ticket))
        if self._role != "participant":
            async with RoomClient.join(host_offer, http=self._host.http, on_event=_ignore) as host:
                await host.send(SetRole(participant, self._role))
        return connection

    async def _come_back(self, resume: ResumePoint) -> Connection:
        return (await self._hello(self._ws_url, Hello(resume=resume)))[0]

    async def _hello(self, ws_url: str, hello: Hello) -> tuple[Connection, ParticipantId]:
        self._ws_url = ws_url
        connection = await Connection.open(self._host.http, ws_url)
        try:
            ok = await say_hello(connection, "hello", hello)
        except BaseException:
            await connection.close()
            raise
        seq = self._resume.seq if ok.recovered and self._resume else ok.seq
        epoch = self._resume.epoch if ok.recovered and self._resume else ok.epoch
        self._resume = ResumePoint(ok.resume_token, epoch, seq)
        return connection, ParticipantId(ok.participant)


def _is_answerable(text: str) -> bool:
    return wire.id_of(text) is not None and '"bye"' not in text and '"room.end"' not in text


def _batched(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["participant", "viewer", "host"])
async def test_in_a_room(role: Role, record_property: Any) -> None:
    record_property("counted", f"{INPUTS} inputs to each of {len(WIRE_COMMANDS)} commands")
    async with given_host() as host, given_witness(host) as witness:
        attacker = Attacker(host, role)
        try:
            for command in WIRE_COMMANDS:
                await attacker.send_all(list(Hostile(command, seed=1).frames(INPUTS)))
                await witness.send(chat.Send(text=f"unharmed by {command.type}"), timeout_s=ANSWER_S)
        finally:
            await attacker.close()
        assert attacker.codes["ok"] > 0
        assert attacker.codes["bad_message"] > 0


@pytest.mark.timeout(600)
async def test_before_hello(record_property: Any) -> None:
    async with given_host() as host, given_witness(host) as witness:
        offer = await host.api.join(await host.meeting())
        commands: list[type[Command]] = [HELLO, *WIRE_COMMANDS]
        record_property("counted", f"{INPUTS} inputs to each of {len(commands)} commands")
        for command in commands:
            texts = Hostile(command, seed=2).frames(INPUTS)
            await asyncio.gather(*(_say_first(host, offer, texts) for _ in range(AT_ONCE)))
            await witness.send(chat.Send(text=f"unharmed by {command.type}"), timeout_s=ANSWER_S)


async def _say_first(host: Host, offer: JoinOffer, texts: Iterator[str]) -> None:
    for text in texts:
        await _is_turned_away(host, offer, text)


async def _is_turned_away(host: Host, offer: JoinOffer, text: str) -> None:
    connection = await Connection.open(host.http, offer.ws_url)
    try:
        async with asyncio.timeout(ANSWER_S):
            await connection.send_text(text)
            while True:
                frame = await connection.receive()
                assert frame.error, text[:300]
                assert frame.error.code in TYPED, text[:300]
    except Disconnected as closed:  # a ClientError too
        if closed.code not in {3500, 3501}:
            pytest.fail(f"{closed} at {text[:300]}")
    except (TimeoutError, ClientError) as error:
        pytest.fail(f"{error!r} at {text[:300]}")
    finally:
        await connection.close()
