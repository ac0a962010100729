"""Clients for scripted servers: quick to come back, easy to read from."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from meetserver.client import Backoff, JoinOffer, RoomClient, RoomEvent
from tests.integration.client.scripted import Peer, ScriptedServer

AT = "2026-11-22T21:24:01.000Z"
QUICK = Backoff(first_s=0.001, most_s=0.01)


def offer_of(server: ScriptedServer) -> JoinOffer:
    return JoinOffer("ticket-1", server.url)


def join(server: ScriptedServer, **options: Any) -> Any:
    return RoomClient.join(offer_of(server), **({"backoff": QUICK} | options))


async def take(events: AsyncIterator[RoomEvent], count: int) -> list[RoomEvent]:
    async with asyncio.timeout(20):
        return [await anext(events) for _ in range(count)]


async def stay(peer: Peer) -> None:
    await peer.let_in()
    await peer.bye()
