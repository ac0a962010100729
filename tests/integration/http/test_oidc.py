"""Signing in by a provider: what a whole one gives, and all that must not get anybody in."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from tests.integration.http.conftest import Api, Make, all_at_once
from tests.integration.http.scripted_provider import ScriptedProvider
from tests.integration.http.sign_on import assert_nobody, come_back, recorded, sign_in, start


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[ScriptedProvider]:
    provider = ScriptedProvider(clock)
    async with provider.server:
        yield provider


@pytest.fixture
async def api(make_api: Make, provider: ScriptedProvider) -> Api:
    return await make_api(oidc_providers=[provider.settings()])


# --- all is well


async def test_somebody_new_gets_an_account_and_a_session(api: Api, provider: ScriptedProvider) -> None:
    assert (await api.get("/auth/oidc")).body == {
        "items": [{"name": "corp", "title": "Corp", "start": "/api/v1/auth/oidc/corp/start"}]
    }
    answer = await sign_in(api, provider)
    assert answer.headers["Location"] == "/m/weekly"
    me = (await api.get("/users/me")).body
    assert (me["email"], me["name"], me["verified"]) == ("ann@example.com", "Ann", True)
    assert recorded(api)[-2:] == ["account.registered", "login.succeeded"]


async def test_the_same_person_gets_the_same_account(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    first = (await api.get("/users/me")).body["id"]
    provider.claims = {"email": "ann.brown@example.com"}
    await sign_in(api, provider)
    assert (await api.get("/users/me")).body["id"] == first


async def test_what_the_token_does_not_say_is_asked_for(api: Api, provider: ScriptedProvider) -> None:
    provider.claims = {"email": None, "email_verified": None, "name": None}
    provider.user_info = {"sub": "ann-1", "email": "ann@example.com", "email_verified": True, "name": "Ann"}
    assert (await sign_in(api, provider)).headers["Location"] == "/m/weekly"


async def test_but_only_about_the_same_person(api: Api, provider: ScriptedProvider) -> None:
    provider.claims = {"email": None}
    provider.user_info = {"sub": "ben-1", "email": "ben@example.com", "email_verified": True}
    assert_nobody(await sign_in(api, provider))


async def test_a_new_key_of_the_provider_is_found(api: Api, provider: ScriptedProvider, clock: ManualClock) -> None:
    await sign_in(api, provider)
    clock.advance(limits.OIDC_AGAIN_S)
    provider.rotate()
    assert (await sign_in(api, provider)).headers["Location"] == "/m/weekly"


async def test_it_is_not_asked_for_keys_again_and_again(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    for _ in range(3):
        provider.rotate()
        assert_nobody(await sign_in(api, provider))
    assert provider.asked.count("keys") == 1
    assert provider.asked.count("metadata") == 1


async def test_keys_that_the_provider_withdrew_are_forgotten(
    api: Api, provider: ScriptedProvider, clock: ManualClock
) -> None:
    await sign_in(api, provider)
    stolen = provider.keep_key()
    provider.rotate()
    provider.sign_with(stolen)
    clock.advance(limits.OIDC_METADATA_LIFE_S)
    assert_nobody(await sign_in(api, provider))


# --- what must not get in


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "of another sign-in"}, {"iss": "https://evil.example"}, {"aud": "another client"}, {"exp": 0}],
    ids=str,
)
async def test_a_token_for_something_else(api: Api, provider: ScriptedProvider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    assert_nobody(await sign_in(api, provider))


async def test_an_answer_counts_once(api: Api, provider: ScriptedProvider) -> None:
    provider.is_lax = True
    path = provider.let_in(await start(api))
    answers = await all_at_once(*(come_back(api, path) for _ in range(10)))
    assert sorted(answer.headers["Location"] for answer in answers) == ["/?sign_in=unauthenticated"] * 9 + ["/m/weekly"]


async def test_a_code_counts_once(api: Api, provider: ScriptedProvider) -> None:
    first = provider.let_in(await start(api))
    code = dict(parse_qsl(urlsplit(first).query))["code"]
    await come_back(api, first)
    assert_nobody(await come_back(api, provider.let_in(await start(api), code=code)))


async def test_a_code_is_bound_to_the_sign_in_that_asked_for_it(api: Api, provider: ScriptedProvider) -> None:
    """RFC 7636: somebody else's code comes with another verifier."""
    code = dict(parse_qsl(urlsplit(provider.let_in(await start(api))).query))["code"]
    assert_nobody(await come_back(api, provider.let_in(await start(api), code=code)))


