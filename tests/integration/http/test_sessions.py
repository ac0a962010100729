"""Devices that are signed in, the keys of their tokens, and how both are ended."""

import jwt
import pytest
from jwt import PyJWKSet

from meetserver import limits
from meetserver.accounts.tokens import AUDIENCE, ISSUER
from meetserver.adapters.memory.clock import ManualClock
from tests.integration.http.conftest import PASSWORD, Api, Make, all_at_once

LOGIN = {"email": "ann@example.com", "password": PASSWORD}


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


async def another_device(api: Api) -> Api:
    return api.signed_in((await api.log_in()).body["access_token"])


async def test_devices_are_listed_with_what_they_are(api: Api, ann: Api, clock: ManualClock) -> None:
    clock.advance(60)
    phone = await api.post("/auth/login", LOGIN, headers={"User-Agent": "Phone/1"})
    answer = await ann.get("/auth/sessions")
    newest, oldest = answer.body["items"]
    assert (newest["user_agent"], newest["kind"], newest["current"]) == ("Phone/1", "token", False)
    assert (newest["address"], newest["methods"]) == ("127.0.0.1", ["password"])
    assert oldest["current"]
    assert phone.body["refresh_token"].partition(".")[2] not in str(answer.body)


async def test_a_device_is_signed_out_at_once(api: Api, ann: Api) -> None:
    phone = await another_device(api)
    [id_] = [one["id"] for one in (await phone.get("/auth/sessions")).body["items"] if one["current"]]
    assert (await ann.delete(f"/auth/sessions/{id_}")).status == 204
    assert (await phone.get("/users/me")).code == "unauthenticated"
    assert (await ann.get("/users/me")).status == 200
    assert (await ann.delete(f"/auth/sessions/{id_}")).code == "not_found", "it has ended"
    assert [one.subject for one in api.recorded if one.type == "session.revoked"] == [id_]


async def test_another_users_session_is_not_there(api: Api, ann: Api) -> None:
    ben = await api.given_user("ben@example.com", "Ben")
    [bens] = (await ben.get("/auth/sessions")).body["items"]
    foreign, absent = await ann.delete(f"/auth/sessions/{bens['id']}"), await ann.delete("/auth/sessions/nowhere")
    assert (foreign.status, foreign.body["detail"]) == (absent.status, absent.body["detail"])
    assert foreign.code == "not_found"
    assert (await ben.get("/users/me")).status == 200


async def test_all_other_devices_are_signed_out(api: Api, ann: Api) -> None:
    others = [await another_device(api) for _ in range(3)]
    page = await api.post("/auth/login", {**LOGIN, "cookie": True})
    assert page.status == 200
    assert (await ann.delete("/auth/sessions")).body == {"count": 4}
    assert {(await other.get("/users/me")).status for other in others} == {401}
    assert len((await ann.get("/auth/sessions")).body["items"]) == 1
    assert [one.data for one in api.recorded if one.type == "sessions.revoked"] == [{"count": 4}]


async def test_a_page_that_signs_itself_out_loses_its_cookie(api: Api, ann: Api) -> None:
    page = await api.post("/auth/login", {**LOGIN, "cookie": True})
    [id_] = [one["id"] for one in (await api.get("/auth/sessions")).body["items"] if one["current"]]
    answer = await api.delete(f"/auth/sessions/{id_}", headers={"X-CSRF-Token": page.body["csrf_token"]})
    assert answer.status == 204
    assert 'meet=""' in answer.headers["Set-Cookie"]


async def test_an_expired_session_is_none(api: Api, ann: Api, clock: ManualClock) -> None:
    clock.advance(api.services.config.refresh_token_life_s)
    fresh = await another_device(api)
    assert len((await fresh.get("/auth/sessions")).body["items"]) == 1


@pytest.mark.both_databases
async def test_a_hundred_uses_of_one_refresh_token_have_one_successor(api: Api, ann: Api) -> None:
    first = (await api.log_in()).body["refresh_token"]
    answers = await all_at_once(*(api.post("/auth/refresh", {"refresh_token": first}) for _ in range(100)))
    assert {answer.body["refresh_token"] for answer in answers if answer.status == 200} != set()
    assert len({answer.body["refresh_token"] for answer in answers if answer.status == 200}) == 1


