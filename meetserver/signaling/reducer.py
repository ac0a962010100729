"""Signaling: from one session to another of the same room. The server reads the address and nothing else."""

from collections.abc import Container
from typing import assert_never

import msgspec

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.ids import SessionId
from meetserver.messages import Context, Ephemeral, Tell
from meetserver.signaling.messages import (
    Answer,
    Answered,
    CandidatesFound,
    CandidatesTold,
    Close,
    Closed,
    Offer,
    Offered,
    Relayable,
    Renegotiate,
    RenegotiationAsked,
)

_encode = msgspec.json.Encoder().encode


def relay(command: Relayable, ctx: Context, sessions: Container[SessionId]) -> list[Tell] | Refusal:
    """`sessions` are those of the room: who is away has a place, and gets what was sent when back or not at all."""
    to = SessionId(command.to)
    if to == ctx.session:
        return Refusal("bad_message", "nobody calls themselves")
    if to not in sessions:
        return Refusal("not_found", "no such session in this room")
    if isinstance(command, CandidatesFound) and _is_too_long(command):
        return Refusal("too_large", f"a candidate has at most {limits.CANDIDATE_CHARS} characters")
    return [Tell(_told(command, ctx.session), to=to)]


def _is_too_long(command: CandidatesFound) -> bool:
    return any(len(_encode(candidate)) > limits.CANDIDATE_CHARS for candidate in command.candidates)


def _told(command: Relayable, by: SessionId) -> Ephemeral:
    match command:
        case Offer():
            return Offered(by, command.call, command.sdp)
        case Answer():
            return Answered(by, command.call, command.sdp)
        case CandidatesFound():
            return CandidatesTold(by, command.call, command.candidates, command.final)
        case Renegotiate():
            return RenegotiationAsked(by, command.call)
        case Close():
            return Closed(by, command.call, command.reason)
        case _:
            assert_never(command)
