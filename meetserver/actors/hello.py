"""The ok to a hello: the whole state for a newcomer, the missing part for one who comes back in time, nothing yet for
who waits in the lobby."""

from hashlib import sha256
from hmac import compare_digest
from typing import TypeAlias

from msgspec import Raw, Struct

from meetserver import limits, wire
from meetserver.actors.envelopes import Generation, Hello, OpenByResume, OpenByTicket
from meetserver.chat.messages import Watermark
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, SessionId
from meetserver.messages import Role
from meetserver.ports import OpenSession
from meetserver.presence.messages import ChangedLive
from meetserver.rooms.frames import Entered, HelloOk
from meetserver.rooms.live import LiveState, marks_of
from meetserver.rooms.messages import Participant
from meetserver.rooms.persons import person_of
from meetserver.rooms.state import RoomState

Request: TypeAlias = OpenByTicket | OpenByResume


def token_hash(token: str) -> bytes:
    """What is stored of a resume token: its secret has 256 bits, so a plain hash will do."""
    return sha256(token.encode()).digest()


def is_token_of(session: OpenSession | None, token: str) -> bool:
    return session is not None and compare_digest(session.token_hash, token_hash(token))


class Place(Struct, frozen=True):
    """Whose hello it is, and the generation of the link that gets it."""

    row: OpenSession
    who: Participant
    generation: Generation


def fresh_hello(request: Request, place: Place, state: RoomState, epoch: int, snapshot: bytes) -> Hello:
    """The hello of who has no state yet, or too old a one: a snapshot as of now."""
    ok = _ok(request.token, place.who, state, epoch, recovered=False, snapshot=Raw(snapshot))
    return _hello(place, state.seq, _framed(request, ok))


def resumed_hello(request: OpenByResume, place: Place, state: RoomState, live: LiveState, epoch: int) -> Hello:
    """The hello of who has everything up to the request's seq."""
    shown, marks = _presence(live), _marks(state, live)
    ok = _ok(request.token, place.who, state, epoch, recovered=True, presence=shown, marks=marks)
    return _hello(place, request.seq, _framed(request, ok))


def waiting_hello(request: Request, place: Place, state: RoomState, epoch: int) -> Hello:
    """The hello of who waits to be let in: where they are, and nothing of what is inside."""
    ok = _ok(request.token, place.who, state, epoch, is_waiting=True, recovered=False)
    return _hello(place, state.seq, _framed(request, ok), is_waiting=True)


def admitted_hello(place: Place, state: RoomState, frame: bytes) -> Hello:
    """What follows on it once they are in: `frame` with the snapshot."""
    return _hello(place, state.seq, frame)


def snapshot_frame(role: Role, state: RoomState, epoch: int, snapshot: bytes) -> bytes:
    """For whoever was let in: the same for all of a role who see the same."""
    return text_frame(wire.ephemeral_frame(Entered("joined", role, epoch, state.seq, Raw(snapshot))))


def _framed(request: Request, ok: HelloOk) -> bytes:
    return text_frame(wire.ok_frame(request.command_id, ok))


def _presence(live: LiveState) -> list[ChangedLive]:
    return [
        ChangedLive(participant, shown.audio, shown.video, shown.status, shown.away, shown.board)
        for participant, shown in live.shown.items()
    ]


def _marks(state: RoomState, live: LiveState) -> dict[ParticipantId, Watermark]:
    return {} if len(state.participants) > limits.ROSTER_MEMBERS else marks_of(state, live)


def _ok(
    token: str, participant: Participant, state: RoomState, epoch: int, *, is_waiting: bool = False, **rest: object
) -> HelloOk:
    return HelloOk(
        session=SessionId(participant.session),
        participant=participant.id,
        resume_token=token,
        role=participant.role,
        state="waiting" if is_waiting else "joined",
        epoch=epoch,
        seq=state.seq,
        **rest,  # type: ignore[arg-type]
    )


def _hello(place: Place, after_seq: int, reply: bytes, *, is_waiting: bool = False) -> Hello:
    who = place.who
    return Hello(
        session=who.session,
        participant=who.id,
        name=who.name,
        role=who.role,
        after_seq=after_seq,
        reply=reply,
        user=who.user,
        auth_session=place.row.auth_session,
        is_waiting=is_waiting,
        generation=place.generation,
        person=person_of(who, place.row.keys),
    )
