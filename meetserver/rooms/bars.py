"""Sending people out so that they stay out: as long as the meeting lasts, or somebody lifts it."""

from collections.abc import Iterator

from msgspec.structs import replace

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event
from meetserver.rooms.messages import Ban, Banned, Bar, Barred, Left, Participant, Remove, Removed, Unban, Unbanned
from meetserver.rooms.persons import barred_keys, is_barred, same_person
from meetserver.rooms.state import RoomState, find
from meetserver.wire import timestamp


def send_out(state: RoomState, command: Remove | Ban, ctx: Context) -> list[Event] | Refusal:
    who = find(state, ParticipantId(command.participant))
    if who is None:
        return Refusal("not_found", "no such participant in this room")
    person = list(same_person(state, who, ctx.keys_of))
    refusal = _protected(state, person, ctx)
    if refusal is not None:
        return refusal
    kind, said = ("banned", Banned) if isinstance(command, Ban) else ("removed", Removed)
    keys = barred_keys(ctx.keys_of(who.session), kind)  # type: ignore[arg-type]
    bar = Bar(ctx.id, who.name, kind, keys, ctx.by, timestamp(ctx.at), who.id)  # type: ignore[arg-type]
    gone = [*person, *(one for one in _kept_out(state, bar, ctx) if one not in person)]
    return [said(who.id, bar.id), Barred(bar), *(Left(one.id, "removed") for one in gone)]


def _kept_out(state: RoomState, bar: Bar, ctx: Context) -> Iterator[Participant]:
    """Those who wait in the lobby and by now would not be let even there: the same person in disguise, it may be."""
    for one in state.waiting:
        if is_barred([bar], ctx.keys_of(one.session), has_account=one.user is not None):
            yield one


def _protected(state: RoomState, person: list[Participant], ctx: Context) -> Refusal | None:
    if any(one.id == ctx.by for one in person):
        return Refusal("forbidden", "nobody sends themself out: leave instead")
    if ctx.role == "cohost" and any(one.role == "host" for one in person):
        return Refusal("forbidden", "a cohost may not send a host out")
    if len(state.bars) >= limits.ROOM_BARS and all(bar.kind == "banned" for bar in state.bars):
        return Refusal("conflict", "this meeting has as many bans as it can hold: lift one first")
    return None


def barred(state: RoomState, event: Barred) -> RoomState:
    """Where there are too many, the oldest removal goes."""
    bars = (*state.bars, event.bar)
    if len(bars) > limits.ROOM_BARS:
        oldest = next((bar for bar in bars if bar.kind == "removed"), bars[0])
        bars = tuple(bar for bar in bars if bar is not oldest)
    return replace(state, bars=bars)


def unban(state: RoomState, command: Unban) -> list[Event] | Refusal:
    if not any(bar.id == command.ban for bar in state.bars):
        return Refusal("not_found", "no such ban in this room")
    return [Unbanned(command.ban)]


def unbanned(state: RoomState, event: Unbanned) -> RoomState:
    return replace(state, bars=tuple(bar for bar in state.bars if bar.id != event.ban))
