"""Reads that are answered without the database; and that what changed, or was revoked, is not answered by them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from meetserver import limits
from meetserver.accounts import role_store
from meetserver.cache.occupancy import Occupancy
from meetserver.ids import RoomId, ShardId, UserId
from meetserver.ports import Origin
from tests.contract.eventually import eventually
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make, NotingRooms
from tests.integration.http.statements import statements_of

Read = Callable[[Api, str], Awaitable[Answer]]

READS: dict[str, tuple[Read, int]] = {
    "who I am": (lambda api, _: api.get("/users/me"), 1),
    "a meeting": (lambda api, id_: api.get(f"/meetings/{id_}"), 2),
    "my meetings": (lambda api, _: api.get("/meetings"), 2),
    "a door": (lambda api, id_: api.signed_in(None).get(f"/meetings/{id_}/door"), 1),
    "a join": (lambda api, id_: api.signed_in(None).post(f"/meetings/{id_}/join", {"name": "Bo"}), 1),
}
"""The busiest reads, and how many statements each needs the first time."""


@pytest.fixture
async def ann(make_api: Make) -> Api:
    """With time for slow machines: what is tested is that copies serve, not for how long."""
    return await (await make_api(log_level="debug")).given_user()


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies that outlast a test on a machine that is busy with others."""
    monkeypatch.setattr(limits, "CACHE_LOCAL_S", 600.0)


# --- what is saved


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize("name", READS)
async def test_a_busy_read_asks_the_database_once(make_api: Make, name: str) -> None:
    api = await (await make_api()).given_user()
    id_ = (await api.given_meeting())["id"]
    read, statements = READS[name]
    await api.services.database.on_changed(["session:*"])
    for expected in (statements, 0, 0):
        with statements_of(api.services.database) as sent:
            assert (await read(api, id_)).status == 200
        assert len(sent) == expected, [str(one) for one in sent]


@pytest.mark.usefixtures("lasting")
async def test_x_cache_says_what_became_of_the_reads(ann: Api) -> None:
    id_ = (await ann.given_meeting())["id"]
    first, second = [await ann.get(f"/meetings/{id_}") for _ in range(2)]
    assert first.headers["X-Cache"] == "session=hit, meeting=miss"
    assert second.headers["X-Cache"] == "session=hit, meeting=hit"
    assert "X-Cache" not in (await ann.get("//healthz")).headers, "which reads nothing"


async def test_x_cache_is_for_debugging(make_api: Make) -> None:
    api = await (await make_api()).given_user()
    assert "X-Cache" not in (await api.get("/users/me")).headers


# --- who calls


async def disabled(api: Api, user: UserId) -> None:
    users = api.services.accounts.users
    await users.change(user, name=None, disabled=True, version=None, by=user, origin=Origin())


async def signed_out(api: Api, user: UserId) -> None:
    await api.services.accounts.sessions.revoke_all(user, Origin(), by=user)


async def signed_out_of_one(api: Api, user: UserId) -> None:
    sessions = api.services.accounts.sessions
    for row in await sessions.list_of(user):
        await sessions.revoke(row.id, Origin())


async def given_a_new_password(api: Api, user: UserId) -> None:
    await api.post("/auth/password/forgot", {"email": "ann@example.com"})
    token = await api.mailed_token("ann@example.com", "reset")
    assert (await api.post("/auth/password/reset", {"token": token, "password": PASSWORD + "!"})).status == 200


ENDS: list[Callable[[Api, UserId], Awaitable[None]]] = [disabled, signed_out, signed_out_of_one, given_a_new_password]


@pytest.mark.usefixtures("lasting")
@pytest.mark.parametrize("end", ENDS)
async def test_what_is_revoked_here_ends_here_at_once(
    make_api: Make, end: Callable[[Api, UserId], Awaitable[None]]
) -> None:
    api = await (await make_api()).given_user()
    me = UserId((await api.get("/users/me")).body["id"])
    await end(api.signed_in(None), me)
    assert (await api.get("/users/me")).status == 401


@pytest.mark.parametrize("end", ENDS)
async def test_what_is_revoked_elsewhere_ends_here_within_a_second_though_nobody_says_so(
    make_api: Make, end: Callable[[Api, UserId], Awaitable[None]]
) -> None:
    """P11 of docs/reliability.md: these two have neither Redis nor a bus."""
    elsewhere = await make_api()
    there = await elsewhere.given_user()
    here = (await make_api()).signed_in(there.token)
    me = UserId((await here.get("/users/me")).body["id"])
    now = asyncio.get_running_loop().time
    await end(elsewhere, me)
    ended_at, served_until = now(), 0.0

    async def is_over() -> bool:
        nonlocal served_until
        asked_at = now()
        if (await here.get("/users/me")).status == 401:
            return True
        served_until = asked_at
        return False

    await eventually(is_over)
    assert served_until - ended_at < 1


