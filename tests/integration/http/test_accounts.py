"""Signing up, in and out, over HTTP."""

import pytest
from sqlalchemy import select, update

from meetserver import limits
from meetserver.accounts.models import user_account
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Unavailable
from tests.integration.http.conftest import PASSWORD, Api, Make, all_at_once


async def test_somebody_signs_up_confirms_and_signs_in(api: Api) -> None:
    answer = await api.register()
    assert (answer.status, answer.body["verification"]) == (201, "required")
    assert (await api.log_in()).code == "forbidden"

    token = await api.mailed_token("ann@example.com")
    assert (await api.post("/auth/verify", {"token": token})).status == 200
    assert (await api.post("/auth/verify", {"token": token})).code == "not_found"

    tokens = (await api.log_in()).body
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 600)
    me = await api.signed_in(tokens["access_token"]).get("/users/me")
    assert (me.body["name"], me.body["email"], me.body["verified"]) == ("Ann", "ann@example.com", True)
    assert me.headers["Cache-Control"] == "no-store"


async def test_without_the_need_for_verification_sign_in_works_at_once(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    assert (await api.register()).body["verification"] == "optional"
    assert (await api.log_in()).status == 200


@pytest.mark.both_databases
async def test_a_known_address_gets_the_same_answer_and_a_mail(api: Api) -> None:
    await api.given_user()
    known, new = await api.register("Ann@Example.com", "Eve"), await api.register("new@example.com", "Eve")
    assert known.status == new.status == 201
    assert set(known.body) == set(new.body)
    assert "account already" in (await api.mails("ann@example.com"))[-1].subject
    assert (await api.log_in()).status == 200


@pytest.mark.both_databases
async def test_many_sign_ups_with_one_address_make_one_account(api: Api) -> None:
    answers = await all_at_once(*(api.register() for _ in range(8)))
    assert [answer.status for answer in answers] == [201] * 8
    assert len(await api.mails("ann@example.com")) <= 2, "to verify, and to choose a password, as others may have"


async def test_wrong_passwords_and_unknown_addresses_look_alike(api: Api) -> None:
    await api.given_user()
    wrong = await api.log_in(password="wrong horse battery")
    unknown = await api.log_in("nobody@example.com")
    impossible = await api.log_in("no..body@-")
    for answer in (wrong, unknown, impossible):
        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert answer.body["detail"] == wrong.body["detail"]


async def test_the_link_is_too_old_after_two_days_and_can_be_had_again(api: Api, clock: ManualClock) -> None:
    await api.register()
    token = await api.mailed_token("ann@example.com")
    assert (await api.post("/auth/verify/resend", {"email": "ann@example.com"})).status == 200
    assert len(await api.mails("ann@example.com")) == 1, "not twice within a minute"

    clock.advance(limits.VERIFY_LIFE_S + 1)
    assert (await api.post("/auth/verify", {"token": token})).code == "not_found"
    await api.post("/auth/verify/resend", {"email": "ann@example.com"})
    assert (await api.post("/auth/verify", {"token": await api.mailed_token("ann@example.com")})).status == 200


async def test_resending_to_nobody_tells_nothing(api: Api) -> None:
    answer = await api.post("/auth/verify/resend", {"email": "nobody@example.com"})
    assert (answer.status, answer.body) == (200, {"done": True})


async def test_refreshing_rotates_and_the_old_token_may_be_repeated_for_a_while(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    first = (await api.log_in()).body["refresh_token"]
    second = (await api.post("/auth/refresh", {"refresh_token": first})).body["refresh_token"]
    assert second != first
    repeated = (await api.post("/auth/refresh", {"refresh_token": first})).body
    assert repeated["refresh_token"] == second

    clock.advance(limits.REFRESH_GRACE_S)
    assert (await api.post("/auth/refresh", {"refresh_token": first})).code == "unauthenticated"
    assert (await api.post("/auth/refresh", {"refresh_token": second})).code == "unauthenticated", "the family is over"
    assert (await api.signed_in(repeated["access_token"]).get("/users/me")).code == "unauthenticated"


@pytest.mark.both_databases
async def test_one_refresh_token_used_many_times_at_once_has_one_successor(api: Api) -> None:
    await api.given_user()
    first = (await api.log_in()).body["refresh_token"]
    answers = await all_at_once(*(api.post("/auth/refresh", {"refresh_token": first}) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1


async def test_a_token_two_generations_old_ends_the_session(api: Api) -> None:
    await api.given_user()
    first = (await api.log_in()).body["refresh_token"]
    second = (await api.post("/auth/refresh", {"refresh_token": first})).body["refresh_token"]
    third = (await api.post("/auth/refresh", {"refresh_token": second})).body["refresh_token"]
    assert (await api.post("/auth/refresh", {"refresh_token": first})).code == "unauthenticated"
    assert (await api.post("/auth/refresh", {"refresh_token": third})).code == "unauthenticated"


async def test_logging_out_ends_tokens_at_once(api: Api) -> None:
    ann = await api.given_user()
    assert (await ann.post("/auth/logout")).status == 204
    assert (await ann.get("/users/me")).code == "unauthenticated"


async def test_an_access_token_expires(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    clock.advance(601)
    answer = await ann.get("/users/me")
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_a_refresh_token_is_no_access_token(api: Api) -> None:
    await api.given_user()
    refresh = (await api.log_in()).body["refresh_token"]
    assert (await api.signed_in(refresh).get("/users/me")).code == "unauthenticated"


async def test_the_first_administrator_is_made_once(make_api: Make) -> None:
    api = await make_api(admin_email="Root@example.com", admin_password=PASSWORD)
    await api.services.accounts.ensure_admin()
    await api.services.accounts.ensure_admin()
    admin = api.signed_in((await api.log_in("root@example.com")).body["access_token"])
    assert (await admin.get("/users/me")).body["roles"] == ["admin", "member"]


async def test_without_such_a_setting_there_is_nobody(api: Api) -> None:
    await api.services.accounts.ensure_admin()
    assert await api.services.database.fetch(select(user_account)) == []


async def test_nobody_signs_in_unseen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.given_user()

    async def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the security log cannot be written")

    monkeypatch.setattr(api.services.security_log, "record", refuse)
    answer = await api.log_in()
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "access_token" not in answer.body


async def test_a_short_password_and_a_deceiving_name_are_refused(api: Api) -> None:
    short = await api.post("/auth/register", {"email": "a@example.com", "password": "short", "name": "A"})
    assert short.code == "bad_message"
    for name in ("", " ", "A\r\nBcc: b@example.com", "A\x00", "\u202eeve", "\u2066A", "A\u2028B"):
        answer = await api.register("a@example.com", name)
        assert (answer.status, answer.code) == (400, "bad_message"), name
    assert (await api.register("a@example.com", "Zoe\u0301")).body["name"] == "Zo\u00e9"


async def test_addresses_that_would_break_a_mail_are_refused(api: Api) -> None:
    for email in ("a@example.com\r\nBcc: b@example.com", "a\x00@example.com", "a b@example.com", "@", "a@", "a@b@c"):
        assert (await api.register(email)).code == "bad_message", email


@pytest.mark.both_databases
async def test_what_ran_out_is_forgotten(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    assert await api.services.accounts.forget_ended() == 0
    clock.advance(api.services.config.refresh_token_life_s)
    assert await api.services.accounts.forget_ended() == 1, "the session; the link went when it was used"


async def test_a_server_may_take_no_sign_ups(make_api: Make) -> None:
    api = await make_api(registration="closed", admin_email="root@example.com", admin_password=PASSWORD)
    await api.services.accounts.ensure_admin()
    known, new = await api.register("root@example.com"), await api.register("new@example.com")
    assert (known.status, known.code, known.body["detail"]) == (new.status, new.code, new.body["detail"])
    assert known.code == "forbidden"
    assert await api.mails("new@example.com") == []


@pytest.mark.parametrize("password", ["qwertyuiop", "Q1W2E3R4T5", "password123", "Ann@Example.com", "  Ann of Cleves "])
async def test_a_password_that_others_would_guess_is_refused(api: Api, password: str) -> None:
    wish = {"email": "ann@example.com", "password": password, "name": "Ann of Cleves"}
    assert (await api.post("/auth/register", wish)).code == "bad_message"
    assert (await api.post("/auth/register", {**wish, "password": password + " and more"})).status == 201


async def test_a_long_password_counts_to_its_last_character(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    longest = "x" * limits.PASSWORD_MAX_CHARS
    wish = {"email": "ann@example.com", "password": longest, "name": "Ann"}
    assert (await api.post("/auth/register", {**wish, "password": longest + "x"})).code == "bad_message"
    assert (await api.post("/auth/register", wish)).status == 201
    assert (await api.log_in(password=longest)).status == 200
    assert (await api.log_in(password=longest[:-1] + "y")).code == "unauthenticated"


@pytest.mark.both_databases
async def test_one_verification_link_opened_a_hundred_times_at_once_works_once(api: Api) -> None:
    await api.register()
    token = await api.mailed_token("ann@example.com")
    answers = await all_at_once(*(api.post("/auth/verify", {"token": token}) for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] + [404] * 99


async def test_who_signed_up_with_somebody_elses_address_before_them_stays_outside(
    make_api: Make, clock: ManualClock
) -> None:
    api = await make_api(require_verified_email=False)
    await api.post("/auth/register", {"email": "ann@example.com", "password": "eve's own password", "name": "Ann"})
    eve = api.signed_in((await api.log_in(password="eve's own password")).body["access_token"])
    first = await api.mailed_token("ann@example.com", "verify")
    clock.advance(limits.LINK_AGAIN_S)
    await api.register()
    token = await api.mailed_token("ann@example.com", "invite")
    clock.advance(limits.LINK_AGAIN_S)
    await api.post("/auth/verify/resend", {"email": "ann@example.com"})
    resent = await api.mailed_token("ann@example.com")

    for over in (first, token):
        assert (await api.post("/auth/verify", {"token": over})).code == "not_found"
    assert (await api.post("/auth/password/reset", {"token": resent, "password": PASSWORD})).status == 200
    assert (await eve.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in(password="eve's own password")).code == "unauthenticated"
    assert (await api.log_in()).status == 200


async def test_a_disabled_account_is_refused_like_a_wrong_password(api: Api) -> None:
    await api.given_user()
    wrong = await api.log_in(password="wrong horse battery")
    await api.services.database.write(update(user_account).values(disabled_at=api.services.clock.now()))
    disabled = await api.log_in()
    assert (disabled.status, disabled.body["detail"]) == (401, wrong.body["detail"])
    await api.services.database.write(update(user_account).values(verified_at=None))
    disabled = await api.log_in()
    assert (disabled.status, disabled.body["detail"]) == (401, wrong.body["detail"]), "not a word of its own either"


async def test_what_happens_at_the_door_is_written_down(api: Api) -> None:
    await api.sign_up()
    await api.log_in()
    await api.log_in(password="wrong horse battery")
    await api.log_in("nobody@example.com")
    assert [event.type for event in api.recorded] == [
        "account.registered", "account.verified", "login.succeeded", "login.failed", "login.failed",
    ]  # fmt: skip
    ann = api.recorded[0].actor
    assert [(event.actor, event.subject) for event in api.recorded[-2:]] == [(None, ann), (None, "")]
    assert all(event.origin.address and event.origin.request_id for event in api.recorded)


async def test_an_account_made_by_the_command_line_is_written_down(make_api: Make) -> None:
    api = await make_api(admin_email="root@example.com", admin_password=PASSWORD)
    await api.services.accounts.ensure_admin()
    await api.services.accounts.ensure_admin()
    assert [(event.type, event.actor) for event in api.recorded] == [("account.created", None), ("role.granted", None)]


async def test_nor_within_the_minute_in_which_no_second_mail_is_sent(api: Api) -> None:
    """The first mail, which verifies the stranger's password, could be taken for the answer to one's own sign-up."""
    await api.post("/auth/register", {"email": "ann@example.com", "password": "eve's own password", "name": "Ann"})
    first = await api.mailed_token("ann@example.com", "verify")
    await api.register()
    second = await api.mailed_token("ann@example.com", "invite")
    await api.register()
    assert await api.mailed_token("ann@example.com", "invite") == second, "no third mail within the minute"

    assert (await api.post("/auth/verify", {"token": first})).code == "not_found"
    assert (await api.post("/auth/password/reset", {"token": second, "password": PASSWORD})).status == 200
    assert (await api.log_in(password="eve's own password")).code == "unauthenticated"
