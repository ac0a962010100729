"""The second step of signing in: authenticator apps and recovery codes."""

from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.accounts.models import auth_session, recovery_code, totp
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.errors import Busy
from tests.integration.http.conftest import Answer, Api, Make, all_at_once


def code_of(secret: str, clock: ManualClock) -> str:
    return pyotp.TOTP(secret).at(clock.now())


async def given_app(ann: Api, clock: ManualClock) -> tuple[str, list[str]]:
    """An authenticator app: its secret, and the recovery codes that came with it. Its first code is used up."""
    begun = await ann.post("/users/me/factors/totp")
    assert begun.status == 201, begun
    secret = begun.body["secret"]
    answer = await ann.post("/users/me/factors/totp/confirm", {"totp": code_of(secret, clock)})
    assert answer.status == 200, answer
    clock.advance(limits.TOTP_STEP_S)
    return secret, answer.body["recovery_codes"]


async def challenged(api: Api) -> dict[str, Any]:
    answer = await api.log_in()
    assert answer.status == 200, answer
    assert set(answer.body) == {"token", "methods", "expires_in", "passkey"}
    return dict(answer.body)


async def answered(api: Api, token: str, **answer: Any) -> Answer:
    return await api.post("/auth/login/factor", {"token": token, **answer})


def events(api: Api) -> list[str]:
    log = api.services.security_log
    assert isinstance(log, MemorySecurityLog)
    return list(log.types())


