"""Whose turn it is in a room's queues, and how much of each sender may wait there."""

from typing import Any, Final

from meetserver import limits
from meetserver.actors.envelopes import Detached, FromServer, FromSession, OpenByTicket

NEWCOMERS: Final = "newcomers"
"""All who come by a ticket share one turn: a wave of them holds up nobody inside."""
SERVER: Final = "server"
"""So do services, and the room itself."""


def sender_of(message: Any) -> str:
    """A session is a sender of its own, and its leave stands behind what it has said."""
    match message:
        case FromSession() | Detached():
            return message.session
        case OpenByTicket():
            return NEWCOMERS
        case FromServer() if message.session is not None:
            return message.session
        case _:
            return SERVER


def most_of(sender: str) -> int:
    return limits.CROWD_COMMANDS if sender in (NEWCOMERS, SERVER) else limits.SENDER_COMMANDS
