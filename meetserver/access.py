"""Who may do what: one table, asked by every route and every command. docs/security/access.md is made from it.

Roles come from two sides and have names of their own, so that a person towards a meeting simply has both:
server roles (`guest` is who did not sign in, `member` everybody with an account, the others are granted) and
meeting roles (by owning it, by invitation, by having been there). A row is an action of the HTTP API, a command of
the room, or `command:field` for setting that field to true. What has no row is nobody's.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from meetserver.messages import Role as MeetingRole

ServerRole: TypeAlias = Literal["guest", "member", "auditor", "operator", "admin"]
GrantedRole: TypeAlias = Literal["auditor", "operator", "admin"]
"""Server roles that an account can be given beside `member`."""
AnyRole: TypeAlias = ServerRole | MeetingRole

Scope: TypeAlias = Literal[
    "profile:read", "profile:write", "meetings:read", "meetings:write", "rooms:join", "history:read",
    "admin:read", "admin:write",
]  # fmt: skip
"""What a personal access token may be used for. Sessions are not bound by scopes."""

SERVER_ROLES: Final[tuple[ServerRole, ...]] = get_args(ServerRole)
GRANTED_ROLES: Final[tuple[GrantedRole, ...]] = get_args(GrantedRole)
MEETING_ROLES: Final[tuple[MeetingRole, ...]] = get_args(MeetingRole)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)


class Rule(Struct, frozen=True):
    """`roles`: who may. `scope`: the scope that a personal token needs for it; None: no token may.
    `confirm`: only shortly after having signed in or confirmed that it is still the same person.
    `is_open`: who calls is not even looked at."""

    roles: frozenset[AnyRole]
    scope: Scope | None = None
    confirm: bool = False
    is_open: bool = False

    @property
    def is_by_meeting(self) -> bool:
        """Whether it depends on the meeting in question; only whoever knows the meeting can then decide."""
        return not self.roles.isdisjoint(MEETING_ROLES)


def _rule(*roles: AnyRole, scope: Scope | None = None, confirm: bool = False, is_open: bool = False) -> Rule:
    return Rule(frozenset(roles), scope, confirm, is_open)


_ANYBODY: Final = _rule("guest", "member", is_open=True)
_EVERYONE: Final = _rule("host", "cohost", "participant", "viewer")
_ACTIVE: Final = _rule("host", "cohost", "participant")
_MODERATORS: Final = _rule("host", "cohost")
_HOSTS: Final = _rule("host")

ACTIONS: Final[Mapping[str, Rule]] = {
    "service.read": _ANYBODY,
    "auth.sign_up": _ANYBODY,
    "auth.sign_in": _ANYBODY,
    "auth.recover": _ANYBODY,
    "auth.sign_out": _rule("member"),
    "account.confirm": _rule("member"),
    "account.password": _rule("member"),
    "account.read": _rule("member", scope="profile:read"),
    "account.update": _rule("member", scope="profile:write"),
    "account.sessions": _rule("member"),
    "account.factors": _rule("member"),
    "account.secure": _rule("member", confirm=True),
    "account.export": _rule("member", confirm=True),
    "account.receipt": _ANYBODY,
    "meetings.create": _rule("member", scope="meetings:write"),
    "meetings.list": _rule("member", scope="meetings:read"),
    "meetings.door": _ANYBODY,
    "meetings.join": _rule("guest", "member", scope="rooms:join"),
    "meetings.read": _rule("host", "cohost", "admin", scope="meetings:read"),
    "meetings.update": _rule("host", "admin", scope="meetings:write"),
    "meetings.delete": _rule("host", "admin", scope="meetings:write"),
    "invitees.read": _rule("host", "cohost", "admin", scope="meetings:read"),
    "invitees.write": _rule("host", "cohost", "admin", scope="meetings:write"),
    "links.read": _rule("host", "cohost", "admin", scope="meetings:read"),
    "links.write": _rule("host", "cohost", "admin", scope="meetings:write"),
    "bans.read": _rule("host", "cohost", "admin", scope="meetings:read"),
    "bans.write": _rule("host", "cohost", "admin", scope="meetings:write"),
    "history.read": _rule("host", "cohost", "participant", "viewer", "admin", scope="history:read"),
    "files.read": _rule("host", "cohost", "participant", "viewer", "admin", scope="history:read"),
    "files.write": _rule("host", "cohost", "participant", scope="meetings:write"),
    "files.delete": _rule("host", "cohost", "participant", "admin", scope="meetings:write"),
    "whiteboard.import": _rule("host", "cohost", "participant", scope="meetings:write"),
    "users.read": _rule("auditor", "operator", "admin", scope="admin:read"),
    "users.write": _rule("admin", scope="admin:write", confirm=True),
    "roles.write": _rule("admin", scope="admin:write", confirm=True),
    "ip_rules.read": _rule("auditor", "operator", "admin", scope="admin:read"),
    "ip_rules.write": _rule("operator", "admin", scope="admin:write", confirm=True),
    "security_log.read": _rule("auditor", "admin", scope="admin:read"),
    "shards.read": _rule("auditor", "operator", "admin", scope="admin:read"),
    "shards.write": _rule("operator", "admin", scope="admin:write", confirm=True),
    "rooms.read": _rule("auditor", "operator", "admin", scope="admin:read"),
    "rooms.write": _rule("operator", "admin", scope="admin:write", confirm=True),
    "file_usage.read": _rule("auditor", "operator", "admin", scope="admin:read"),
}
"""Actions of the HTTP API."""

COMMANDS: Final[Mapping[str, Rule]] = {
    "ping": _EVERYONE,
    "bye": _EVERYONE,
    "chat.send": _EVERYONE,
    "chat.edit": _EVERYONE,
    "chat.delete": _EVERYONE,
    "chat.react": _EVERYONE,
    "chat.pin": _MODERATORS,
    "chat.mark": _EVERYONE,
    "chat.typing": _EVERYONE,
    "e2ee.publish": _EVERYONE,
    "e2ee.share": _EVERYONE,
    "presence.set": _EVERYONE,
    "presence.set:audio": _ACTIVE,
    "presence.set:video": _ACTIVE,
    "presence.set:screen": _ACTIVE,
    "whiteboard.apply": _ACTIVE,
    "whiteboard.undo": _ACTIVE,
    "whiteboard.redo": _ACTIVE,
    "whiteboard.clear": _ACTIVE,
    "whiteboard.save": _ACTIVE,
    "whiteboard.restore": _MODERATORS,
    "whiteboard.discard": _MODERATORS,
    "whiteboard.add_page": _ACTIVE,
    "whiteboard.change_page": _ACTIVE,
    "whiteboard.change_page:locked": _MODERATORS,
    "whiteboard.move_page": _ACTIVE,
    "whiteboard.remove_page": _MODERATORS,
    "whiteboard.preview": _ACTIVE,
    "pointer.move": _ACTIVE,
    # Who only watches answers the offers of those who send, and asks for one with signal.renegotiate.
    "signal.offer": _ACTIVE,
    "signal.answer": _EVERYONE,
    "signal.candidates": _EVERYONE,
    "signal.renegotiate": _EVERYONE,
    "signal.close": _EVERYONE,
    "participant.set_role": _HOSTS,
    "participant.let_draw": _MODERATORS,
    "participant.admit": _MODERATORS,
    "participant.deny": _MODERATORS,
    "participant.mute": _MODERATORS,
    "participant.remove": _MODERATORS,
    "participant.ban": _MODERATORS,
    "participant.unban": _MODERATORS,
    "room.lock": _MODERATORS,
    "room.settings": _MODERATORS,
    "room.end": _MODERATORS,
}
"""Commands of the room's socket."""

TABLE: Final[Mapping[str, Rule]] = {**ACTIONS, **COMMANDS}


def may(roles: Iterable[str], what: str) -> bool:
    """Whether somebody with these roles may do `what`, a row of the table."""
    rule = TABLE.get(what)
    return rule is not None and not rule.roles.isdisjoint(roles)
