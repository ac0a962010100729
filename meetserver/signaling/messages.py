"""WebRTC signaling, relayed to one session: the server reads the address and nothing else (RFC 8829 roles)."""

from typing import Annotated, ClassVar

from msgspec import Meta

from meetserver import limits
from meetserver.ids import SessionId
from meetserver.messages import Command, Ephemeral, Json

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Sdp = Annotated[str, Meta(min_length=1, max_length=limits.SDP_CHARS)]
Candidates = Annotated[list[dict[str, Json]], Meta(max_length=limits.CANDIDATES)]


class Offer(Command, frozen=True):
    type: ClassVar[str] = "signal.offer"
    to: Id
    call: Id
    sdp: Sdp


class Answer(Command, frozen=True):
    type: ClassVar[str] = "signal.answer"
    to: Id
    call: Id
    sdp: Sdp


class CandidatesFound(Command, frozen=True):
    """A batch of ICE candidates as RTCIceCandidate.toJSON() gives them; `final`: no more will come."""

    type: ClassVar[str] = "signal.candidates"
    to: Id
    call: Id
    candidates: Candidates
    final: bool = False


class Renegotiate(Command, frozen=True):
    """Asks the peer, who makes the offers, to make a new one."""

    type: ClassVar[str] = "signal.renegotiate"
    to: Id
    call: Id


class Close(Command, frozen=True):
    type: ClassVar[str] = "signal.close"
    to: Id
    call: Id
    reason: Annotated[str, Meta(max_length=200)] = ""


Relayable = Offer | Answer | CandidatesFound | Renegotiate | Close


class Offered(Ephemeral, frozen=True, rename={"from_": "from"}):
    type: ClassVar[str] = "signal.offer"
    from_: SessionId
    call: str
    sdp: str


class Answered(Ephemeral, frozen=True, rename={"from_": "from"}):
    type: ClassVar[str] = "signal.answer"
    from_: SessionId
    call: str
    sdp: str


class CandidatesTold(Ephemeral, frozen=True, rename={"from_": "from"}):
    type: ClassVar[str] = "signal.candidates"
    from_: SessionId
    call: str
    candidates: list[dict[str, Json]]
    final: bool = False


class RenegotiationAsked(Ephemeral, frozen=True, rename={"from_": "from"}):
    type: ClassVar[str] = "signal.renegotiate"
    from_: SessionId
    call: str


class Closed(Ephemeral, frozen=True, rename={"from_": "from"}):
    type: ClassVar[str] = "signal.close"
    from_: SessionId
    call: str
    reason: str = ""
