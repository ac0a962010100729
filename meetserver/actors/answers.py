"""What whoever asked a room for something hears in the end, whatever way it was asked."""

import logging
from typing import Any

from meetserver import wire
from meetserver.actors.envelopes import (
    DoorAsked,
    FromServer,
    FromSession,
    OpenByResume,
    OpenByTicket,
    PartWanted,
    StateWanted,
)
from meetserver.errors import Refusal
from meetserver.framing import text_frame
from meetserver.ids import RoomId
from meetserver.ports import RoomReply
from meetserver.rooms.frames import DurableOk

log = logging.getLogger(__name__)


def reply(message: FromSession, frame: bytes) -> None:
    message.edge.replied(message.link, message.command_id, message.number, text_frame(frame))


def grant(work: FromSession | FromServer, ok: DurableOk) -> None:
    if isinstance(work, FromSession):
        reply(work, wire.ok_frame(work.command_id, ok))
    elif work.answer is not None and not work.answer.done():
        work.answer.set_result(RoomReply(ok.seq, ok.at))


def refuse(room: RoomId, work: Any, refusal: Refusal) -> None:
    """Questions that have no refusal of their own are answered with None: the room does not know."""
    match work:
        case FromSession():
            reply(work, wire.error_frame(work.command_id, refusal))
        case OpenByTicket() | OpenByResume():
            work.edge.refused(work.link, refusal)
        case FromServer() if work.answer is not None and not work.answer.done():
            work.answer.set_result(refusal)
        case StateWanted() | PartWanted() | DoorAsked() if not work.answer.done():
            work.answer.set_result(None)
        case _:
            log.debug("action=unanswered room=%s message=%s", room, type(work).__name__)
