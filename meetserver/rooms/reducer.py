"""A room as one state machine: `decide` says what a wish leads to, `evolve` makes it so. Nothing else changes a room.

Both are pure. `evolve` never refuses: what is in the log has happened.
"""

from collections.abc import Iterable
from typing import assert_never, cast

from msgspec.structs import replace

from meetserver.chat import messages as chat_messages
from meetserver.e2ee import messages as e2ee_messages
from meetserver.e2ee import reducer as e2ee
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Context, Event, Meta
from meetserver.ports import Entry
from meetserver.presence import messages as presence_messages
from meetserver.presence import reducer as presence
from meetserver.presence.state import Signs
from meetserver.rooms import bars, catalog, encryption, erasure, lobby, members, permissions, settings, talk
from meetserver.rooms.messages import (
    Admit,
    Admitted,
    Ban,
    Banned,
    Barred,
    Changed,
    ChangeSettings,
    Configure,
    Denied,
    Deny,
    DrawLet,
    End,
    Ended,
    Erase,
    Erased,
    Guarded,
    Join,
    Joined,
    Leave,
    Left,
    LetDraw,
    Lock,
    Mute,
    Muted,
    Participant,
    Remove,
    Removed,
    RoleSet,
    SetRole,
    Unban,
    Unbanned,
    Waiting,
)
from meetserver.rooms.state import RoomState
from meetserver.whiteboard import messages as board_messages
from meetserver.whiteboard import reducer as whiteboard


def decide(state: RoomState, command: Command, ctx: Context) -> list[Event] | Refusal:
    """What this durable command (or the durable part of `presence.Set`) leads to; no event: all is so already."""
    refusal = permissions.refusal(state, command, ctx)
    if refusal is not None:
        return refusal
    decision = _decided(state, cast(catalog.Durable, command), ctx)
    if isinstance(decision, Refusal) or not state.waiting:
        return decision
    return [*decision, *_followers(state, decision, ctx)]


def _followers(state: RoomState, events: list[Event], ctx: Context) -> list[Event]:
    """Whoever still waits where there is no lobby waits for a place: the first of them get those that became free."""
    if not any(isinstance(event, Left | Changed) for event in events):
        return []
    for seq, event in enumerate(events, state.seq + 1):
        state = evolve(state, event, Meta(state.epoch, seq, ctx.at, ctx.by))
    is_shut = state.rules.lobby or state.rules.locked  # then only a moderator lets them in
    return [] if is_shut else lobby.let_in(state.waiting, members.places(state), ctx)


def _decided(state: RoomState, wish: catalog.Durable, ctx: Context) -> list[Event] | Refusal:
    match wish:
        case (
            chat_messages.Send()
            | chat_messages.Edit()
            | chat_messages.Delete()
            | chat_messages.React()
            | chat_messages.Pin()
        ):
            return encryption.checked(state, wish, talk.decide(state, wish, ctx), ctx)
        case e2ee_messages.Publish():
            return e2ee.publish(state.e2ee, wish, ctx)
        case e2ee_messages.Share():
            return e2ee.share(state.e2ee, wish, ctx)
        case (
            board_messages.Apply()
            | board_messages.Undo()
            | board_messages.Redo()
            | board_messages.Clear()
            | board_messages.Save()
            | board_messages.Restore()
            | board_messages.Discard()
            | board_messages.AddPage()
            | board_messages.ChangePage()
            | board_messages.MovePage()
            | board_messages.RemovePage()
        ):
            return whiteboard.decide(state.whiteboard, wish, ctx)
        case presence_messages.Set():
            return presence.decide(_signs(state.participants.get(ctx.by)), wish, ctx)
        case Join():
            return members.join(state, wish, ctx)
        case Leave():
            return members.leave(state, wish)
        case SetRole():
            return members.set_role(state, wish)
        case LetDraw():
            return members.let_draw(state, wish)
        case End():
            return [Ended()]
        case Mute():
            return members.mute(state, wish)
        case Erase():
            return erasure.erase(state, wish)
        case _:
            return _at_the_door(state, wish, ctx)


