"""Accounts as administrators handle them."""

import asyncio
from typing import Any

import pytest

from meetserver import access, limits
from meetserver.accounts.messages import Register
from meetserver.errors import Conflict
from meetserver.ids import UserId
from meetserver.ports import Origin
from tests.integration.http.conftest import PASSWORD, Api, Make, all_at_once


async def given_admin(api: Api, email: str = "root@example.com") -> Api:
    wish = Register(email=email, password=PASSWORD, name=email.partition("@")[0].title())
    assert await api.services.accounts.add(wish, is_admin=True)
    return api.signed_in((await api.log_in(email)).body["access_token"])


@pytest.fixture
async def admin(api: Api) -> Api:
    return await given_admin(api)


async def id_of(somebody: Api) -> str:
    return str((await somebody.get("/users/me")).body["id"])


async def emails(admin: Api, **query: Any) -> list[str]:
    answer = await admin.get("/admin/users", params=query)
    assert answer.status == 200, answer
    return [one["email"] for one in answer.body["items"]]


# --- looked through


@pytest.mark.both_databases
async def test_accounts_are_found_by_address_name_and_role(api: Api, admin: Api) -> None:
    await api.given_user("ann@example.com", "Ann Müller")
    await api.given_user("ben@example.org", "Ben 100%_sure")
    assert await emails(admin) == ["ann@example.com", "ben@example.org", "root@example.com"]
    assert await emails(admin, q="EXAMPLE.COM") == ["ann@example.com", "root@example.com"]
    assert await emails(admin, q="müller") == ["ann@example.com"]
    assert await emails(admin, q="0%_s") == ["ben@example.org"]
    assert await emails(admin, q="%") == ["ben@example.org"], "a percent sign is itself"
    assert await emails(admin, q="_") == ["ben@example.org"]
    assert await emails(admin, role="admin") == ["root@example.com"]
    assert await emails(admin, role="admin", q="ann") == []


