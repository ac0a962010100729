"""Passkeys: added, named and taken away; as a second factor, and instead of a password."""

from typing import Any

import pytest
from sqlalchemy import select, update

from meetserver import limits
from meetserver.accounts.models import auth_session, passkey, user_account
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from tests.authenticator import Authenticator
from tests.integration.http.conftest import Answer, Api, Make, all_at_once

URL = "https://meet.example"


@pytest.fixture
async def api(make_api: Make) -> Api:
    return await make_api(public_url=URL)


def given_device(**changes: Any) -> Authenticator:
    return Authenticator(URL, "meet.example").but(**changes)


async def added(ann: Api, device: Authenticator, name: str = "Phone") -> Answer:
    begun = (await ann.post("/users/me/passkey-options")).body
    answer = device.create(begun["options"])
    return await ann.post("/users/me/passkeys", {"token": begun["token"], "name": name, "passkey": answer})


async def given_passkey(ann: Api, **changes: Any) -> tuple[Authenticator, Answer]:
    """A device that holds a passkey of this account."""
    device = given_device(**changes)
    answer = await added(ann, device)
    assert answer.status == 201, answer
    me = (await ann.get("/users/me")).body
    return device.known_to(me["id"]), answer


async def by_passkey(api: Api, device: Authenticator, count: int = 0, **more: Any) -> Answer:
    """Sign in without a password."""
    begun = (await api.post("/auth/passkey/options")).body
    answer = device.get(begun["options"], count)
    return await api.post("/auth/passkey", {"token": begun["token"], "passkey": answer, **more})


async def as_second_factor(api: Api, device: Authenticator, count: int = 0) -> Answer:
    challenge = (await api.log_in()).body
    answer = device.get(challenge["passkey"], count)
    return await api.post("/auth/login/factor", {"token": challenge["token"], "passkey": answer})


def last_event(api: Api) -> str:
    log = api.services.security_log
    assert isinstance(log, MemorySecurityLog)
    return log.types()[-1]


async def test_a_passkey_signs_in_without_a_password(api: Api) -> None:
    ann = await api.given_user()
    device, answer = await given_passkey(ann)
    assert len(answer.body["recovery_codes"]) == limits.RECOVERY_CODES
    tokens = await by_passkey(api, device)
    assert (await api.signed_in(tokens.body["access_token"]).get("/users/me")).body["name"] == "Ann"
    rows = await api.services.database.fetch(select(auth_session.c.methods))
    assert ["passkey"] in [row.methods for row in rows]
    page = await by_passkey(api, device, cookie=True)
    assert "Set-Cookie" in page.headers