async def test_reuse_ends_the_family_and_is_written_down(api: Api, ann: Api, clock: ManualClock) -> None:
    first = (await api.log_in()).body["refresh_token"]
    second = (await api.post("/auth/refresh", {"refresh_token": first})).body
    clock.advance(limits.REFRESH_GRACE_S)
    answers = await all_at_once(*(api.post("/auth/refresh", {"refresh_token": first}) for _ in range(10)))
    assert {answer.code for answer in answers} == {"unauthenticated"}
    assert (await api.signed_in(second["access_token"]).get("/users/me")).code == "unauthenticated"
    reused = [one for one in api.recorded if one.type == "refresh.reused"]
    assert [one.subject for one in reused] == [first.partition(".")[0]], "once: after that there was no family"
    assert reused[0].origin.address == "127.0.0.1"


async def test_a_refresh_token_that_was_never_given_out_tells_nothing_of_sessions(api: Api, ann: Api) -> None:
    for token in ("nobody.secret", "x", ".", "' OR 1=1.x", "é.é", f"{'a' * 90}.{'b' * 90}"):
        answer = await api.post("/auth/refresh", {"refresh_token": token})
        assert (answer.code, answer.body["detail"]) == ("unauthenticated", "the refresh token is not valid")


async def test_nobody_is_signed_out_by_who_knows_the_sessions_id(api: Api, ann: Api) -> None:
    """Ids stand in the list of devices and in the security log."""
    token = (await api.log_in()).body["refresh_token"]
    session, _, secret = token.partition(".")
    forged = [secret[::-1], secret[:-1] + "A" * 2, secret[: len(secret) // 2] * 2, "A" * len(secret), "x", ""]
    for other in forged:
        assert (await api.post("/auth/refresh", {"refresh_token": f"{session}.{other}"})).code == "unauthenticated"
    assert (await api.post("/auth/refresh", {"refresh_token": token})).status == 200
    assert "refresh.reused" not in [event.type for event in api.recorded]


async def test_a_refresh_token_that_is_no_text_is_refused(api: Api, ann: Api) -> None:
    session = (await api.log_in()).body["refresh_token"].partition(".")[0]
    body = b'{"refresh_token": "%s.\\udcff"}' % session.encode()
    answer = await api.post("/auth/refresh", data=body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 401)


async def test_who_signed_in_a_while_ago_confirms_first(api: Api, ann: Api, clock: ManualClock) -> None:
    wish = {"name": "Backup", "scopes": ["meetings:read"]}
    tokens = (await api.log_in()).body
    clock.advance(limits.CONFIRM_LIFE_S - 1)
    assert (await api.signed_in(tokens["access_token"]).post("/users/me/tokens", wish)).status == 201
    clock.advance(1)
    renewed = (await api.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).body
    refused = await api.signed_in(renewed["access_token"]).post("/users/me/tokens", wish)
    assert (refused.status, refused.code) == (403, "confirm_first")


async def test_the_key_set_verifies_access_tokens(make_api: Make) -> None:
    api = await make_api(access_token_life_s=600)
    await api.given_user()
    token = (await api.log_in()).body["access_token"]
    answer = await api.get("//.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert {"d", "private"}.isdisjoint(answer.body["keys"][0])
    key = PyJWKSet.from_dict(answer.body)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, ["EdDSA"], audience=AUDIENCE, issuer=ISSUER, options={"verify_exp": False, "verify_iat": False}
    )
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}


async def test_signing_in_again_gives_the_browser_another_session(api: Api, ann: Api) -> None:
    await api.post("/auth/login", {**LOGIN, "cookie": True})
    [before] = [one["id"] for one in (await api.get("/auth/sessions")).body["items"] if one["current"]]
    await api.post("/auth/login", {**LOGIN, "cookie": True})
    listed = (await api.get("/auth/sessions")).body["items"]
    assert before not in [one["id"] for one in listed]
    assert [one["kind"] for one in listed if one["current"]] == ["cookie"]