async def test_who_has_an_app_is_asked_for_its_code_after_the_password(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    challenge = await challenged(api)
    assert (challenge["methods"], challenge["expires_in"]) == (["totp", "recovery_code"], 300)

    tokens = await answered(api, challenge["token"], totp=code_of(secret, clock))
    assert (await api.signed_in(tokens.body["access_token"]).get("/users/me")).body["name"] == "Ann"
    rows = await api.services.database.fetch(select(auth_session.c.methods))
    assert ["password", "totp"] in [row.methods for row in rows]
    assert "factor.added" in events(api)


async def test_a_page_gets_its_cookie_after_the_second_step_only(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    first = await api.post(
        "/auth/login", {"email": "ann@example.com", "password": "correct horse battery", "cookie": True}
    )
    assert "Set-Cookie" not in first.headers
    second = await answered(api, first.body["token"], totp=code_of(secret, clock), cookie=True)
    assert second.body["user"]["name"] == "Ann"
    assert "Set-Cookie" in second.headers


async def test_an_app_that_was_not_confirmed_is_not_asked_for(api: Api) -> None:
    ann = await api.given_user()
    begun = (await ann.post("/users/me/factors/totp")).body
    assert begun["qr"].startswith("data:image/svg+xml")
    assert begun["secret"] in begun["uri"]
    assert "access_token" in (await api.log_in()).body
    assert (await ann.get("/users/me/factors")).body == {"totp": False, "recovery_codes": 0, "passkeys": []}


async def test_an_app_is_confirmed_by_a_right_code_of_its_newest_secret(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    assert (await ann.post("/users/me/factors/totp/confirm", {"totp": "123456"})).code == "conflict"
    old = (await ann.post("/users/me/factors/totp")).body["secret"]
    new = (await ann.post("/users/me/factors/totp")).body["secret"]
    wrong = await ann.post("/users/me/factors/totp/confirm", {"totp": code_of(old, clock)})
    assert wrong.code == "forbidden"
    right = await ann.post("/users/me/factors/totp/confirm", {"totp": code_of(new, clock)})
    assert len(right.body["recovery_codes"]) == limits.RECOVERY_CODES
    assert (await ann.post("/users/me/factors/totp")).code == "conflict"


@pytest.mark.both_databases
async def test_a_code_is_taken_once(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    code = code_of(secret, clock)
    assert (await answered(api, (await challenged(api))["token"], totp=code)).status == 200
    assert (await answered(api, (await challenged(api))["token"], totp=code)).code == "unauthenticated"
    assert events(api)[-1] == "login.factor_failed"


async def test_the_code_that_confirmed_the_app_does_not_sign_in(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret = (await ann.post("/users/me/factors/totp")).body["secret"]
    code = code_of(secret, clock)
    await ann.post("/users/me/factors/totp/confirm", {"totp": code})
    assert (await answered(api, (await challenged(api))["token"], totp=code)).code == "unauthenticated"


@pytest.mark.both_databases
async def test_a_challenge_is_answered_once(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    _, codes = await given_app(ann, clock)
    token = (await challenged(api))["token"]
    assert (await answered(api, token, recovery_code=codes[0])).status == 200
    assert (await answered(api, token, recovery_code=codes[1])).code == "unauthenticated"
    # What comes after that is not even looked at, and the second code was not used up.
    assert (await answered(api, token, totp="000000")).code == "unauthenticated"
    assert "login.factor_failed" not in events(api)
    assert (await ann.get("/users/me/factors")).body["recovery_codes"] == limits.RECOVERY_CODES - 1


async def test_a_challenge_has_few_tries(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    for tries, end in ((limits.CHALLENGE_ATTEMPTS - 1, 200), (limits.CHALLENGE_ATTEMPTS, 401)):
        token = (await challenged(api))["token"]
        for _ in range(tries):
            assert (await answered(api, token, totp="000000")).code == "unauthenticated"
        clock.advance(limits.TOTP_STEP_S)  # longer than the delay after so many failures
        assert (await answered(api, token, totp=code_of(secret, clock))).status == end


async def test_a_challenge_is_short_lived(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    token, late = (await challenged(api))["token"], (await challenged(api))["token"]
    clock.advance(limits.CHALLENGE_LIFE_S - 1)
    assert (await answered(api, token, totp=code_of(secret, clock))).status == 200
    clock.advance(limits.TOTP_STEP_S)
    assert (await answered(api, late, totp=code_of(secret, clock))).code == "unauthenticated"
    assert await api.services.factors.forget_expired() == 2


@pytest.mark.parametrize("how", ["totp", "recovery_code"])
@pytest.mark.both_databases
async def test_of_a_hundred_answers_at_once_one_succeeds(api: Api, clock: ManualClock, how: str) -> None:
    ann = await api.given_user()
    secret, codes = await given_app(ann, clock)
    answer = {how: code_of(secret, clock) if how == "totp" else codes[0]}
    token = (await challenged(api))["token"]
    answers = await all_at_once(*(answered(api, token, **answer) for _ in range(100)))
    assert [one.status for one in answers].count(200) == 1
    assert {one.status for one in answers} <= {200, 401, 429}


@pytest.mark.parametrize("how", ["totp", "recovery_code"])
@pytest.mark.both_databases
async def test_one_code_for_many_challenges_at_once_signs_in_once(api: Api, clock: ManualClock, how: str) -> None:
    ann = await api.given_user()
    secret, codes = await given_app(ann, clock)
    answer = {how: code_of(secret, clock) if how == "totp" else codes[0]}
    tokens = [(await challenged(api))["token"] for _ in range(8)]
    answers = await all_at_once(*(answered(api, token, **answer) for token in tokens))
    assert [one.status for one in answers].count(200) == 1


@pytest.mark.both_databases
async def test_many_challenges_give_no_more_tries(api: Api, clock: ManualClock) -> None:
    """Who knows the password cannot go on guessing codes by signing in again and again."""
    ann = await api.given_user()
    await given_app(ann, clock)
    tokens = [(await challenged(api))["token"] for _ in range(10)]
    tries = [answered(api, token, totp=f"{n:06}") for n, token in enumerate(tokens * limits.CHALLENGE_ATTEMPTS)]
    looked_at = [one for one in await all_at_once(*tries) if one.status == 401]
    assert 0 < len(looked_at) <= limits.FREE_ATTEMPTS


async def test_recovery_codes_are_used_up_one_by_one(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    _, codes = await given_app(ann, clock)
    typed = codes[0].upper().replace("-", " ")
    assert (await answered(api, (await challenged(api))["token"], recovery_code=typed)).status == 200
    assert (await answered(api, (await challenged(api))["token"], recovery_code=codes[0])).status == 401
    assert (await ann.get("/users/me/factors")).body["recovery_codes"] == limits.RECOVERY_CODES - 1
    assert "A recovery code was used" in (await api.mails("ann@example.com"))[-1].text
    assert "recovery_code.used" in events(api)


async def test_new_recovery_codes_replace_the_old_ones(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    assert (await ann.post("/users/me/factors/recovery-codes")).code == "conflict"
    _, old = await given_app(ann, clock)
    new = (await ann.post("/users/me/factors/recovery-codes")).body["recovery_codes"]
    assert len(new) == limits.RECOVERY_CODES
    assert (await answered(api, (await challenged(api))["token"], recovery_code=old[0])).status == 401
    assert (await answered(api, (await challenged(api))["token"], recovery_code=new[0])).status == 200


async def test_without_the_app_the_password_is_enough_again(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    await given_app(ann, clock)
    assert (await ann.delete("/users/me/factors/totp")).status == 204
    assert (await ann.delete("/users/me/factors/totp")).code == "not_found"
    assert (await ann.get("/users/me/factors")).body == {"totp": False, "recovery_codes": 0, "passkeys": []}
    assert "access_token" in (await api.log_in()).body
    assert "factor.removed" in events(api)


async def test_each_change_is_told_by_mail(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    before = len(await api.mails("ann@example.com"))
    await given_app(ann, clock)
    await ann.post("/users/me/factors/recovery-codes")
    await ann.delete("/users/me/factors/totp")
    told = [mail.text for mail in await api.mails("ann@example.com")][before:]
    assert len(told) == 3
    for change in ("was added", "recovery codes", "taken away"):  # in no order, as all were at one time
        assert sum(change in text for text in told) == 1, (change, told)


async def test_nothing_that_could_be_used_stands_in_the_database(make_api: Make, clock: ManualClock) -> None:
    api = await make_api()
    ann = await api.given_user()
    secret, codes = await given_app(ann, clock)
    [row] = await api.services.database.fetch(select(totp))
    [user] = [row.user_id]
    assert api.services.keys.unseal(row.secret, f"totp {user}") == secret.encode()
    hashes = [row.code_hash for row in await api.services.database.fetch(select(recovery_code))]
    assert not {code.replace("-", "").encode() for code in codes} & set(hashes)
    assert all(len(one) == 32 for one in hashes)


async def test_an_answer_is_one_answer(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, codes = await given_app(ann, clock)
    token = (await challenged(api))["token"]
    both = await answered(api, token, totp=code_of(secret, clock), recovery_code=codes[0])
    none = await answered(api, token)
    assert both.code == none.code == "bad_message"
    assert (await answered(api, token, totp="12345")).code == "bad_message"


async def test_an_old_session_confirms_first(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    refresh_token = (await api.log_in()).body["refresh_token"]
    clock.advance(limits.CONFIRM_LIFE_S + 1)
    ann = api.signed_in((await api.post("/auth/refresh", {"refresh_token": refresh_token})).body["access_token"])
    changes = [
        ann.post("/users/me/factors/totp"),
        ann.post("/users/me/factors/totp/confirm", {"totp": "123456"}),
        ann.delete("/users/me/factors/totp"),
        ann.post("/users/me/factors/recovery-codes"),
        ann.post("/users/me/passkey-options"),
        ann.patch("/users/me/passkeys/aaaaaaaaaaaaaaaaaaaa", {"name": "Key"}),
        ann.delete("/users/me/passkeys/aaaaaaaaaaaaaaaaaaaa"),
    ]
    assert {answer.code for answer in await all_at_once(*changes)} == {"confirm_first"}
    assert (await ann.get("/users/me/factors")).status == 200


async def test_a_factor_confirms_that_it_is_still_them(make_api: Make, clock: ManualClock) -> None:
    api = await make_api(access_token_life_s=3600)
    ann = await api.given_user()
    secret, codes = await given_app(ann, clock)
    for how in ("totp", "recovery_code"):
        clock.advance(limits.CONFIRM_LIFE_S)
        assert (await ann.post("/users/me/factors/recovery-codes")).code == "confirm_first"
        answer = {how: code_of(secret, clock) if how == "totp" else codes[0]}
        assert (await ann.post("/auth/confirm", answer)).status == 200
        assert (await ann.post("/users/me/factors/totp")).code == "conflict"
        assert (await ann.post("/auth/confirm", answer)).code == "forbidden"  # used up


async def test_a_changed_password_ends_a_sign_in_that_the_old_one_began(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    begun_before = await challenged(api)
    assert (await ann.post("/users/me/password", {"new_password": "another horse, another staple"})).status == 200
    assert (await answered(api, begun_before["token"], totp=code_of(secret, clock))).code == "unauthenticated"


async def test_a_reset_password_does_not_go_round_the_second_factor(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    secret, _ = await given_app(ann, clock)
    begun_before = await challenged(api)
    await api.post("/auth/password/forgot", {"email": "ann@example.com"})
    token, password = await api.mailed_token("ann@example.com", "reset"), "another horse, another staple"
    assert (await api.post("/auth/password/reset", {"token": token, "password": password})).status == 200

    challenge = (await api.log_in(password=password)).body
    assert challenge["methods"] == ["totp", "recovery_code"]
    # The old password's challenge went with it.
    assert (await answered(api, begun_before["token"], totp=code_of(secret, clock))).code == "unauthenticated"
    assert (await answered(api, challenge["token"], totp=code_of(secret, clock))).status == 200


@pytest.mark.both_databases
async def test_an_app_begun_many_times_at_once_is_one(api: Api) -> None:
    ann = await api.given_user()
    answers = await all_at_once(*(ann.post("/users/me/factors/totp") for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert len(await api.services.database.fetch(select(totp))) == 1


async def test_a_log_that_cannot_keep_up_gives_no_free_tries_of_codes(
    api: Api, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given_app(await api.given_user(), clock)
    tokens = [(await challenged(api))["token"] for _ in range(limits.FREE_ATTEMPTS + 1)]

    async def is_full(*_: object, **__: object) -> None:
        raise Busy("the security log does not keep up", retry_after_s=1)

    monkeypatch.setattr(api.services.security_log, "record", is_full)
    answers = [await answered(api, token, totp="000000") for token in tokens]
    assert answers[-1].code == "rate_limited"
