"""Many logins at once: how many passwords are looked at, and that answers do not tell who has an account."""

from collections import Counter

import pytest

from meetserver import limits
from meetserver.accounts.passwords import Passwords
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Busy
from tests.integration.http.conftest import PASSWORD, Answer, Api, all_at_once

pytestmark = pytest.mark.both_databases


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were looked at."""
    looked_at: list[str] = []
    check = Passwords.check

    async def noted(passwords: Passwords, password: str, kept: str | None) -> bool:
        looked_at.append(password)
        return await check(passwords, password, kept)

    monkeypatch.setattr(Passwords, "check", noted)
    return looked_at


def without_id(answer: Answer) -> tuple[int, object, str | None]:
    body = {name: value for name, value in answer.body.items() if name != "request_id"}
    return answer.status, body, answer.headers.get("Retry-After")


async def test_of_200_wrong_logins_at_once_no_more_are_looked_at_than_are_free(api: Api, checks: list[str]) -> None:
    await api.given_user()
    checks.clear()
    answers = await all_at_once(*(api.log_in(password=f"wrong password {n}") for n in range(200)))
    assert len(checks) <= limits.FREE_ATTEMPTS
    assert Counter(answer.status for answer in answers) == {
        401: limits.FREE_ATTEMPTS,
        429: 200 - limits.FREE_ATTEMPTS,
    }


async def test_the_right_password_among_them_is_not_looked_at_either(api: Api, checks: list[str]) -> None:
    await api.given_user()
    await all_at_once(*(api.log_in(password=f"wrong password {n}") for n in range(limits.FREE_ATTEMPTS)))
    checks.clear()
    answer = await api.log_in()
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert not checks


async def test_after_the_delay_the_owner_comes_in(api: Api, clock: ManualClock) -> None:
    await api.given_user()
    await all_at_once(*(api.log_in(password=f"wrong password {n}") for n in range(200)))
    clock.advance(limits.FIRST_DELAY_S)
    assert (await api.log_in(password=PASSWORD)).status == 200


async def test_answers_are_the_same_whether_or_not_there_is_an_account(api: Api) -> None:
    await api.given_user()
    answers: dict[str, list[object]] = {}
    for email in ("ann@example.com", "nobody@example.com"):
        answers[email] = [without_id(await api.log_in(email, "a wrong password")) for _ in range(10)]
    assert answers["ann@example.com"] == answers["nobody@example.com"]


async def test_what_is_recorded_is_bounded_and_tells_no_password(api: Api) -> None:
    await api.given_user()
    before = len(api.services.security_log.events)  # type: ignore[attr-defined]
    await all_at_once(*(api.log_in(password=f"wrong password {n}") for n in range(200)))
    events = api.services.security_log.events[before:]  # type: ignore[attr-defined]
    assert Counter(event.type for event in events) == {"login.failed": limits.FREE_ATTEMPTS, "login.delayed": 1}
    assert "wrong password" not in str(events)


async def test_nobodys_mailbox_is_filled_by_who_asks_again_and_again(api: Api) -> None:
    await api.given_user()
    for email in ("ann@example.com", "nobody@example.com"):
        asked = [await api.post("/auth/password/forgot", {"email": email}) for _ in range(limits.FREE_ATTEMPTS + 2)]
        assert [answer.status for answer in asked] == [200] * limits.FREE_ATTEMPTS + [429, 429]


async def test_a_log_that_cannot_keep_up_gives_no_free_tries(
    api: Api, checks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes a try back is that nothing was looked at."""
    await api.given_user()

    async def is_full(*_: object, **__: object) -> None:
        raise Busy("the security log does not keep up", retry_after_s=1)

    checks.clear()
    monkeypatch.setattr(api.services.security_log, "record", is_full)
    answers = [await api.log_in(password=f"wrong password {n}") for n in range(limits.FREE_ATTEMPTS * 2)]
    assert answers[-1].code == "rate_limited"
    assert len(checks) == limits.FREE_ATTEMPTS


async def test_the_owners_browser_is_not_kept_waiting_by_who_is_next_to_them(api: Api) -> None:
    """They share an address, and the browser was signed out."""
    await api.given_user()
    login = {"email": "ann@example.com", "password": PASSWORD, "cookie": True}
    assert (await api.post("/auth/login", login)).status == 200
    csrf = (await api.get("/auth/csrf")).body["csrf_token"]
    assert (await api.post("/auth/logout", headers={"X-CSRF-Token": csrf})).status == 204

    browser = [f"{cookie.key}={cookie.value}" for cookie in api.client.session.cookie_jar]
    api.client.session.cookie_jar.clear()
    wrong = [await api.log_in(password=f"wrong password {n}") for n in range(limits.FREE_ATTEMPTS + 1)]
    assert wrong[-1].code == "rate_limited"
    assert (await api.post("/auth/login", login)).code == "rate_limited"
    assert (await api.post("/auth/login", login, headers={"Cookie": "; ".join(browser)})).status == 200
