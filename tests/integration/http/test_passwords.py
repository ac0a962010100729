"""New passwords: forgotten, changed, and those of accounts that were made for somebody."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from meetserver import limits
from meetserver.accounts.models import auth_session, external_identity, user_account
from meetserver.accounts.passwords import Passwords
from meetserver.adapters.memory.clock import ManualClock
from meetserver.ids import UserId
from meetserver.ports import Origin
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make, all_at_once

ANN = "ann@example.com"
NEW = "another horse, another stable"


async def forget(api: Api) -> str:
    """The token of the mailed link."""
    assert (await api.post("/auth/password/forgot", {"email": ANN})).body == {"done": True}
    return await api.mailed_token(ANN, "reset")


async def reset(api: Api, token: str, password: str = NEW) -> Answer:
    return await api.post("/auth/password/reset", {"token": token, "password": password})


async def test_who_forgot_the_password_sets_another_and_all_sessions_end(api: Api) -> None:
    ann = await api.given_user()
    token = await forget(api)
    assert (await reset(api, token)).status == 200

    assert (await ann.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in()).code == "unauthenticated"
    assert (await api.log_in(password=NEW)).status == 200
    assert (await reset(api, token, "a third horse, a third stable")).code == "not_found"
    assert "Your password was changed" in [mail.subject for mail in await api.mails(ANN)]
    assert [event.type for event in api.recorded][-4:] == [
        "password.reset_asked", "password.reset", "login.failed", "login.succeeded",
    ]  # fmt: skip


async def test_a_reset_ends_personal_tokens_too(api: Api) -> None:
    ann = await api.given_user()
    made = await ann.post("/users/me/tokens", {"name": "script", "scopes": ["profile:read"]})
    assert made.status == 201, made
    script = api.signed_in(made.body["token"])
    assert (await script.get("/users/me")).status == 200
    await reset(api, await forget(api))
    assert (await script.get("/users/me")).code == "unauthenticated"


async def test_a_link_works_for_an_hour(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    token = await forget(api)
    clock.advance(limits.RESET_LIFE_S)
    assert (await reset(api, token)).code == "not_found"


async def test_only_the_newest_link_works_and_there_is_one_a_minute(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    first = await forget(api)
    assert await forget(api) == first, "no second mail within the minute"
    clock.advance(limits.LINK_AGAIN_S)
    second = await forget(api)
    assert (await reset(api, first)).code == "not_found"
    assert (await reset(api, second)).status == 200


@pytest.mark.both_databases
async def test_one_link_opened_a_hundred_times_at_once_sets_one_password(api: Api) -> None:
    await api.given_user()
    token = await forget(api)
    wishes = [f"horse number {n} of the stable" for n in range(100)]
    answers = await all_at_once(*(reset(api, token, wish) for wish in wishes))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 99
    winner = wishes[[answer.status for answer in answers].index(200)]
    assert (await api.log_in(password=winner)).status == 200


async def test_a_password_that_is_not_taken_leaves_the_link_working(api: Api) -> None:
    await api.given_user()
    token = await forget(api)
    assert (await reset(api, token, "password123")).code == "bad_message"
    assert (await reset(api, token, "too short")).code == "bad_message"
    assert (await reset(api, token)).status == 200


async def test_a_reset_verifies_the_address(api: Api) -> None:
    await api.register()
    assert (await reset(api, await forget(api))).status == 200
    assert (await api.log_in(password=NEW)).status == 200


async def test_a_disabled_account_gets_no_link(api: Api) -> None:
    await api.given_user()
    await api.services.database.write(user_account.update().values(disabled_at=api.services.clock.now()))
    await api.post("/auth/password/forgot", {"email": ANN})
    assert not [mail for mail in await api.mails(ANN) if "/reset/" in mail.text]


async def test_a_verification_link_is_no_reset_link(api: Api) -> None:
    await api.register()
    assert (await reset(api, await api.mailed_token(ANN, "verify"))).code == "not_found"
    assert (await api.post("/auth/verify", {"token": await forget(api)})).code == "not_found"


async def test_an_invitation_sets_the_first_password_once(api: Api) -> None:
    await api.services.accounts.users.invite(ANN, "Ann", by=await _given_id(api), origin=Origin())
    token = await api.mailed_token(ANN, "invite")
    answers = await all_at_once(*(reset(api, token) for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 99
    signed_in = await api.log_in(password=NEW)
    me = await api.signed_in(signed_in.body["access_token"]).get("/users/me")
    assert me.body["verified"]


async def test_a_change_needs_the_old_password_and_ends_the_other_sessions(api: Api, clock: ManualClock) -> None:
    ann, elsewhere = await api.given_user(), api.signed_in((await api.log_in()).body["access_token"])
    token = await forget(api)
    clock.advance(limits.CONFIRM_LIFE_S - 60)
    wish = {"new_password": NEW, "current_password": "wrong horse battery"}
    assert (await ann.post("/users/me/password", wish)).code == "forbidden"
    assert (await ann.post("/users/me/password", {**wish, "current_password": PASSWORD})).status == 200

    assert (await ann.get("/users/me")).status == 200
    assert (await elsewhere.get("/users/me")).code == "unauthenticated"
    assert (await reset(api, token)).code == "not_found", "links that were on their way end too"
    assert (await api.log_in(password=NEW)).status == 200
    assert "Your password was changed" in [mail.subject for mail in await api.mails(ANN)]


async def test_a_change_without_the_old_password_needs_a_fresh_session(make_api: Make, clock: ManualClock) -> None:
    api = await make_api(access_token_life_s=3600)
    ann = await api.given_user()
    clock.advance(limits.CONFIRM_LIFE_S)
    assert (await ann.post("/users/me/password", {"new_password": NEW})).code == "confirm_first"
    assert (await ann.post("/auth/confirm", {"password": PASSWORD})).status == 200
    assert (await ann.post("/users/me/password", {"new_password": "password123"})).code == "bad_message"
    assert (await ann.post("/users/me/password", {"new_password": NEW})).status == 200


@pytest.mark.parametrize("cost", [4, 6])
async def test_a_hash_of_another_cost_is_renewed_at_sign_in(make_api: Make, cost: int) -> None:
    api = await make_api(bcrypt_cost=5)
    await api.given_user()
    later = await make_api(bcrypt_cost=cost)
    assert (await later.log_in()).status == 200
    [row] = await later.services.database.fetch(user_account.select())
    assert row.password_hash.startswith(f"bcrypt$$2b${cost:02}$")
    assert [event.type for event in later.recorded] == ["password.rehashed", "login.succeeded"]
    assert (await later.log_in()).status == 200
    assert [event.type for event in later.recorded].count("password.rehashed") == 1


async def _given_id(api: Api) -> UserId:
    return UserId((await (await api.given_user("root@example.com", "Root")).get("/users/me")).body["id"])


@pytest.mark.parametrize("link", ["verify", "reset", "invite", "email"])
async def test_every_mailed_link_opens_the_page(api: Api, link: str) -> None:
    answer = await api.get(f"//{link}/a-token")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("is_verified", [False, True])
async def test_a_reset_takes_ways_in_away_that_came_before_the_address_was_verified(
    make_api: Make, is_verified: bool
) -> None:
    """Anybody may have opened the account under this address until then."""
    api = await make_api(require_verified_email=False)
    await (api.given_user() if is_verified else api.register())
    [account] = await api.services.database.fetch(select(user_account))
    now = api.services.clock.now()
    row = {"id": "1", "user_id": account.id, "provider": "acme", "issuer": "https://acme.example", "subject": "eve"}
    await api.services.database.write(insert(external_identity).values(**row, created_at=now, last_used_at=now))
    await reset(api, await forget(api))
    assert len(await api.services.database.fetch(select(external_identity))) == is_verified


@pytest.fixture
async def meanwhile(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`meanwhile("check")`: the next time that the server checks (hashes) a password, the owner resets theirs."""

    def arrange(what: str) -> None:
        real = getattr(Passwords, what)

        async def slowly(passwords: Passwords, *arguments: Any) -> Any:
            monkeypatch.setattr(Passwords, what, real)
            found = await real(passwords, *arguments)
            assert (await reset(api, await forget(api))).status == 200
            return found

        monkeypatch.setattr(Passwords, what, slowly)

    return arrange