def _at_the_door(state: RoomState, wish: catalog.Doors, ctx: Context) -> list[Event] | Refusal:
    """What is about who may come in."""
    match wish:
        case Admit():
            return lobby.admit(state, wish, ctx)
        case Deny():
            return lobby.deny(state, wish)
        case Remove() | Ban():
            return bars.send_out(state, wish, ctx)
        case Unban():
            return bars.unban(state, wish)
        case Lock():
            return settings.lock(state, wish)
        case ChangeSettings():
            return settings.change(state, wish)
        case Configure():
            return settings.configure(state, wish)
        case _:
            assert_never(wish)


def evolve(state: RoomState, event: Event, meta: Meta) -> RoomState:
    """The room after this entry of its log."""
    return replace(_evolved(state, cast(catalog.Fact, event), meta), seq=meta.seq, epoch=meta.epoch, at=meta.at)


def _evolved(state: RoomState, fact: catalog.Fact, meta: Meta) -> RoomState:
    match fact:
        case (
            chat_messages.Sent()
            | chat_messages.Edited()
            | chat_messages.Deleted()
            | chat_messages.Reacted()
            | chat_messages.Pinned()
            | chat_messages.Unpinned()
        ):
            return talk.evolve(state, fact, meta)
        case (
            board_messages.Applied()
            | board_messages.Cleared()
            | board_messages.Saved()
            | board_messages.Restored()
            | board_messages.Discarded()
            | board_messages.PageAdded()
            | board_messages.PageChanged()
            | board_messages.PageMoved()
            | board_messages.PageRemoved()
        ):
            return replace(state, whiteboard=whiteboard.evolve(state.whiteboard, fact, meta))
        case e2ee_messages.Published():
            return replace(state, e2ee=e2ee.published(state.e2ee, fact))
        case e2ee_messages.Shared():
            return replace(state, e2ee=e2ee.shared(state.e2ee, fact, meta))
        case presence_messages.Changed():
            return _shows(state, fact, meta)
        case Joined():
            return members.joined(state, fact, meta)
        case Left():
            return members.left(state, fact)
        case RoleSet():
            return members.role_set(state, fact)
        case DrawLet():
            return members.draw_let(state, fact)
        case Ended():
            return members.all_left(replace(state, ended=True))
        case Erased():
            return erasure.erased(state, fact)
        case _:
            return _after_the_door(state, fact)


def _after_the_door(state: RoomState, fact: catalog.DoorFact) -> RoomState:
    """What is about who may come in. `participant.left` and `.barred` say what removals and bans do."""
    match fact:
        case Waiting():
            return lobby.waiting(state, fact)
        case Admitted():
            return members.unqueued(state, fact.participant)
        case Denied():
            return lobby.denied(state, fact)
        case Barred():
            return bars.barred(state, fact)
        case Unbanned():
            return bars.unbanned(state, fact)
        case Changed():
            return settings.changed(state, fact)
        case Guarded():
            return replace(state, ip_rules=fact.ip_rules)
        case Removed() | Banned() | Muted():
            return state
        case _:
            assert_never(fact)


def _signs(who: Participant | None) -> Signs:
    return Signs() if who is None else Signs(who.hand, who.hand_at, who.hand_seq, who.screen)


def _shows(state: RoomState, fact: presence_messages.Changed, meta: Meta) -> RoomState:
    who = state.participants.get(ParticipantId(fact.participant))
    if who is None:
        return state
    signs = presence.evolve(_signs(who), fact, meta)
    after = replace(who, hand=signs.hand, hand_at=signs.hand_at, hand_seq=signs.hand_seq, screen=signs.screen)
    return replace(state, participants=state.participants.set(who.id, after))


def fold(state: RoomState, entries: Iterable[Entry]) -> RoomState:
    """The room after these entries, which follow on `state`. Raises MeetError for one that this release cannot read."""
    for entry in entries:
        event = catalog.decode_event(entry.type, entry.v, entry.data)
        state = evolve(state, event, Meta(entry.epoch, entry.seq, entry.at, entry.by))
    return state
