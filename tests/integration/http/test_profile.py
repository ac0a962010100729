"""What people change about themselves, and how they show that it is still them."""

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make, all_at_once

OLD, NEW = "ann@example.com", "ann@example.org"


async def test_name_and_time_zone_change(api: Api) -> None:
    ann = await api.given_user()
    before = await ann.get("/users/me")
    assert before.body["timezone"] is None
    changed = await ann.patch("/users/me", {"name": "Zoe\u0301", "timezone": "Europe/Berlin"})
    assert (changed.body["name"], changed.body["timezone"]) == ("Zo\u00e9", "Europe/Berlin")
    after = await ann.get("/users/me")
    assert after.body == changed.body
    assert after.headers["ETag"] == changed.headers["ETag"] != before.headers["ETag"]
    assert (await ann.patch("/users/me", {"timezone": None})).body["timezone"] is None
    assert [event.data["fields"] for event in api.recorded[-2:]] == ["name,timezone", "timezone"]


async def test_a_change_of_what_was_not_seen_is_refused(api: Api) -> None:
    ann = await api.given_user()
    seen = (await ann.get("/users/me")).headers["ETag"]
    assert (await ann.patch("/users/me", {"name": "Anna"}, headers={"If-Match": seen})).status == 200
    late = await ann.patch("/users/me", {"name": "Annabel"}, headers={"If-Match": seen})
    assert (late.status, (await ann.get("/users/me")).body["name"]) == (412, "Anna")


@pytest.mark.parametrize(
    "patch",
    [
        {"name": "A\r\nBcc: b@example.com"},
        {"name": ""},
        {"name": None},
        {"timezone": "Mars/Base"},
        {"timezone": "x" * (limits.TIMEZONE_CHARS + 1)},
        {"timezone": "Europe/Berlin\r\n"},
        {"email": NEW},
        {"roles": ["admin"]},
        {"verified": True},
    ],
)
async def test_what_cannot_be_said_of_oneself_is_refused(api: Api, patch: dict[str, object]) -> None:
    ann = await api.given_user()
    assert (await ann.patch("/users/me", patch)).code == "bad_message"


# --- that it is still them


async def test_confirming_by_password_holds_for_some_minutes(make_api: Make, clock: ManualClock) -> None:
    api = await make_api(access_token_life_s=3600)
    ann = await api.given_user()
    clock.advance(limits.CONFIRM_LIFE_S)
    assert (await ask(ann)).code == "confirm_first"
    assert (await ann.post("/auth/confirm", {"password": "wrong horse battery"})).code == "forbidden"
    assert (await ask(ann)).code == "confirm_first"
    assert (await ann.post("/auth/confirm", {"password": PASSWORD})).status == 200
    assert api.recorded[-1].type == "session.confirmed"
    clock.advance(limits.CONFIRM_LIFE_S - 1)
    assert (await ask(ann)).status == 200
    clock.advance(1)
    assert (await ask(ann)).code == "confirm_first"


@pytest.mark.parametrize("answer", [{}, {"password": PASSWORD, "totp": "123456"}])
async def test_one_answer_is_needed(api: Api, answer: dict[str, str]) -> None:
    ann = await api.given_user()
    assert (await ann.post("/auth/confirm", answer)).code == "bad_message"


async def test_wrong_confirmations_are_slowed_down(api: Api) -> None:
    ann = await api.given_user()
    wrong = {"password": "wrong horse battery"}
    answers = await all_at_once(*(ann.post("/auth/confirm", wrong) for _ in range(20)))
    assert [answer.code for answer in answers].count("forbidden") <= limits.FREE_ATTEMPTS
    assert (await ann.post("/users/me/password", {"new_password": "a" * 20, "current_password": PASSWORD})).code == (
        "rate_limited"
    )


# --- the address


async def ask(ann: Api, email: str = NEW) -> Answer:
    return await ann.post("/users/me/email", {"email": email})


async def open_link(api: Api, address: str) -> Answer:
    return await api.post("/auth/email/confirm", {"token": await api.mailed_token(address, "email")})


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
async def test_the_address_changes_when_both_links_were_opened(api: Api, order: tuple[str, str]) -> None:
    ann = await api.given_user()
    assert (await ask(ann)).body == {"state": "waiting"}
    assert (await open_link(api, order[0])).body == {"state": "waiting"}
    assert (await open_link(api, order[0])).code == "not_found", "once"
    assert (await ann.get("/users/me")).body["email"] == OLD
    assert (await open_link(api, order[1])).body == {"state": "changed"}

    assert (await ann.get("/users/me")).body["email"] == NEW
    assert (await api.log_in(OLD)).code == "unauthenticated"
    assert (await api.log_in(NEW)).status == 200
    for address in (OLD, NEW):
        assert "Your e-mail address was changed" in [mail.subject for mail in await api.mails(address)]
    assert "account.email_changed" in [event.type for event in api.recorded]