@pytest.mark.parametrize("state", [None, "", "of nobody", "x" * 64])
async def test_no_answer_without_its_state(api: Api, provider: ScriptedProvider, state: str | None) -> None:
    assert_nobody(await come_back(api, provider.let_in(await start(api), state=state)))


@pytest.mark.parametrize(
    "answer",
    [{"code": "x" * (limits.OIDC_CODE_CHARS + 1)}, {"iss": "x" * (limits.OIDC_ISSUER_CHARS + 1)}, {"state": "x" * 65}]
    + [{"state": state} for state in ("\x00", "ü", "a\r\nb: c")],
    ids=lambda answer: ascii(answer)[:20],
)
async def test_what_no_provider_answers(api: Api, provider: ScriptedProvider, answer: dict[str, str]) -> None:
    path = provider.let_in(await start(api), **answer)
    assert (await api.get(f"/{path}", allow_redirects=False)).code == "bad_message"


async def test_an_answer_belongs_to_the_browser_that_asked(api: Api, provider: ScriptedProvider) -> None:
    """Login CSRF: nobody is signed in by a link that somebody else got."""
    path = provider.let_in(await start(api))
    api.client.session.cookie_jar.clear()
    assert_nobody(await come_back(api, path))


async def test_an_answer_that_comes_too_late(api: Api, provider: ScriptedProvider, clock: ManualClock) -> None:
    path = provider.let_in(await start(api))
    clock.advance(limits.OIDC_LIFE_S)
    assert_nobody(await come_back(api, path))


async def test_an_answer_of_another_provider(make_api: Make, provider: ScriptedProvider, clock: ManualClock) -> None:
    """Mix-up (RFC 9700, 4.4): the state was made for the one, the answer comes to the other's address."""
    other = ScriptedProvider(clock)
    async with other.server:
        api = await make_api(oidc_providers=[provider.settings(), other.settings(name="other")])
        path = provider.let_in(await start(api)).replace("/corp/", "/other/")
        other.codes = provider.codes
        assert_nobody(await come_back(api, path))


async def test_the_issuer_beside_the_code(make_api: Make, provider: ScriptedProvider) -> None:
    """RFC 9207, 2.4."""
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    api = await make_api(oidc_providers=[provider.settings()])
    assert_nobody(await come_back(api, provider.let_in(await start(api))))
    assert_nobody(await come_back(api, provider.let_in(await start(api), iss="https://evil.example")))
    answer = await come_back(api, provider.let_in(await start(api), iss=provider.issuer))
    assert answer.headers["Location"] == "/m/weekly"


async def test_a_wrong_issuer_counts_also_where_none_was_promised(api: Api, provider: ScriptedProvider) -> None:
    assert_nobody(await come_back(api, provider.let_in(await start(api), iss="https://evil.example")))


async def test_who_declines_is_not_in(api: Api, provider: ScriptedProvider) -> None:
    path = provider.let_in(await start(api), code=None, error="access_denied")
    assert_nobody(await come_back(api, path), "forbidden")
    assert recorded(api) == ["login.failed"]


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil.example", "",
        "/a\\b", "/\t/evil.example", "/a\r\nSet-Cookie: a=b", "/\u2028", "javascript:alert(1)", "/a\n",
        "/" + "a" * limits.OIDC_NEXT_CHARS,
    ],
)  # fmt: skip
async def test_no_way_on_to_another_site(api: Api, next_: str) -> None:
    answer = await api.get("/auth/oidc/corp/start", params={"next": next_}, allow_redirects=False)
    assert answer.code == "bad_message"


