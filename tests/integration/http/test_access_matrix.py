"""Every call of the API by everybody: what the access table grants is granted, and nothing else is.

The expectation of each cell is computed from meetserver/access.py; the application is asked for what it does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import access, limits
from meetserver.accounts.models import user_account
from meetserver.adapters.memory.clock import ManualClock
from meetserver.http.registry import SAFE_METHODS, AnyRoute
from meetserver.http.routes import ROUTES
from meetserver.meetings.models import invitee
from meetserver.rooms.models import room_session
from tests.integration.http.conftest import Answer, Api, Make
from tests.integration.http.test_uploads import BYTES, place_of, told

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOBODYS = "nobodysownid00000000"
"""An id that nothing has: below something that the caller may act on it is not found, in words of its own."""
NOTHING = ("there is no such meeting", "there is no such file", "there is no such upload")

# Whoever calls, and the roles that the table knows them by towards the meeting in question.
PEOPLE: Mapping[str, frozenset[str]] = {
    "guest": frozenset({"guest"}),
    "stranger": frozenset({"member"}),
    "host": frozenset({"member", "host"}),
    "cohost": frozenset({"member", "cohost"}),
    "participant": frozenset({"member", "participant"}),
    "viewer": frozenset({"member", "viewer"}),
    "auditor": frozenset({"member", "auditor"}),
    "operator": frozenset({"member", "operator"}),
    "admin": frozenset({"member", "admin"}),
}

_PASSKEY = {"id": "AA", "rawId": "AA", "type": "public-key"}
_ASSERTION = {**_PASSKEY, "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}
_ATTESTATION = {**_PASSKEY, "response": {"clientDataJSON": "AA", "attestationObject": "AA"}}
_NEW_PASSWORD = "quite another battery"

# A body that each type takes: without one a new route's cells cannot be asked for.
BODIES: Mapping[str, Any] = {
    "Register": {"email": "new@example.com", "password": _NEW_PASSWORD, "name": "New"},
    "Verify": {"token": "none"},
    "Resend": {"email": "new@example.com"},
    "Forgot": {"email": "new@example.com"},
    "Reset": {"token": "none", "password": _NEW_PASSWORD},
    "Login": {"email": "nobody@example.com", "password": "wrong"},
    "Refresh": {"refresh_token": "none"},
    "ProfilePatch": {"name": "Another"},
    # Too common to be taken: the people keep theirs.
    "ChangePassword": {"new_password": "1234567890"},
    "ChangeEmail": {"email": "elsewhere@example.com"},
    "Confirm": {"password": "wrong"},
    "FactorLogin": {"token": "none", "totp": "123456"},
    "PasskeyLogin": {"token": "none", "passkey": _ASSERTION},
    "TotpConfirm": {"totp": "123456"},
    "PasskeyAdd": {"token": "none", "name": "Key", "passkey": _ATTESTATION},
    "PasskeyRename": {"name": "Key"},
    "NewToken": {"name": "Script", "scopes": ["profile:read"]},
    "TokenPatch": {"name": "Script"},
    "Invited": {"email": "invited@example.com", "name": "Invited"},
    "UserPatch": {"name": "Another"},
    "Link": {"provider": "none"},
    "NewMeeting": {"title": "Another"},
    "MeetingPatch": {"title": "Another"},
    "JoinWish": {"name": "Visitor"},
    "NewInvitee": {"email": "invitee@example.com"},
    "InviteePatch": {"role": "viewer"},
    "NewLink": {"label": "For all"},
    "NewDirectUpload": {"name": "some.dat", "size_bytes": 9},
    "NewIpRules": {"rules": []},
    "MoveWish": {"shard": "none"},
    "PreviewWish": {"address": "192.0.2.1", "role": "member"},
}

# What a part of a path is in a cell: an id that exists where the answer depends on it.
PARTS: Mapping[str, str] = {"role": "auditor", "name": "none", "file": "none"}


class World:
    """The people, signed in, and a meeting of its own for each cell that may change it."""

    def __init__(self, api: Api, ids: dict[str, str]) -> None:
        self.api = api
        self._ids = ids
        self._made = 0
        self._unchanged = ""
        self._signed_in: dict[str, Api] = {}

    async def person(self, name: str) -> Api:
        if name == "guest":
            return self.api
        if name not in self._signed_in:
            self._signed_in[name] = await self.sign_in(name)
        return self._signed_in[name]

    async def sign_in(self, name: str) -> Api:
        answer = await self.api.log_in(f"{name}@example.com")
        assert answer.status == 200, answer
        return self.api.signed_in(answer.body["access_token"])

    async def meeting(self, *, is_read_only: bool = False) -> str:
        """A new one, or the one that nobody changes."""
        if is_read_only and self._unchanged:
            return self._unchanged
        made = await (await self.person("host")).given_meeting()
        await self.api.services.database.run(lambda connection: self._fill(connection, made["id"], made["room_id"]))
        if is_read_only:
            self._unchanged = str(made["id"])
        return str(made["id"])

    async def _fill(self, connection: AsyncConnection, meeting: str, room: str) -> None:
        now = self.api.services.clock.now()
        invited = []
        for role in ("cohost", "participant", "viewer"):
            self._made += 1
            email = f"{role}@example.com"
            row = {"id": f"invitee{self._made}", "meeting_id": meeting, "role": role, "created_at": now}
            invited.append({**row, "email": email, "email_key": email})
        await connection.execute(insert(invitee), invited)
        await connection.execute(
            insert(room_session).values(
                session=f"session{self._made}",
                room_id=room,
                participant="p",
                token_hash=b"",
                ticket=f"ticket{self._made}",
                user_id=self._ids["participant"],
                opened_at=now,
            )
        )

    async def file(self) -> str:
        answer = await (await self.person("host")).bring(await self.meeting(), b"What we agreed on.")
        assert answer.status == 201, answer
        return str(answer.body["id"])

    async def upload(self) -> str:
        place = await place_of(await self.person("host"), await self.meeting())
        return place.rpartition("/")[2]

    async def direct(self) -> str:
        body = BODIES["NewDirectUpload"]
        answer = await (await self.person("host")).post(f"/meetings/{await self.meeting()}/files/direct", body)
        return str(answer.body["id"])

    async def call(self, who: Api, route: AnyRoute) -> Answer:
        parts = {**PARTS, "user_id": self._ids["target"]}
        if "meeting_id" in route.path_parts:
            parts["meeting_id"] = await self.meeting(is_read_only=route.method in SAFE_METHODS)
        if route.action.startswith(("auth.", "account.")) and route.method not in SAFE_METHODS:
            self._signed_in.clear()  # it may end sessions
        if "file_id" in route.path_parts:
            parts["file_id"] = await self.file()
        headers: dict[str, str] = {}
        if route.path.startswith("/files/uploads"):
            headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Offset": "0", "Content-Type": BYTES}
            headers["Upload-Metadata"] = told(meeting=await self.meeting())
        if "upload_id" in route.path_parts:
            parts["upload_id"] = await self.upload()
        if "direct_id" in route.path_parts:
            parts["direct_id"] = await self.direct()
        path = route.path.format_map({part: parts.get(part, NOBODYS) for part in route.path_parts})
        body = None if route.body is None else BODIES[route.body.__name__]
        prefix = "/" if route.at_root else ""
        answer = await who.request(route.method, prefix + path, body, headers=headers, allow_redirects=False)
        if route.name == "delete_me":  # the job that ends it does not run here: back to life
            await self.api.services.database.write(update(user_account).values(disabled_at=None))
        return answer


@pytest.fixture
async def world(make_api: Make, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(limits, "UPLOADS_PER_USER", 10_000)
    api = await make_api(rate_factor=0, access_token_life_s=3600)
    ids = {}
    for name in [*PEOPLE, "target"]:
        if name != "guest":
            person = await api.given_user(f"{name}@example.com", name.title())
            ids[name] = (await person.get("/users/me")).body["id"]
            if name in access.GRANTED_ROLES:
                await person.grant(name)
    return World(api, ids)


def verdict(answer: Answer, route: AnyRoute) -> str:
    """What the answer says about access: granted, or one of the three ways to refuse."""
    if answer.status == 401 and not route.rule.is_open:
        return "sign in"
    if answer.status == 403:
        return "confirm" if answer.body and answer.code == "confirm_first" else "forbidden"
    if answer.status == 404 and (not answer.body or answer.body["detail"] in NOTHING):
        return "hidden"
    assert answer.status < 500, answer
    return "granted"


def expected(route: AnyRoute, roles: frozenset[str]) -> str:
    rule = route.rule
    if rule.is_open or access.may(roles, route.action):
        return "granted"
    if "guest" in roles:
        return "sign in"
    if rule.is_by_meeting and not access.may(roles, "meetings.read"):
        return "hidden"
    return "forbidden"


def differences(route: AnyRoute) -> frozenset[str]:
    """Routes that answer 403 or 401 for reasons of their own, which are no matter of the table."""
    own: Mapping[str, frozenset[str]] = {
        # A wrong password, and a wrong code, as they are sent here.
        "confirm": frozenset({"forbidden", "sign in"}),
        "confirm_totp": frozenset({"forbidden"}),
        "add_passkey": frozenset({"forbidden"}),
        # For pages with a cookie alone.
        "read_csrf_token": frozenset({"sign in"}),
        # Who looks on may know of the meeting's files, and of its board; and the sample is no form.
        "upload_file": frozenset({"forbidden"}),
        "import_board": frozenset({"forbidden"}),
        # Only who brought a file, or moderates, deletes it: it is the host's here.
        "delete_file": frozenset({"forbidden"}),
        "begin_upload": frozenset({"forbidden"}),
        "begin_direct_upload": frozenset({"forbidden"}),
        # The host's: to nobody else is it there.
        "read_upload": frozenset({"hidden", "forbidden"}),
        "append_to_upload": frozenset({"hidden", "forbidden"}),
        "end_upload": frozenset({"hidden", "forbidden"}),
        "read_direct_upload": frozenset({"hidden", "forbidden"}),
        "complete_direct_upload": frozenset({"hidden", "forbidden"}),
        "end_direct_upload": frozenset({"hidden", "forbidden"}),
        # The current password does instead of a confirmation, and the sample holds none.
        "change_password": frozenset({"confirm"}),
    }
    return own.get(route.name, frozenset())


def test_every_body_has_a_sample() -> None:
    missing = {route.body.__name__ for route in ROUTES if route.body is not None} - set(BODIES)
    assert missing == set(), "add a body that the type takes, so that the matrix can call the route"


def test_every_action_is_some_routes() -> None:
    assert set(access.ACTIONS) == {route.action for route in ROUTES}


@on_sqlite
async def test_every_route_by_every_role(world: World, record_property: Any) -> None:
    wrong, cells = [], 0
    for route in ROUTES:
        for name, roles in PEOPLE.items():
            answer = await world.call(await world.person(name), route)
            found, wanted = verdict(answer, route), expected(route, roles)
            cells += 1
            if found != wanted and found not in differences(route):
                wrong.append(f"{name}: {route.method} {route.path} is {found} ({answer.status}), not {wanted}")
    record_property("counted", f"{cells} cells of route and role")
    assert wrong == []


@on_sqlite
async def test_every_route_by_personal_tokens(world: World, record_property: Any) -> None:
    """By the owner of the meeting who is an administrator: only the scope decides."""
    wrong, cells = [], 0
    for scopes in [*([scope] for scope in access.SCOPES), [*access.SCOPES]]:
        made = await (await world.person("admin")).post("/users/me/tokens", {"name": "Script", "scopes": scopes})
        assert made.status == 201, made
        holder = world.api.signed_in(made.body["token"])
        for route in closed_routes():
            found = verdict(await world.call(holder, route), route)
            is_granted = route.rule.scope in scopes and access.may(PEOPLE["admin"], route.action)
            cells += 1
            if (found == "granted") != is_granted:
                wrong.append(f"{scopes}: {route.method} {route.path} is {found}")
    record_property("counted", f"{cells} cells of route and scope")
    assert wrong == []


@on_sqlite
async def test_what_needs_a_fresh_confirmation_needs_it(world: World, clock: ManualClock) -> None:
    stale = await world.sign_in("admin")
    clock.advance(660)
    found = {
        route.name: verdict(await world.call(stale, route), route)
        for route in closed_routes()
        if access.may(PEOPLE["admin"], route.action) and route.name not in ("logout", "end_session")
    }
    wanting = {name for name, what in found.items() if what == "confirm"} - {"change_password"}
    assert wanting == {route.name for route in closed_routes() if route.rule.confirm and route.name in found}


def test_nothing_that_changes_state_is_a_safe_method() -> None:
    """What a link or an image can make a browser send must change nothing."""
    reading = ("read", "list", "export", "start", "finish", "healthz", "readyz")
    assert [r.name for r in ROUTES if r.method in SAFE_METHODS and not r.name.startswith(reading)] == []


@on_sqlite
async def test_a_table_that_says_otherwise_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix can fail: with one cell flipped in what is expected, the application disagrees."""
    route = next(route for route in ROUTES if route.name == "list_users")
    found = verdict(await world.call(await world.person("stranger"), route), route)
    assert found == expected(route, PEOPLE["stranger"])
    flipped = access._rule("member", scope="admin:read")
    monkeypatch.setitem(access.TABLE, "users.read", flipped)
    assert found != expected(route, PEOPLE["stranger"])


def closed_routes() -> Iterator[AnyRoute]:
    return (route for route in ROUTES if not route.rule.is_open)