async def test_a_passkey_is_asked_for_after_the_password(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    challenge = (await api.log_in()).body
    assert challenge["methods"] == ["passkey", "recovery_code"]
    assert len(challenge["passkey"]["allowCredentials"]) == 1
    assert (await as_second_factor(api, device)).status == 200


async def test_one_that_does_not_verify_its_owner_is_a_second_factor_only(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann, verifies=False)
    assert (await as_second_factor(api, device)).status == 200
    assert (await by_passkey(api, device)).code == "unauthenticated"


async def test_only_the_accounts_own_passkey_answers_its_challenge(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    await given_passkey(ann)
    bens, _ = await given_passkey(ben)
    assert (await as_second_factor(api, bens)).code == "unauthenticated"
    assert last_event(api) == "login.factor_failed"


async def test_a_passkey_says_whose_it_is(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    device, _ = await given_passkey(ann)
    bens_id = (await ben.get("/users/me")).body["id"]
    assert (await by_passkey(api, device.known_to(bens_id))).code == "unauthenticated"
    assert (await by_passkey(api, device.but(user_handle=None))).code == "unauthenticated"
    assert (await by_passkey(api, given_device().known_to(bens_id))).code == "unauthenticated"


@pytest.mark.parametrize(
    "changes",
    [{"origin": "https://meet.example.evil"}, {"origin": "http://meet.example"}, {"host": "evil"}],
    ids=["origin", "scheme", "host"],
)
async def test_another_sites_page_gets_nowhere(api: Api, changes: dict[str, Any]) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    assert (await by_passkey(api, device.but(**changes))).code == "unauthenticated"
    assert (await as_second_factor(api, device.but(**changes))).code == "unauthenticated"
    assert (await added(ann, given_device(**changes))).code == "bad_message"


async def test_without_a_public_url_it_is_the_host_that_the_browser_asked_for(make_api: Make) -> None:
    api = await make_api()
    ann = await api.given_user()
    port = api.client.port
    begun = (await ann.post("/users/me/passkey-options", headers={"Host": f"localhost:{port}"})).body
    assert begun["options"]["rp"]["id"] == "localhost"
    for origin, status in ((f"http://localhost:{port}", 201), ("http://localhost", 400)):
        device = Authenticator(origin, "localhost")
        begun = (await ann.post("/users/me/passkey-options", headers={"Host": f"localhost:{port}"})).body
        body = {"token": begun["token"], "name": "Phone", "passkey": device.create(begun["options"])}
        assert (await ann.post("/users/me/passkeys", body, headers={"Host": f"localhost:{port}"})).status == status


async def test_a_counter_that_does_not_rise_tells_of_a_copy(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    assert (await by_passkey(api, device, count=0)).status == 200
    assert (await by_passkey(api, device, count=7)).status == 200
    for count in (7, 6, 0):
        assert (await by_passkey(api, device, count=count)).code == "unauthenticated"
    assert (await by_passkey(api, device, count=8)).status == 200


async def test_an_answer_signs_in_once(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    begun = (await api.post("/auth/passkey/options")).body
    body = {"token": begun["token"], "passkey": device.get(begun["options"])}
    answers = await all_at_once(*(api.post("/auth/passkey", body) for _ in range(100)))
    assert [one.status for one in answers].count(200) == 1
    assert {one.status for one in answers} <= {200, 401, 429}


async def test_challenges_are_for_what_they_were_made_for(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    to_add = (await ann.post("/users/me/passkey-options")).body
    to_confirm = (await ann.post("/auth/confirm/passkey")).body
    after_password = (await api.log_in()).body
    for token, options in (
        (to_add["token"], to_add["options"]),
        (to_confirm["token"], to_confirm["options"]),
        (after_password["token"], after_password["passkey"]),
    ):
        answer = await api.post("/auth/passkey", {"token": token, "passkey": device.get(options)})
        assert answer.code == "unauthenticated"
    anybodys = (await api.post("/auth/passkey/options")).body
    to_confirm = (await ann.post("/auth/confirm/passkey")).body
    for asked in (anybodys, to_confirm, to_add):
        body = {"token": asked["token"], "passkey": device.get(asked["options"])}
        assert (await api.post("/auth/login/factor", body)).code == "unauthenticated"


async def test_a_passkey_is_added_by_who_asked_for_it(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    begun = (await ann.post("/users/me/passkey-options")).body
    body = {"token": begun["token"], "name": "Phone", "passkey": given_device().create(begun["options"])}
    assert (await ben.post("/users/me/passkeys", body)).code == "forbidden"
    assert (await ben.get("/users/me/factors")).body["passkeys"] == []


async def test_a_passkey_is_added_once(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    device, _ = await given_passkey(ann)
    assert (await added(ann, device)).code == "conflict"
    assert (await added(ben, device)).code == "conflict"


async def test_an_account_has_so_many_passkeys_and_no_more(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    for _ in range(limits.PASSKEYS):
        await given_passkey(ann)
    assert (await added(ann, given_device())).code == "conflict"


async def test_passkeys_are_listed_renamed_and_taken_away(api: Api) -> None:
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    device, answer = await given_passkey(ann)
    path = f"/users/me/passkeys/{answer.body['passkey']['id']}"
    assert (await ann.patch(path, {"name": "Laptop"})).body["name"] == "Laptop"
    await by_passkey(api, device)
    [listed] = (await ann.get("/users/me/factors")).body["passkeys"]
    assert (listed["name"], listed["last_used_at"] is not None) == ("Laptop", True)

    assert (await ben.patch(path, {"name": "Mine"})).code == "not_found"
    assert (await ben.delete(path)).code == "not_found"
    assert (await ann.get("/users/me/factors")).body["passkeys"] == [listed]
    assert (await ann.delete(path)).status == 204
    assert (await ann.get("/users/me/factors")).body == {"totp": False, "recovery_codes": 0, "passkeys": []}
    assert (await by_passkey(api, device)).code == "unauthenticated"
    assert "access_token" in (await api.log_in()).body


async def test_the_last_way_to_sign_in_stays(api: Api) -> None:
    ann = await api.given_user()
    _, first = await given_passkey(ann)
    _, second = await given_passkey(ann)
    await api.services.database.write(update(user_account).values(password_hash=None))
    paths = [f"/users/me/passkeys/{one.body['passkey']['id']}" for one in (first, second)]
    statuses = sorted(answer.status for answer in await all_at_once(*(ann.delete(path) for path in paths)))
    assert statuses == [204, 409]
    assert len(await api.services.database.fetch(select(passkey))) == 1


@pytest.mark.parametrize("field", ["clientDataJSON", "attestationObject"])
async def test_what_no_browser_sends_is_refused(api: Api, field: str) -> None:
    ann = await api.given_user()
    for text in ("A", "AAAA", "A" * limits.WEBAUTHN_FIELD_CHARS, "A" * (limits.WEBAUTHN_FIELD_CHARS + 1)):
        begun = (await ann.post("/users/me/passkey-options")).body
        answer = given_device().create(begun["options"])
        answer["response"][field] = text
        body = {"token": begun["token"], "name": "Phone", "passkey": answer}
        refused = await ann.post("/users/me/passkeys", body)
        assert refused.code == "bad_message"
        is_too_long = len(text) > limits.WEBAUTHN_FIELD_CHARS
        assert ("of length <=" in refused.body["detail"]) is is_too_long


async def test_a_passkey_does_not_go_round_the_verified_address(api: Api) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    await api.services.database.write(update(user_account).values(verified_at=None))
    assert (await by_passkey(api, device)).code == "forbidden"


async def test_who_is_disabled_does_not_get_in_by_a_passkey(api: Api, clock: ManualClock) -> None:
    ann = await api.given_user()
    device, _ = await given_passkey(ann)
    await api.services.database.write(update(user_account).values(disabled_at=clock.now()))
    assert (await by_passkey(api, device)).code == "unauthenticated"


async def test_a_passkey_confirms_that_it_is_still_them(make_api: Make, clock: ManualClock) -> None:
    api = await make_api(public_url=URL, access_token_life_s=3600)
    ann, ben = await api.given_user(), await api.given_user("ben@example.com", "Ben")
    device, _ = await given_passkey(ann)
    bens, _ = await given_passkey(ben)
    clock.advance(limits.CONFIRM_LIFE_S)
    assert (await ann.post("/users/me/passkey-options")).code == "confirm_first"

    anns, bens_own = (await ann.post("/auth/confirm/passkey")).body, (await ben.post("/auth/confirm/passkey")).body
    for asked, by in ((anns, bens), (bens_own, device), (bens_own, bens)):
        body = {"token": asked["token"], "passkey": by.get(asked["options"])}
        assert (await ann.post("/auth/confirm", body)).code == "forbidden"
    body = {"token": anns["token"], "passkey": device.get(anns["options"])}
    assert (await ann.post("/auth/confirm", body)).status == 200
    assert (await ann.post("/users/me/passkey-options")).status == 200
    assert (await ann.post("/auth/confirm", body)).code == "forbidden"