@pytest.mark.usefixtures("lasting")
async def test_a_change_of_the_account_or_its_roles_counts_at_once(make_api: Make) -> None:
    api = await (await make_api()).given_user()
    await api.get("/users/me")
    await api.patch("/users/me", {"name": "Anna"})
    assert (await api.get("/users/me")).body["name"] == "Anna"
    me = UserId((await api.get("/users/me")).body["id"])
    users = api.services.accounts.users
    await users.change(me, name="Annette", disabled=None, version=None, by=me, origin=Origin())
    assert (await api.get("/users/me")).body["name"] == "Annette"
    await api.grant("auditor")
    assert (await api.get("/admin/users")).status == 200
    await api.services.database.run(lambda connection: role_store.take_role(connection, me, "auditor"))
    assert (await api.get("/admin/users")).status == 403


@pytest.mark.usefixtures("lasting")
async def test_an_address_is_verified_at_once(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    await api.register()
    ann = api.signed_in((await api.log_in()).body["access_token"])
    assert not (await ann.get("/users/me")).body["verified"]
    await api.post("/auth/verify", {"token": await api.mailed_token("ann@example.com")})
    assert (await ann.get("/users/me")).body["verified"]


@pytest.mark.usefixtures("lasting")
async def test_a_personal_token_has_its_scopes_and_its_end_at_once(make_api: Make) -> None:
    api = await (await make_api()).given_user()
    made = (await api.post("/users/me/tokens", {"name": "Script", "scopes": ["profile:read"]})).body
    script = api.signed_in(made["token"])
    assert (await script.get("/users/me")).status == 200
    await api.patch(f"/users/me/tokens/{made['id']}", {"scopes": ["meetings:read"]})
    assert (await script.get("/users/me")).status == 403
    await api.delete(f"/users/me/tokens/{made['id']}")
    assert (await script.get("/meetings")).status == 401


@pytest.mark.usefixtures("lasting")
async def test_a_session_that_has_run_out_is_over_whatever_was_read(make_api: Make) -> None:
    api = await (await make_api(access_token_life_s=3600, refresh_token_life_s=600)).given_user()
    assert (await api.get("/users/me")).status == 200
    clock = api.services.clock
    clock.advance(599)  # type: ignore[attr-defined]
    assert (await api.get("/users/me")).status == 200
    clock.advance(1)  # type: ignore[attr-defined]
    assert (await api.get("/users/me")).status == 401


# --- lists


@pytest.mark.usefixtures("lasting")
async def test_an_invitation_counts_at_once(make_api: Make) -> None:
    ann = await (await make_api()).given_user()
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    id_ = (await ann.given_meeting())["id"]
    assert (await bo.get(f"/meetings/{id_}")).status == 404
    invited = await ann.post(f"/meetings/{id_}/invitees", {"email": "bo@example.com", "role": "cohost"})
    assert (await bo.get(f"/meetings/{id_}")).status == 200
    await ann.delete(f"/meetings/{id_}/invitees/{invited.body['id']}")
    assert (await bo.get(f"/meetings/{id_}")).status == 404


async def test_a_list_says_how_many_people_are_in_each_room(make_api: Make) -> None:
    ann = await (await make_api()).given_user()
    full, _ = await ann.given_meeting("Full"), await ann.given_meeting("Empty")
    rooms = ann.services.rooms
    assert isinstance(rooms, NotingRooms)
    rooms.people = {RoomId(full["room_id"]): 7}
    items = (await ann.get("/meetings")).body["items"]
    assert {one["title"]: one["people"] for one in items} == {"Empty": 0, "Full": 7}


async def test_a_shard_that_has_said_nothing_leaves_rooms_in_doubt(make_api: Make) -> None:
    ann = await make_api()
    here, away, room = ShardId("here"), ShardId("away"), RoomId("room")
    people = {room: 3}
    occupancy = Occupancy(ann.services.occupancy._cached, here, lambda: [here, away], lambda: people)
    assert await occupancy.of([room, RoomId("other")]) == {room: 3, "other": None}
