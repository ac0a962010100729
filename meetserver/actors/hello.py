"""The ok to a hello: the whole state for a newcomer, the missing part for one who comes back in time."""

from hashlib import sha256
from hmac import compare_digest

from msgspec import Raw

from meetserver import wire
from meetserver.actors.envelopes import Hello
from meetserver.framing import text_frame
from meetserver.ids import SessionId
from meetserver.ports import OpenSession
from meetserver.presence.messages import ChangedLive
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import HelloOk, Participant
from meetserver.rooms.state import RoomState
from meetserver.rooms.views import Views


def token_hash(token: str) -> bytes:
    """What is stored of a resume token: its secret has 256 bits, so a plain hash will do."""
    return sha256(token.encode()).digest()


def is_token_of(session: OpenSession | None, token: str) -> bool:
    return session is not None and compare_digest(session.token_hash, token_hash(token))


def fresh_hello(
    command_id: int | str,
    token: str,
    participant: Participant,
    state: RoomState,
    live: LiveState,
    epoch: int,
    views: Views,
) -> Hello:
    """The hello of who has no state yet, or too old a one: a snapshot as of now."""
    snapshot = views.view(state, live, participant.id)
    ok = _ok(token, participant, state, epoch, recovered=False, snapshot=Raw(snapshot))
    return _hello(command_id, participant, state.seq, ok)


def resumed_hello(
    command_id: int | str, token: str, participant: Participant, state: RoomState, live: LiveState, epoch: int, seq: int
) -> Hello:
    """The hello of who has everything up to `seq`."""
    ok = _ok(token, participant, state, epoch, recovered=True, presence=_presence(live), marks={})
    return _hello(command_id, participant, seq, ok)


def _presence(live: LiveState) -> list[ChangedLive]:
    return [
        ChangedLive(participant, shown.audio, shown.video, shown.status, shown.away)
        for participant, shown in live.shown.items()
    ]


def _ok(token: str, participant: Participant, state: RoomState, epoch: int, **rest: object) -> HelloOk:
    return HelloOk(
        session=SessionId(participant.session),
        participant=participant.id,
        resume_token=token,
        role=participant.role,
        state="joined",
        epoch=epoch,
        seq=state.seq,
        **rest,  # type: ignore[arg-type]
    )


def _hello(command_id: int | str, participant: Participant, after_seq: int, ok: HelloOk) -> Hello:
    return Hello(
        session=participant.session,
        participant=participant.id,
        name=participant.name,
        role=participant.role,
        after_seq=after_seq,
        reply=text_frame(wire.ok_frame(command_id, ok)),
        user=participant.user,
    )