@pytest.mark.both_databases
async def test_pages_follow_each_other(api: Api, admin: Api) -> None:
    for name in "edcba":
        await api.services.accounts.add(Register(email=f"{name}@example.com", password=PASSWORD, name=name))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await admin.get("/admin/users", params=query)).body
        seen += [one["email"][0] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert "".join(seen) == "abcder"
    assert (await admin.get("/admin/users", params={"cursor": "nobody"})).code == "bad_message"


@pytest.mark.both_databases
async def test_a_search_goes_on_where_it_has_looked_through_enough(
    api: Api, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEARCH_ENTRIES", 2)
    for name in "abcde":
        await api.services.accounts.add(Register(email=f"{name}@example.com", password=PASSWORD, name=name))
    query = {"q": "e@example"}
    pages = []
    while True:
        page = (await admin.get("/admin/users", params=query)).body
        pages.append([one["name"] for one in page["items"]])
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert pages == [[], [], ["e"], []], "a and b, c and d, e and root, and nobody is left"
    assert await emails(admin, q="root", role="admin") == ["root@example.com"], "of those with a role there are few"


@pytest.mark.parametrize(
    "hostile", ["' OR '1'='1", "\\", "%' --", "a'; DROP TABLE user_account; --", '"', "/*", "${x}"]
)
@pytest.mark.both_databases
async def test_a_search_is_only_text(admin: Api, hostile: str) -> None:
    assert await emails(admin, q=hostile) == []
    assert (await admin.get("/admin/users", params={"role": hostile})).code == "bad_message"
    assert (await admin.get("/admin/users", params={"cursor": hostile})).code == "bad_message"
    assert (await admin.get("/admin/users", params={"q": "a\0b"})).code == "bad_message"


async def test_one_account_is_shown_without_its_secrets(api: Api, admin: Api) -> None:
    ann = await id_of(await api.given_user())
    shown = (await admin.get(f"/admin/users/{ann}")).body
    assert set(shown) == {"id", "email", "name", "roles", "verified", "disabled", "created_at"}
    assert (await admin.get("/admin/users/nobody")).code == "not_found"


# --- roles


async def test_members_may_not_and_auditors_may_only_look(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    me = await id_of(ann)
    assert (await ann.get("/admin/users")).code == "forbidden"
    await admin.request("PUT", f"/admin/users/{me}/roles/auditor")
    assert (await ann.get("/admin/users")).status == 200, "from the next request on"
    assert (await ann.request("PUT", f"/admin/users/{me}/roles/admin")).code == "forbidden"
    assert (await ann.patch(f"/admin/users/{me}", {"name": "Boss"})).code == "forbidden"


async def test_a_role_is_granted_once_and_taken_at_once(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    me = await id_of(ann)
    for _ in range(2):
        granted = await admin.request("PUT", f"/admin/users/{me}/roles/operator")
        assert (granted.status, granted.body["roles"]) == (200, ["member", "operator"])
    for _ in range(2):
        taken = await admin.delete(f"/admin/users/{me}/roles/operator")
        assert (taken.status, taken.body["roles"]) == (200, ["member"])
    assert (await ann.get("/users/me")).code == "unauthenticated", "signed out with the role"
    events = [(one.type, one.data["role"]) for one in api.recorded if one.subject == me and one.type.startswith("role")]
    assert events == [("role.granted", "operator"), ("role.taken", "operator")]


async def test_there_are_no_other_roles(api: Api, admin: Api) -> None:
    ann = await id_of(await api.given_user())
    for role in ("member", "guest", "host", "root", "ADMIN"):
        assert (await admin.request("PUT", f"/admin/users/{ann}/roles/{role}")).code == "not_found"
    assert (await admin.request("PUT", "/admin/users/nobody/roles/admin")).code == "not_found"


# --- the last administrator


@pytest.mark.both_databases
async def test_the_last_administrator_stays(admin: Api) -> None:
    me = await id_of(admin)
    assert (await admin.delete(f"/admin/users/{me}/roles/admin")).code == "conflict"
    assert (await admin.patch(f"/admin/users/{me}", {"disabled": True})).code == "conflict"
    assert (await admin.get(f"/admin/users/{me}")).body["roles"] == ["admin", "member"]


@pytest.mark.both_databases
async def test_a_disabled_administrator_is_none(api: Api, admin: Api) -> None:
    other = await id_of(await given_admin(api, "boss@example.com"))
    assert (await admin.patch(f"/admin/users/{other}", {"disabled": True})).status == 200
    assert (await admin.delete(f"/admin/users/{await id_of(admin)}/roles/admin")).code == "conflict"


@pytest.mark.both_databases
async def test_two_administrators_cannot_take_each_other_at_once(api: Api, admin: Api) -> None:
    boss = await given_admin(api, "boss@example.com")
    one, other = await id_of(admin), await id_of(boss)
    answers = await all_at_once(
        admin.delete(f"/admin/users/{other}/roles/admin"),
        boss.delete(f"/admin/users/{one}/roles/admin"),
        admin.patch(f"/admin/users/{other}", {"disabled": True}),
        boss.patch(f"/admin/users/{one}", {"disabled": True}),
    )
    assert {answer.status for answer in answers} <= {200, 401, 403, 409}
    users = api.services.accounts.users
    accounts = [await users.read(UserId(id_)) for id_ in (one, other)]
    assert any("admin" in account.roles and account.disabled_at is None for account in accounts)


@pytest.mark.both_databases
async def test_services_themselves_cannot_take_both(api: Api, admin: Api) -> None:
    """Without the sessions' end in between: only the serializable unit of work stands before it."""
    one, other = UserId(await id_of(admin)), UserId(await id_of(await given_admin(api, "boss@example.com")))
    users = api.services.accounts.users

    async def take(user: UserId) -> bool:
        try:
            await users.take(user, "admin", user, Origin())
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(take(one), take(other))) == [False, True]


# --- disabled and renamed


@pytest.mark.both_databases
async def test_who_is_disabled_is_out_and_stays_out(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    tokens = (await api.log_in()).body
    personal = await ann.post("/users/me/tokens", {"name": "A", "scopes": ["profile:read"]})
    page = await api.post("/auth/login", {"email": "ann@example.com", "password": PASSWORD, "cookie": True})
    assert page.status == 200
    program = ann.signed_in(personal.body["token"])
    me = await id_of(ann)

    answer = await admin.patch(f"/admin/users/{me}", {"disabled": True})
    assert (answer.status, answer.body["disabled"]) == (200, True)
    for somebody in (ann, program, api):
        assert (await somebody.get("/users/me")).code == "unauthenticated"
    assert (await api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).code == "unauthenticated"
    assert (await api.log_in()).code == "unauthenticated"

    assert (await admin.patch(f"/admin/users/{me}", {"disabled": False})).body["disabled"] is False
    assert (await ann.get("/users/me")).code == "unauthenticated", "what was ended stays so"
    assert (await api.log_in()).status == 200
    types = [one.type for one in api.recorded if one.subject == me]
    assert types.count("account.disabled") == types.count("account.enabled") == 1


async def test_somebody_is_signed_out_everywhere(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    me = await id_of(ann)
    assert (await ann.delete(f"/admin/users/{me}/sessions")).code == "forbidden"
    assert (await admin.delete(f"/admin/users/{me}/sessions")).body == {"count": 1}
    assert (await ann.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in()).status == 200
    assert (await admin.delete("/admin/users/nobody/sessions")).code == "not_found"


@pytest.mark.both_databases
async def test_a_change_is_only_of_what_was_seen(api: Api, admin: Api) -> None:
    ann = await id_of(await api.given_user())
    seen = (await admin.get(f"/admin/users/{ann}")).headers["ETag"]
    first = await admin.patch(f"/admin/users/{ann}", {"name": "Anna"}, headers={"If-Match": seen})
    assert (first.status, first.body["name"]) == (200, "Anna")
    second = await admin.patch(f"/admin/users/{ann}", {"name": "Anne"}, headers={"If-Match": seen})
    assert (second.status, second.code) == (412, "conflict")
    await admin.request("PUT", f"/admin/users/{ann}/roles/auditor")
    assert (await admin.get(f"/admin/users/{ann}")).headers["ETag"] != first.headers["ETag"]


# --- invited


async def test_somebody_is_invited_and_sets_the_first_password(api: Api, admin: Api) -> None:
    invited = await admin.post("/admin/users", {"email": "Ben@example.com", "name": "Ben"})
    assert (invited.status, invited.body["verified"]) == (201, False)
    assert invited.headers["Location"].endswith(f"/admin/users/{invited.body['id']}")
    assert (await api.log_in("ben@example.com")).code == "unauthenticated"

    token = await api.mailed_token("Ben@example.com", "invite")
    assert (await api.post("/auth/password/reset", {"token": token, "password": PASSWORD})).status == 200
    assert (await api.post("/auth/password/reset", {"token": token, "password": PASSWORD})).code == "not_found"
    assert (await api.log_in("ben@example.com")).status == 200
    assert (await admin.get(f"/admin/users/{invited.body['id']}")).body["verified"]
    assert [one.subject for one in api.recorded if one.type == "account.created"][-1] == invited.body["id"]


async def test_a_second_invitation_takes_the_first_ones_place(api: Api, admin: Api) -> None:
    wish = {"email": "ben@example.com", "name": "Ben"}
    first = await admin.post("/admin/users", wish)
    old = await api.mailed_token("ben@example.com", "invite")
    again = await admin.post("/admin/users", wish)
    assert again.body["id"] == first.body["id"]
    assert (await api.post("/auth/password/reset", {"token": old, "password": PASSWORD})).code == "not_found"
    new = await api.mailed_token("ben@example.com", "invite")
    assert (await api.post("/auth/password/reset", {"token": new, "password": PASSWORD})).status == 200
    assert (await admin.post("/admin/users", wish)).code == "conflict"


@pytest.mark.both_databases
async def test_many_invitations_at_once_make_one_account(api: Api, admin: Api) -> None:
    wish = {"email": "ben@example.com", "name": "Ben"}
    answers = await all_at_once(*(admin.post("/admin/users", wish) for _ in range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.body["id"] for answer in answers if answer.status == 201}) == 1


# --- the table


async def test_the_table_is_shown_as_it_is(admin: Api) -> None:
    table = (await admin.get("/admin/access")).body
    assert len(table["rows"]) == len(access.TABLE)
    [row] = [row for row in table["rows"] if row["what"] == "roles.write"]
    assert row == {"what": "roles.write", "roles": ["admin"], "scope": "admin:write", "confirm": True}


async def test_who_was_invited_and_never_came_does_not_count_as_an_administrator(api: Api, admin: Api) -> None:
    invited = (await admin.post("/admin/users", {"email": "ann@example.com", "name": "Ann"})).body["id"]
    assert (await admin.request("PUT", f"/admin/users/{invited}/roles/admin")).status == 200
    root = await id_of(admin)
    assert (await admin.delete(f"/admin/users/{root}/roles/admin")).code == "conflict"
    assert (await admin.patch(f"/admin/users/{root}", {"disabled": True})).code == "conflict"

    token = await api.mailed_token("ann@example.com", "invite")
    assert (await api.post("/auth/password/reset", {"token": token, "password": PASSWORD})).status == 200
    assert (await admin.delete(f"/admin/users/{root}/roles/admin")).status == 200


async def test_one_that_was_invited_can_be_none_again(admin: Api) -> None:
    invited = (await admin.post("/admin/users", {"email": "ann@example.com", "name": "Ann"})).body["id"]
    path = f"/admin/users/{invited}/roles/admin"
    assert (await admin.request("PUT", path)).status == 200
    assert (await admin.delete(path)).status == 200


async def test_an_invitation_puts_out_who_signed_up_with_the_address_before(make_api: Make) -> None:
    """Otherwise the roles that go with it would be a stranger's."""
    api = await make_api(require_verified_email=False)
    admin = await given_admin(api)
    await api.register()
    stranger = api.signed_in((await api.log_in()).body["access_token"])
    invited = await admin.post("/admin/users", {"email": "ann@example.com", "name": "Ann"})
    assert (await admin.request("PUT", f"/admin/users/{invited.body['id']}/roles/admin")).status == 200
    assert (await stranger.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in()).code == "unauthenticated"

    token = await api.mailed_token("ann@example.com", "invite")
    assert (await api.post("/auth/password/reset", {"token": token, "password": "another horse"})).status == 200
    assert (await api.log_in(password="another horse")).status == 200


async def test_but_nobody_with_a_role(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    admin = await given_admin(api)
    await api.register()
    ann = api.signed_in((await api.log_in()).body["access_token"])
    assert (await admin.request("PUT", f"/admin/users/{await id_of(ann)}/roles/auditor")).status == 200
    assert (await admin.post("/admin/users", {"email": "ann@example.com", "name": "Ann"})).code == "conflict"
    assert (await ann.get("/users/me")).status == 200


@pytest.mark.both_databases
async def test_a_role_granted_many_times_at_once_is_granted_once(api: Api, admin: Api) -> None:
    ann = await id_of(await api.given_user())
    path = f"/admin/users/{ann}/roles/auditor"
    answers = await all_at_once(*(admin.request("PUT", path) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert [event.type for event in api.recorded].count("role.granted") == 2, "the administrator's own was the first"