@pytest.mark.both_databases
async def test_both_links_at_once_change_the_address_once(api: Api) -> None:
    ann = await api.given_user()
    await ask(ann)
    tokens = [await api.mailed_token(address, "email") for address in (OLD, NEW)]
    answers = await all_at_once(*(api.post("/auth/email/confirm", {"token": token}) for token in tokens * 20))
    assert sorted(answer.status for answer in answers) == [200] * 2 + [404] * 38
    assert (await ann.get("/users/me")).body["email"] == NEW
    assert [event.type for event in api.recorded].count("account.email_changed") == 1


async def test_links_of_an_earlier_wish_and_old_links_are_worth_nothing(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    await ask(ann, "first@example.org")
    first = await api.mailed_token("first@example.org", "email")
    await ask(ann)
    assert (await api.post("/auth/email/confirm", {"token": first})).code == "not_found"
    await open_link(api, NEW)
    clock.advance(limits.EMAIL_CHANGE_LIFE_S)
    token = await api.mailed_token(OLD, "email")
    assert (await api.post("/auth/email/confirm", {"token": token})).code == "not_found"


async def test_a_reset_stops_a_change_that_is_under_way(api: Api) -> None:
    ann = await api.given_user()
    await ask(ann)
    await api.post("/auth/password/forgot", {"email": OLD})
    token = await api.mailed_token(OLD, "reset")
    await api.post("/auth/password/reset", {"token": token, "password": "another horse, another stable"})
    assert (await open_link(api, NEW)).code == "not_found"


async def test_links_to_the_old_address_work_no_more_after_the_change(api: Api) -> None:
    ann = await api.given_user()
    await api.post("/auth/password/forgot", {"email": OLD})
    token = await api.mailed_token(OLD, "reset")
    await ask(ann)
    await open_link(api, OLD)
    await open_link(api, NEW)
    answer = await api.post("/auth/password/reset", {"token": token, "password": "another horse, another stable"})
    assert answer.code == "not_found"


async def test_an_address_that_has_an_account_is_not_told_and_not_taken(api: Api) -> None:
    await api.given_user(NEW, "Bob")
    ann = await api.given_user()
    assert (await ask(ann)).body == (await ask(ann, "free@example.org")).body
    await ask(ann)
    assert (await open_link(api, OLD)).body == {"state": "waiting"}
    assert (await ann.get("/users/me")).body["email"] == OLD
    assert "You have an account already" in [mail.subject for mail in await api.mails(NEW)]


@pytest.mark.both_databases
async def test_an_address_that_was_taken_meanwhile_is_a_conflict(api: Api) -> None:
    ann = await api.given_user()
    await ask(ann)
    await open_link(api, OLD)
    await api.register(NEW, "Bob")
    assert (await open_link(api, NEW)).code == "conflict"
    assert (await ann.get("/users/me")).body["email"] == OLD


async def test_an_address_that_was_never_verified_is_not_asked(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    await api.register()
    ann = api.signed_in((await api.log_in()).body["access_token"])
    await ask(ann)
    assert (await open_link(api, NEW)).body == {"state": "changed"}
    assert (await ann.get("/users/me")).body["verified"]


async def test_only_another_address_can_be_asked_for(api: Api) -> None:
    ann = await api.given_user()
    assert (await ask(ann, OLD)).code == "bad_message"
    for email in ("b@example.com\r\nBcc: c@example.com", "b@", "@"):
        assert (await ask(ann, email)).code == "bad_message"
    assert (await ask(ann, "Ann@example.com")).status == 200


async def test_nobody_has_mails_sent_to_others_as_fast_as_they_like(make_api: Make) -> None:
    api = await make_api(rate_factor=0.1)
    ann = await api.given_user()
    wishes = [await ann.post("/users/me/email", {"email": f"victim{n}@example.com"}) for n in range(4)]
    assert [answer.status for answer in wishes] == [200, 200, 200, 429]