async def test_a_link_elsewhere_signs_nobody_in(api: Api) -> None:
    for site, leads in (("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True)):
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
        answer = await api.get("/auth/oidc/corp/start", headers=headers, allow_redirects=False)
        assert (answer.status, "Set-Cookie" in answer.headers) == (303, leads)
        assert (answer.headers["Location"] == "/") is not leads


async def test_an_unknown_provider_is_not_there(api: Api) -> None:
    assert (await api.get("/auth/oidc/other/start", allow_redirects=False)).code == "not_found"
    assert (await api.get("/auth/oidc/other/callback?state=a", allow_redirects=False)).code == "not_found"


async def test_over_https_the_cookie_is_bound_to_the_host(make_api: Make, provider: ScriptedProvider) -> None:
    api = await make_api(oidc_providers=[provider.settings()], public_url="https://meet.example.com")
    answer = await api.get("/auth/oidc/corp/start", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-meet-oidc=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "https%3A%2F%2Fmeet.example.com%2Fapi%2Fv1%2Fauth%2Foidc%2Fcorp%2Fcallback" in answer.headers["Location"]


# --- the provider itself


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://169.254.169.254/latest/meta-data"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"padding": "x" * limits.OIDC_RESPONSE_BYTES},
    ],
    ids=lambda metadata: next(iter(metadata)),
)
async def test_metadata_that_cannot_be_trusted(make_api: Make, provider: ScriptedProvider, metadata: Any) -> None:
    provider.metadata = metadata
    api = await make_api(oidc_providers=[provider.settings()])
    for _ in range(2):
        answer = await api.get("/auth/oidc/corp/start", allow_redirects=False)
        assert answer.code == "unavailable"
    assert len(provider.asked) == 1, "not asked again at once"


async def test_it_is_asked_again_when_it_was_away(
    make_api: Make, provider: ScriptedProvider, clock: ManualClock
) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    api = await make_api(oidc_providers=[provider.settings()])
    assert (await api.get("/auth/oidc/corp/start", allow_redirects=False)).code == "unavailable"
    provider.metadata = {}
    clock.advance(limits.OIDC_AGAIN_S)
    await start(api)


async def test_redirects_are_not_followed(make_api: Make, provider: ScriptedProvider) -> None:
    provider.has_moved = True
    api = await make_api(oidc_providers=[provider.settings()])
    assert (await api.get("/auth/oidc/corp/start", allow_redirects=False)).code == "unavailable"


@pytest.mark.parametrize("answer", [{"id_token": None}, {"id_token": 7}, {"id_token": "no.token.at-all"}], ids=str)
async def test_an_answer_without_a_token(api: Api, provider: ScriptedProvider, answer: dict[str, Any]) -> None:
    provider.answer = answer
    location = (await sign_in(api, provider)).headers["Location"]
    assert location in {"/?sign_in=unavailable", "/?sign_in=unauthenticated"}


@pytest.mark.parametrize("before", [limits.OIDC_KEYS - 1, limits.OIDC_KEYS])
async def test_so_many_keys_of_a_provider_are_looked_at(api: Api, provider: ScriptedProvider, before: int) -> None:
    provider.keys_before = before
    location = (await sign_in(api, provider)).headers["Location"]
    assert location == ("/m/weekly" if before < limits.OIDC_KEYS else "/?sign_in=unauthenticated")


@pytest.mark.parametrize("says", [{"use": "sig"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"]}], ids=str)
async def test_a_key_that_is_for_signatures(api: Api, provider: ScriptedProvider, says: dict[str, Any]) -> None:
    provider.key_says = says
    assert (await sign_in(api, provider)).headers["Location"] == "/m/weekly"


@pytest.mark.parametrize(
    "says", [{"use": "enc"}, {"use": None}, {"key_ops": ["deriveKey"]}, {"key_ops": []}, {"key_ops": "verify"}], ids=str
)
async def test_a_key_that_is_for_something_else(api: Api, provider: ScriptedProvider, says: dict[str, Any]) -> None:
    provider.key_says = says
    assert_nobody(await sign_in(api, provider))


@pytest.mark.parametrize("ends", ["it alone", "all others"])
async def test_a_link_that_was_asked_for_by_a_session_that_ended(
    api: Api, provider: ScriptedProvider, ends: str
) -> None:
    """A thief who was signed out must not come back by an identity of theirs."""
    ann = await api.given_user()
    thief = api.signed_in((await api.log_in()).body["access_token"])
    begun = await thief.post("/users/me/identities", {"provider": "corp"})
    [session] = [one["id"] for one in (await thief.get("/auth/sessions")).body["items"] if one["current"]]
    path = "/auth/sessions" if ends == "all others" else f"/auth/sessions/{session}"
    assert (await ann.delete(path)).status in (200, 204)
    assert_nobody(await come_back(api, provider.let_in(begun.body["url"])), "forbidden")
    assert (await ann.get("/users/me/identities")).body["items"] == []
