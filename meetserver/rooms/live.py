"""What need not last: told at once, never in the log, gone with the room's process.

Pure like the reducers; only what a newcomer has to know (microphone, camera, status, away) is kept.
"""

from collections.abc import Mapping
from typing import assert_never, cast

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import messages as chat_messages
from meetserver.chat import reducer as chat
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Context, Tell
from meetserver.ports import Mark, farther
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
    """`shown` holds those who show anything; `version` rises with every change of it. `marks` are by person: account,
    or participant without one. They last, though not in the log (actors/marks.py)."""

    shown: Map[ParticipantId, Live] = Map()
    version: int = 0
    marks: Map[str, Mark] = Map()


def react(live: LiveState, state: RoomState, command: Command, ctx: Context) -> tuple[LiveState, list[Tell]] | Refusal:
    """What an ephemeral command (or the live part of `presence.Set`) leads to."""
    refusal = permissions.refusal(state, command, ctx)
    if refusal is not None:
        return refusal
    wish = cast(catalog.Live, command)
    if isinstance(wish, presence_messages.Set):
        return _presence(live, wish, ctx)
    if isinstance(wish, chat_messages.Mark):
        return _marked(live, state, wish, ctx), []
    tells = _tells(state, wish, ctx)
    return tells if isinstance(tells, Refusal) else (live, tells)


def _tells(state: RoomState, wish: catalog.Passing, ctx: Context) -> list[Tell] | Refusal:
    match wish:
        case chat_messages.Typing():
            return chat.react(wish)
        case board_messages.Preview() | board_messages.PointerMove():
            return whiteboard.react(state.whiteboard, wish, ctx)
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


def _marked(live: LiveState, state: RoomState, wish: chat_messages.Mark, ctx: Context) -> LiveState:
    """Never back, and never beyond the log's end. What is read was delivered."""
    read = min(wish.read or 0, state.seq)
    mark = Mark(max(min(wish.delivered or 0, state.seq), read), read, max(min(wish.seen or 0, state.seq), read))
    return with_marks(live, {ctx.user or ctx.by: mark})


def with_marks(live: LiveState, marks: Mapping[str, Mark]) -> LiveState:
    after = live.marks
    for person, mark in marks.items():
        known = after.get(person, Mark())
        if (farthest := farther(known, mark)) != known:
            after = after.set(person, farthest)
    if len(after) > limits.MARKS_KEPT:  # those who read least far have most likely gone; a tenth at once
        newest = sorted(after.items(), key=lambda item: item[1].seen)
        after = Map(newest[-(limits.MARKS_KEPT - limits.MARKS_KEPT // 10) :])
    return live if after is live.marks else replace(live, marks=after)


def marks_of(state: RoomState, live: LiveState) -> dict[ParticipantId, chat_messages.Watermark]:
    """Of those who are here, as everybody may know them."""
    if not live.marks:
        return {}
    found = ((who.id, live.marks.get(who.user or who.id)) for who in state.participants.values())
    return {id_: chat_messages.Watermark(one.delivered, one.read) for id_, one in found if one is not None}


def set_away(live: LiveState, participant: ParticipantId, away: bool) -> tuple[LiveState, list[Tell]]:
    """The participant's socket dropped, or is back."""
    before = live.shown.get(participant, UNSEEN)
    if before.away == away:
        return live, []
    after = _with(live, participant, replace(before, away=away))
    return after, [Tell(presence_messages.ChangedLive(participant, away=away))]


def forget(live: LiveState, participant: ParticipantId) -> LiveState:
    """The participant has left."""
    live = _with(live, participant, UNSEEN)
    return replace(live, marks=live.marks.delete(participant)) if participant in live.marks else live


def _with(live: LiveState, participant: ParticipantId, after: Live) -> LiveState:
    if live.shown.get(participant, UNSEEN) == after:
        return live
    shown = live.shown.delete(participant) if after == UNSEEN else live.shown.set(participant, after)
    return replace(live, shown=shown, version=live.version + 1)
