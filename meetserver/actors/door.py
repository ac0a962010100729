"""What a room says to whoever is not in it: no from this address, no to this ticket, no more to this session."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from meetserver.access import AnyRole, ServerRole
from meetserver.errors import Forbidden, Refusal, RoomEnded, Unauthenticated
from meetserver.ids import MeetingId, SessionId, UserId
from meetserver.messages import Context, Role
from meetserver.network.rules import verdict
from meetserver.rooms.messages import Join
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState

Admits: TypeAlias = Callable[[str, frozenset[AnyRole]], Refusal | None]
"""Why nobody with these roles may come from this address, by the rules of the server; None: they may."""

Whose: TypeAlias = Literal["server", "meeting"]
"""Whose rules about addresses decided."""

OnTurnedAway: TypeAlias = Callable[[MeetingId, UserId | None, str, Whose], None]


class Person(Protocol):
    """Who wants in, as far as address rules look at them."""

    @property
    def user(self) -> UserId | None: ...
    @property
    def role(self) -> Role: ...


def untold(_meeting: MeetingId, _user: UserId | None, _address: str, _rules: Whose) -> None:
    """For a room that nobody watches."""


class Door:
    def __init__(self, admits: Admits, on_turned_away: OnTurnedAway = untold) -> None:
        """`on_turned_away` is told of everybody who may not come in from where they are, with their account."""
        self._admits = admits
        self._on_turned_away = on_turned_away

    def turned_away(
        self, state: RoomState, who: Person, address: str, server_roles: Iterable[ServerRole]
    ) -> Refusal | None:
        """Why nobody like this may come from there, by the rules of the server or of the meeting. That is told of."""
        whose, refusal = self._refusal(state, who, address, server_roles)
        if refusal is not None:
            self._on_turned_away(state.meeting, who.user, address, whose)
        return refusal

    def _refusal(
        self, state: RoomState, who: Person, address: str, server_roles: Iterable[ServerRole]
    ) -> tuple[Whose, Refusal | None]:
        roles: frozenset[AnyRole] = frozenset({"guest" if who.user is None else "member", who.role, *server_roles})
        refusal = self._admits(address, roles)
        if refusal is None and not verdict(state.ip_rules, address, roles).is_admitted:
            return "meeting", Forbidden("this meeting cannot be joined from your address").refusal
        return "server", refusal

    def would_refuse(self, state: RoomState, join: Join, address: str, now: datetime) -> Refusal | None:
        """Why this join would be refused as things stand; None: it would not. Nothing happens."""
        _, refusal = self._refusal(state, join, address, join.roles)
        if refusal is not None:
            return refusal
        context = Context(state.room, join.participant, join.session, join.role, join.name, now, "", state.participants)
        decision = decide(state, join, context)
        return decision if isinstance(decision, Refusal) else None


def why_over(state: RoomState, session: SessionId) -> Refusal:
    """What somebody is told whose session is not open any more."""
    if state.ended:
        return RoomEnded("the meeting has ended").refusal
    if session in state.dismissed:
        return Forbidden("you were turned away from this meeting").refusal
    return Unauthenticated("this session is over").refusal
