"""/admin/users, and the table of who may do what."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import access, limits
from meetserver.access import AnyRole, GrantedRole, Scope
from meetserver.accounts.messages import Email, Name, Request
from meetserver.accounts.store import Account
from meetserver.errors import NotFound
from meetserver.http.decoding import expected_version, version_etag
from meetserver.http.registry import ID_PATTERN, AnyCall, AnyRoute, Call, Reply, Route
from meetserver.http.sessions import Ended
from meetserver.ids import UserId
from meetserver.names import LINE_PATTERN
from meetserver.wire import timestamp


class UsersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`q` is looked for in addresses and names."""

    q: Annotated[str, Meta(max_length=limits.SEARCH_CHARS, pattern=LINE_PATTERN)] = ""
    role: GrantedRole | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50
    cursor: Annotated[str, Meta(pattern=ID_PATTERN)] | UnsetType = UNSET


class Invited(Request, frozen=True):
    email: Email
    name: Name


class UserPatch(Request, frozen=True):
    name: Name | UnsetType = UNSET
    disabled: Annotated[bool, Meta(description="True ends all sessions, and nobody signs in")] | UnsetType = UNSET


class UserShown(Struct, frozen=True):
    """An account as administrators see it."""

    id: str
    email: str
    name: str
    roles: Annotated[list[AnyRole], Meta(description="`member`, and what was granted")]
    verified: bool
    disabled: bool
    created_at: str


class UserPage(Struct, frozen=True):
    items: list[UserShown]
    next: str | None


class AccessRow(Struct, frozen=True):
    """`confirm`: only shortly after signing in or POST /auth/confirm. `scope` null: no personal token may."""

    what: Annotated[str, Meta(description="An action of the HTTP API, or a command of the room's socket")]
    roles: list[AnyRole]
    scope: Scope | None
    confirm: bool


class AccessTable(Struct, frozen=True):
    server_roles: list[AnyRole]
    meeting_roles: list[AnyRole]
    scopes: list[Scope]
    rows: list[AccessRow]


async def list_users(call: Call[None, UsersQuery]) -> UserPage:
    query = call.query
    found, following = await call.services.accounts.users.page(
        limit=query.limit,
        cursor=None if query.cursor is UNSET else query.cursor,
        search=query.q,
        role=None if query.role is UNSET else query.role,
    )
    return UserPage([_shown(account) for account in found], following)


async def read_user(call: Call[None, None]) -> Reply[UserShown]:
    return _reply(await call.services.accounts.users.read(_user(call)))


async def invite_user(call: Call[Invited, None]) -> Reply[UserShown]:
    users = call.services.accounts.users
    invited = await users.invite(call.body.email, call.body.name, call.caller.user, call.origin)
    headers = {"Location": f"{call.request.path}/{invited.id}", **version_etag(invited.version)}
    return Reply(_shown(invited), headers)


async def update_user(call: Call[UserPatch, None]) -> Reply[UserShown]:
    changed = await call.services.accounts.users.change(
        _user(call),
        name=None if call.body.name is UNSET else call.body.name,
        disabled=None if call.body.disabled is UNSET else call.body.disabled,
        version=expected_version(call.request),
        by=call.caller.user,
        origin=call.origin,
    )
    return _reply(changed)


async def end_user_sessions(call: Call[None, None]) -> Ended:
    accounts, user = call.services.accounts, _user(call)
    await accounts.users.read(user)
    return Ended(await accounts.sessions.revoke_all(user, call.origin, by=call.caller.user))


async def grant_role(call: Call[None, None]) -> Reply[UserShown]:
    users = call.services.accounts.users
    return _reply(await users.grant(_user(call), _role(call), call.caller.user, call.origin))


async def take_role(call: Call[None, None]) -> Reply[UserShown]:
    users = call.services.accounts.users
    return _reply(await users.take(_user(call), _role(call), call.caller.user, call.origin))


async def read_access(call: Call[None, None]) -> AccessTable:
    rows = [
        AccessRow(what, sorted(rule.roles), rule.scope, rule.confirm) for what, rule in sorted(access.TABLE.items())
    ]
    return AccessTable(list(access.SERVER_ROLES), list(access.MEETING_ROLES), list(access.SCOPES), rows)


def _user(call: AnyCall) -> UserId:
    return UserId(call.part("user_id"))


def _role(call: AnyCall) -> GrantedRole:
    role = call.part("role")
    for granted in access.GRANTED_ROLES:
        if role == granted:
            return granted
    raise NotFound("there is no such role")


def _reply(account: Account) -> Reply[UserShown]:
    return Reply(_shown(account), version_etag(account.version))


def _shown(account: Account) -> UserShown:
    return UserShown(
        id=account.id,
        email=account.email,
        name=account.name,
        roles=sorted(account.roles),
        verified=account.verified_at is not None,
        disabled=account.disabled_at is not None,
        created_at=timestamp(account.created_at),
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/admin/users",
        handler=list_users,
        action="users.read",
        query=UsersQuery,
        answer=UserPage,
        tag="administration",
        summary="Accounts by address.",
    ),
    Route(
        method="POST",
        path="/admin/users",
        handler=invite_user,
        action="users.write",
        body=Invited,
        answer=UserShown,
        status=201,
        tag="administration",
        summary="Invite somebody: a mail brings the link that sets the first password. Again, until it was opened.",
    ),
    Route(
        method="GET",
        path="/admin/users/{user_id}",
        handler=read_user,
        action="users.read",
        answer=UserShown,
        tag="administration",
        summary="One account.",
    ),
    Route(
        method="PATCH",
        path="/admin/users/{user_id}",
        handler=update_user,
        action="users.write",
        body=UserPatch,
        answer=UserShown,
        problems=[409],
        if_match=True,
        tag="administration",
        summary="Rename or disable an account. The last enabled administrator stays (409).",
    ),
    Route(
        method="DELETE",
        path="/admin/users/{user_id}/sessions",
        handler=end_user_sessions,
        action="users.write",
        answer=Ended,
        tag="administration",
        summary="Sign somebody out everywhere. Their personal access tokens stay.",
    ),
    Route(
        method="PUT",
        path="/admin/users/{user_id}/roles/{role}",
        handler=grant_role,
        action="roles.write",
        answer=UserShown,
        tag="administration",
        summary="Grant a role: auditor, operator or admin.",
    ),
    Route(
        method="DELETE",
        path="/admin/users/{user_id}/roles/{role}",
        handler=take_role,
        action="roles.write",
        answer=UserShown,
        problems=[409],
        tag="administration",
        summary="Take a role; the user is signed out everywhere. The last enabled administrator stays one (409).",
    ),
    Route(
        method="GET",
        path="/admin/access",
        handler=read_access,
        action="users.read",
        answer=AccessTable,
        tag="administration",
        summary="Who may do what: roles, scopes, and every row of the table.",
    ),
]
