"""What a room says to whoever is not in it: no from this address, no to this ticket, no more to this session."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeAlias

from meetserver.access import AnyRole
from meetserver.errors import Forbidden, Refusal, RoomEnded, Unauthenticated
from meetserver.ids import SessionId, UserId
from meetserver.messages import Context, Role
from meetserver.network.rules import verdict
from meetserver.rooms.messages import Join
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState

Admits: TypeAlias = Callable[[str, frozenset[AnyRole]], Refusal | None]
"""Why nobody with these roles may come from this address, by the rules of the server; None: they may."""


class Person(Protocol):
    """Who wants in, as far as address rules look at them."""

    @property
    def user(self) -> UserId | None: ...
    @property
    def role(self) -> Role: ...


class Door:
    def __init__(self, admits: Admits) -> None:
        self._admits = admits

    def turned_away(self, state: RoomState, who: Person, address: str) -> Refusal | None:
        """Why nobody like this may come from there, by the rules of the server or of the meeting."""
        roles: frozenset[AnyRole] = frozenset({"guest" if who.user is None else "member", who.role})
        refusal = self._admits(address, roles)
        if refusal is None and not verdict(state.ip_rules, address, roles).is_admitted:
            return Forbidden("this meeting cannot be joined from your address").refusal
        return refusal

    def would_refuse(self, state: RoomState, join: Join, address: str, now: datetime) -> Refusal | None:
        """Why this join would be refused as things stand; None: it would not. Nothing happens."""
        refusal = self.turned_away(state, join, address)
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