@pytest.mark.parametrize("cookie", [False, True])
@pytest.mark.both_databases
async def test_a_sign_in_that_a_reset_overtakes_opens_nothing(
    api: Api, meanwhile: Callable[[str], None], cookie: bool
) -> None:
    await api.given_user()
    meanwhile("check")
    answer = await api.post("/auth/login", {"email": ANN, "password": PASSWORD, "cookie": cookie})
    assert answer.code == "unauthenticated"
    standing = await api.services.database.fetch(select(auth_session).where(auth_session.c.revoked_at.is_(None)))
    assert standing == []


@pytest.mark.both_databases
async def test_a_change_that_a_reset_overtakes_changes_nothing(api: Api, meanwhile: Callable[[str], None]) -> None:
    ann = await api.given_user()
    meanwhile("hash")
    assert (await ann.post("/users/me/password", {"new_password": "a thief's own password"})).code == "unauthenticated"
    assert (await api.log_in(password="a thief's own password")).code == "unauthenticated"
    assert (await api.log_in(password=NEW)).status == 200


@pytest.mark.both_databases
async def test_two_sign_ins_at_once_renew_a_hash_once(make_api: Make) -> None:
    await (await make_api(bcrypt_cost=5)).given_user()
    api = await make_api()
    answers = await all_at_once(*(api.log_in() for _ in range(limits.FREE_ATTEMPTS)))
    assert [answer.status for answer in answers] == [200] * limits.FREE_ATTEMPTS
    assert [event.type for event in api.recorded].count("password.rehashed") == 1


async def test_a_password_does_not_run_out(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    clock.advance(10 * 365 * 86400)
    assert (await api.log_in()).status == 200
