"""One who does not read, and one who talks without end, are nobody else's problem. How little others notice of them is
measured by bench/stalled_readers.py and bench/flooder.py; here it is about order, and that nothing is missing.
"""

import asyncio
import itertools
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import msgspec
import pytest

from meetserver import limits
from meetserver.chat.messages import Send, Sent
from meetserver.client import Api, DurableEvent, RoomClient, RoomEvent
from tests.servers.meetserver import MeetServer

PASSWORD = "correct horse battery staple"
LONG = "x" * 7900
TOLD = 60
WINDOW_BYTES = 8192


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    with MeetServer() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, socket_factory=_narrow)) as session:
        yield session


def _narrow(address: Any) -> socket.socket:
    """The machine takes in little for who does not read."""
    family, kind, protocol, _, _ = address
    one = socket.socket(family, kind, protocol)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    return one


class Meeting:
    def __init__(self, server: MeetServer, http: aiohttp.ClientSession) -> None:
        self.host = Api(server.base_url, http=http)
        self.guest = Api(server.base_url, http=http)
        self.http = http
        self.id = ""

    async def enter(self, name: str) -> aiohttp.ClientWebSocketResponse:
        """A bare socket in the room; who does not receive from it does not read."""
        offer = await self.guest.join(self.id, name=name)
        raw = await self.http.ws_connect(offer.ws_url, protocols=("meet.v1.json",))
        await raw.receive()
        await raw.send_json({"id": 0, "type": "hello", "data": {"ticket": offer.ticket}})
        while "re" not in (reply := (await raw.receive()).json()):
            pass
        assert "ok" in reply
        return raw


class Listener:
    """Numbers that somebody was told in the chat, in the order of hearing them."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.seqs: list[int] = []
        self.has_all = asyncio.Event()

    def heard(self, event: RoomEvent) -> None:
        if not isinstance(event, DurableEvent):
            return
        self.seqs.append(event.seq)
        text = event.data.text if isinstance(event.data, Sent) else None
        if text is not None and text.startswith("number "):
            self.numbers.append(int(text.split()[1]))
            if len(self.numbers) == TOLD:
                self.has_all.set()


@pytest.fixture
async def meeting(server: MeetServer, http: aiohttp.ClientSession) -> Meeting:
    meeting = Meeting(server, http)
    email = f"ann-{secrets.token_hex(4)}@example.org"
    await meeting.host.register(email, PASSWORD, "Ann")
    await meeting.host.login(email, PASSWORD)
    meeting.id = (await meeting.host.create_meeting("Weekly")).id
    return meeting


async def test_who_reads_late_gets_all_in_order_and_holds_up_nobody(meeting: Meeting) -> None:
    listener = Listener()
    bo = await meeting.enter("Bo")
    offers = await meeting.host.join(meeting.id), await meeting.guest.join(meeting.id, name="Cy")
    async with (
        RoomClient.join(offers[0], http=meeting.http) as ann,
        RoomClient.join(offers[1], http=meeting.http, on_event=listener.heard) as cy,
    ):
        for number in range(TOLD):
            await ann.send(Send(text=f"number {number} {LONG}"), timeout_s=limits.LAG_S)
        await cy.send(Send(text="heard you"))
        await asyncio.wait_for(listener.has_all.wait(), 10)  # a reply does not wait for what its reader lacks
        assert listener.numbers == list(range(TOLD))
        late = [number async for number in _numbers(bo)]
        assert late == list(range(TOLD))
        await bo.close()


async def _numbers(raw: aiohttp.ClientWebSocketResponse) -> AsyncIterator[int]:
    """… up to the last that there is."""
    async with asyncio.timeout(30):
        while True:
            frame = msgspec.json.decode((await raw.receive()).data)
            text = frame.get("data", {}).get("text", "")
            if text.startswith("number "):
                yield int(text.split()[1])
            elif text == "heard you":
                return


async def test_a_flooder_is_refused_and_cut_while_others_talk_on_without_a_gap(meeting: Meeting) -> None:
    listener = Listener()
    flooder = await meeting.enter("Flooder")
    flood = asyncio.create_task(_flood(flooder))
    async with RoomClient.join(await meeting.host.join(meeting.id), http=meeting.http, on_event=listener.heard) as ann:
        said = 0
        while not flood.done() or said < 20:
            await ann.send(Send(text=f"number {said}"), timeout_s=30)
            said += 1
        code, refused = await flood
        assert code == 3508
        assert refused > limits.FLOOD_REFUSALS / 2
        async with asyncio.timeout(30):
            while len(listener.numbers) < said:  # noqa: ASYNC110  (its own come back to it too)
                await asyncio.sleep(0.01)
    assert listener.numbers == list(range(said))
    assert listener.seqs == list(range(listener.seqs[0], listener.seqs[0] + len(listener.seqs)))


async def _flood(raw: aiohttp.ClientWebSocketResponse) -> tuple[int | None, int]:
    """As fast as it can until it is cut off: the close code, and how many were `rate_limited`."""

    async def talk() -> None:
        for number in itertools.count(1):
            frame = {"id": number, "type": "chat.send", "txn": str(number), "data": {"text": "flood"}}
            await raw.send_str(msgspec.json.encode(frame).decode())
            await asyncio.sleep(0)

    talking = asyncio.create_task(talk())
    refused = 0
    async for message in raw:
        refused += '"rate_limited"' in message.data
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    return raw.close_code, refused
