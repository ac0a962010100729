"""The Python client of the protocol: tests, bots and benches use it, none speaks the protocol by hand.

A guide stands in docs/client.md.
"""

from meetserver.client.api import Api, JoinOffer
from meetserver.client.backoff import Backoff
from meetserver.client.errors import (
    ApiError,
    ClientError,
    CommandRefused,
    ConnectionLost,
    FactorNeeded,
    ProtocolViolation,
    RoomClosed,
    Unanswered,
)
from meetserver.client.frames import Attached, DurableEvent, EphemeralEvent, RoomEvent, Unknown
from meetserver.client.room import RoomClient

__all__ = [
    "Api",
    "ApiError",
    "Attached",
    "Backoff",
    "ClientError",
    "CommandRefused",
    "ConnectionLost",
    "DurableEvent",
    "EphemeralEvent",
    "FactorNeeded",
    "JoinOffer",
    "ProtocolViolation",
    "RoomClient",
    "RoomClosed",
    "RoomEvent",
    "Unanswered",
    "Unknown",
]
