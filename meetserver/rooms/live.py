"""What need not last: told at once, never in the log, gone with the room's process.

Pure like the reducers; only what a newcomer has to know (microphone, camera, status, away) is kept.
"""

from typing import assert_never, cast

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from meetserver.chat import messages as chat_messages
from meetserver.chat import reducer as chat
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Context, Tell
from meetserver.presence import messages as presence_messages
from meetserver.presence import reducer as presence
from meetserver.presence.state import UNSEEN, Live
from meetserver.rooms import catalog, permissions
from meetserver.rooms.state import RoomState
from meetserver.signaling import messages as signaling_messages
from meetserver.signaling import reducer as signaling
from meetserver.whiteboard import messages as board_messages
from meetserver.whiteboard import reducer as whiteboard


class LiveState(Struct, frozen=True):
    """`shown` holds those who show anything; `version` rises with every change of it."""

    shown: Map[ParticipantId, Live] = Map()
    version: int = 0


def react(live: LiveState, state: RoomState, command: Command, ctx: Context) -> tuple[LiveState, list[Tell]] | Refusal:
    """What an ephemeral command (or the live part of `presence.Set`) leads to."""
    refusal = permissions.refusal(state, command, ctx)
    if refusal is not None:
        return refusal
    wish = cast(catalog.Live, command)
    if isinstance(wish, presence_messages.Set):
        return _presence(live, wish, ctx)
    tells = _tells(state, wish, ctx)
    return tells if isinstance(tells, Refusal) else (live, tells)


def _tells(state: RoomState, wish: catalog.Passing, ctx: Context) -> list[Tell] | Refusal:
    match wish:
        case chat_messages.Typing():
            return chat.react(wish)
        case board_messages.Preview() | board_messages.PointerMove():
            return whiteboard.react(wish)
        case (
            signaling_messages.Offer()
            | signaling_messages.Answer()
            | signaling_messages.CandidatesFound()
            | signaling_messages.Renegotiate()
            | signaling_messages.Close()
        ):
            return signaling.relay(wish, ctx, state.sessions)
        case _:
            assert_never(wish)


def _presence(live: LiveState, wish: presence_messages.Set, ctx: Context) -> tuple[LiveState, list[Tell]] | Refusal:
    reaction = presence.react(live.shown.get(ctx.by, UNSEEN), wish, ctx)
    if isinstance(reaction, Refusal):
        return reaction
    after, tells = reaction
    return _with(live, ctx.by, after), tells


def set_away(live: LiveState, participant: ParticipantId, away: bool) -> tuple[LiveState, list[Tell]]:
    """The participant's socket dropped, or is back."""
    before = live.shown.get(participant, UNSEEN)
    if before.away == away:
        return live, []
    after = _with(live, participant, replace(before, away=away))
    return after, [Tell(presence_messages.ChangedLive(participant, away=away))]


def forget(live: LiveState, participant: ParticipantId) -> LiveState:
    """The participant has left."""
    return _with(live, participant, UNSEEN)


def _with(live: LiveState, participant: ParticipantId, after: Live) -> LiveState:
    if live.shown.get(participant, UNSEEN) == after:
        return live
    shown = live.shown.delete(participant) if after == UNSEEN else live.shown.set(participant, after)
    return LiveState(shown, live.version + 1)
