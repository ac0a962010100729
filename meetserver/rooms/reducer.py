"""A room as one state machine: `decide` says what a wish leads to, `evolve` makes it so. Nothing else changes a room.

Both are pure. `evolve` never refuses: what is in the log has happened.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, get_args

from msgspec.structs import replace

from meetserver.chat import messages as chat_messages
from meetserver.chat.revision import Change
from meetserver.e2ee import messages as e2ee_messages
from meetserver.e2ee import reducer as e2ee
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Context, Event, Meta
from meetserver.ports import Entry
from meetserver.presence import messages as presence_messages
from meetserver.presence import reducer as presence
from meetserver.presence.state import Signs
from meetserver.rooms import bars, catalog, encryption, erasure, expiry, lobby, members, permissions, settings, talk
from meetserver.rooms import messages as rooms
from meetserver.rooms.state import RoomState
from meetserver.whiteboard import messages as board_messages
from meetserver.whiteboard import reducer as whiteboard


def decide(state: RoomState, command: Command, ctx: Context) -> list[Event] | Refusal:
    """What this durable command (or the durable part of `presence.Set`) leads to; no event: all is so already."""
    refusal = permissions.refusal(state, command, ctx)
    if refusal is not None:
        return refusal
    decision = DECIDERS[type(command)](state, command, ctx)
    if isinstance(decision, Refusal) or not state.waiting:
        return decision
    return [*decision, *_followers(state, decision, ctx)]


def _followers(state: RoomState, events: list[Event], ctx: Context) -> list[Event]:
    """Whoever still waits where there is no lobby waits for a place: the first of them get those that became free."""
    if not any(isinstance(event, rooms.Left | rooms.Changed) for event in events):
        return []
    for seq, event in enumerate(events, state.seq + 1):
        state = evolve(state, event, Meta(state.epoch, seq, ctx.at, ctx.by))
    is_shut = state.rules.lobby or state.rules.locked  # then only a moderator lets them in
    return [] if is_shut else lobby.let_in(state.waiting, members.places(state), ctx)


def _signs(who: rooms.Participant | None) -> Signs:
    return Signs() if who is None else Signs(who.hand, who.hand_at, who.hand_seq, who.screen)


def _in_the_chat(state: RoomState, wish: talk.Wish, ctx: Context) -> list[Event] | Refusal:
    return encryption.checked(state, wish, talk.decide(state, wish, ctx), ctx)


DECIDERS: Final[Mapping[type[Command], Callable[[RoomState, Any, Context], list[Event] | Refusal]]] = {
    **dict.fromkeys(get_args(talk.Wish), _in_the_chat),
    **dict.fromkeys(
        get_args(board_messages.Wish), lambda state, wish, ctx: whiteboard.decide(state.whiteboard, wish, ctx)
    ),
    e2ee_messages.Publish: lambda state, wish, ctx: e2ee.publish(state.e2ee, wish, ctx),
    e2ee_messages.Share: lambda state, wish, ctx: e2ee.share(state.e2ee, wish, ctx),
    presence_messages.Set: lambda state, wish, ctx: presence.decide(_signs(state.participants.get(ctx.by)), wish, ctx),
    rooms.Join: members.join,
    rooms.Leave: lambda state, wish, _ctx: members.leave(state, wish),
    rooms.SetRole: lambda state, wish, _ctx: members.set_role(state, wish),
    rooms.LetDraw: lambda state, wish, _ctx: members.let_draw(state, wish),
    rooms.Mute: lambda state, wish, _ctx: members.mute(state, wish),
    rooms.End: lambda _state, _wish, _ctx: [rooms.Ended()],
    rooms.Erase: lambda state, wish, _ctx: erasure.erase(state, wish),
    rooms.Expire: lambda state, wish, _ctx: expiry.expire(state, wish),
    rooms.Admit: lobby.admit,
    rooms.Deny: lambda state, wish, _ctx: lobby.deny(state, wish),
    rooms.Remove: bars.send_out,
    rooms.Ban: bars.send_out,
    rooms.Unban: lambda state, wish, _ctx: bars.unban(state, wish),
    rooms.Lock: lambda state, wish, _ctx: settings.lock(state, wish),
    rooms.ChangeSettings: lambda state, wish, _ctx: settings.change(state, wish),
    rooms.Configure: lambda state, wish, _ctx: settings.configure(state, wish),
}
"""Who decides each of catalog.Durable; a test sees that none is forgotten."""


def evolve(state: RoomState, event: Event, meta: Meta) -> RoomState:
    """The room after this entry of its log."""
    return replace(EVOLVERS[type(event)](state, event, meta), seq=meta.seq, epoch=meta.epoch, at=meta.at)


def _as_it_is(state: RoomState, _fact: Event, _meta: Meta) -> RoomState:
    """What the fact says is in the room already, or in facts that follow it."""
    return state


def _on_the_board(state: RoomState, fact: board_messages.Fact, meta: Meta) -> RoomState:
    return replace(state, whiteboard=whiteboard.evolve(state.whiteboard, fact, meta))


def _shows(state: RoomState, fact: presence_messages.Changed, meta: Meta) -> RoomState:
    who = state.participants.get(ParticipantId(fact.participant))
    if who is None:
        return state
    signs = presence.evolve(_signs(who), fact, meta)
    after = replace(who, hand=signs.hand, hand_at=signs.hand_at, hand_seq=signs.hand_seq, screen=signs.screen)
    return replace(state, participants=state.participants.set(who.id, after))


EVOLVERS: Final[Mapping[type[Event], Callable[[RoomState, Any, Meta], RoomState]]] = {
    **dict.fromkeys((chat_messages.Sent, *get_args(Change)), talk.evolve),
    **dict.fromkeys(get_args(board_messages.Fact), _on_the_board),
    e2ee_messages.Published: lambda state, fact, _meta: replace(state, e2ee=e2ee.published(state.e2ee, fact)),
    e2ee_messages.Shared: lambda state, fact, meta: replace(state, e2ee=e2ee.shared(state.e2ee, fact, meta)),
    presence_messages.Changed: _shows,
    rooms.Joined: members.joined,
    rooms.Left: lambda state, fact, _meta: members.left(state, fact),
    rooms.RoleSet: lambda state, fact, _meta: members.role_set(state, fact),
    rooms.DrawLet: lambda state, fact, _meta: members.draw_let(state, fact),
    rooms.Ended: lambda state, _fact, _meta: members.all_left(replace(state, ended=True)),
    rooms.Erased: lambda state, fact, _meta: erasure.erased(state, fact),
    rooms.Expired: lambda state, fact, _meta: expiry.expired(state, fact),
    rooms.Waiting: lambda state, fact, _meta: lobby.waiting(state, fact),
    rooms.Admitted: lambda state, fact, _meta: members.unqueued(state, fact.participant),
    rooms.Denied: lambda state, fact, _meta: lobby.denied(state, fact),
    rooms.Barred: lambda state, fact, _meta: bars.barred(state, fact),
    rooms.Unbanned: lambda state, fact, _meta: bars.unbanned(state, fact),
    rooms.Changed: lambda state, fact, _meta: settings.changed(state, fact),
    rooms.Guarded: lambda state, fact, _meta: replace(state, ip_rules=fact.ip_rules),
    rooms.Removed: _as_it_is,
    rooms.Banned: _as_it_is,
    rooms.Muted: _as_it_is,
}
"""What each of catalog.Fact makes of the room; a test sees that none is forgotten."""


def fold(state: RoomState, entries: Iterable[Entry]) -> RoomState:
    """The room after these entries, which follow on `state`. Raises MeetError for one that this release cannot read."""
    for entry in entries:
        event = catalog.decode_event(entry.type, entry.v, entry.data)
        state = evolve(state, event, Meta(entry.epoch, entry.seq, entry.at, entry.by))
    return state
