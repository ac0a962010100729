"""Tickets: JWTs that let one client into one room once. HS256, type pinned; who checks them shares the secret."""

from datetime import UTC, datetime, timedelta

import jwt
import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.access import ServerRole
from meetserver.errors import Unauthenticated
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.messages import Role
from meetserver.ports import Clock, Random

ALGORITHM = "HS256"
TYPE = "ticket+jwt"
ISSUER = "meetserver"


class TicketClaims(Struct, frozen=True):
    jti: str
    room: RoomId
    meeting: MeetingId
    user: UserId | None
    name: str
    role: Role
    exp: datetime
    auth_session: str | None = None
    """The account's session that asked for it: when that ends, so does the one in the room."""
    keys: tuple[str, ...] = ()
    """Who it is, for bans (persons.py)."""
    passes_lobby: bool = False
    roles: tuple[ServerRole, ...] = ()
    """In the whole server, for rules about addresses."""


class _Payload(Struct):
    iss: str
    jti: str
    exp: int
    room: str
    meeting: str
    user: str | None
    name: str
    role: Role
    auth_session: str | None = None
    keys: tuple[str, ...] = ()
    passes_lobby: bool = False
    roles: tuple[ServerRole, ...] = ()


class Tickets:
    def __init__(self, secret: bytes, clock: Clock, random: Random) -> None:
        self._secret = secret
        self._clock = clock
        self._random = random

    def issue(
        self,
        *,
        room: RoomId,
        meeting: MeetingId,
        user: UserId | None,
        name: str,
        role: Role,
        auth_session: str | None = None,
        keys: tuple[str, ...] = (),
        passes_lobby: bool = False,
        roles: tuple[ServerRole, ...] = (),
    ) -> str:
        expires = self._clock.now() + timedelta(seconds=limits.TICKET_LIFE_S)
        payload = _Payload(
            iss=ISSUER,
            jti=self._random.id(),
            exp=int(expires.timestamp()),
            room=room,
            meeting=meeting,
            user=user,
            name=name,
            role=role,
            auth_session=auth_session,
            keys=keys,
            passes_lobby=passes_lobby,
            roles=roles,
        )
        return jwt.encode(msgspec.to_builtins(payload), self._secret, ALGORITHM, headers={"typ": TYPE})

    def verify(self, ticket: str) -> TicketClaims:
        """Raises Unauthenticated. That it was not used before is the room log's to know, by `jti`."""
        try:
            decoded = jwt.decode_complete(
                ticket,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # Time is checked below, by our own clock.
                options={"require": ["iss", "jti", "exp"], "verify_exp": False},
            )
            payload = msgspec.convert(decoded["payload"], _Payload)
            expires = datetime.fromtimestamp(payload.exp, UTC)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, OverflowError):
            raise Unauthenticated("the ticket is not valid") from None
        if decoded["header"].get("typ") != TYPE:
            raise Unauthenticated("the ticket is not valid")
        if expires <= self._clock.now():
            raise Unauthenticated("the ticket has expired")
        return TicketClaims(
            jti=payload.jti,
            room=RoomId(payload.room),
            meeting=MeetingId(payload.meeting),
            user=None if payload.user is None else UserId(payload.user),
            name=payload.name,
            role=payload.role,
            exp=expires,
            auth_session=payload.auth_session,
            keys=payload.keys,
            passes_lobby=payload.passes_lobby,
            roles=payload.roles,
        )
