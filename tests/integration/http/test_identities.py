"""Whose account it is that a provider signs in to, which roles it gives, and what else is asked for."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from pyotp import TOTP
from sqlalchemy import select, update

from meetserver import limits
from meetserver.accounts.models import user_account, user_role
from meetserver.accounts.oidc_tokens import identity_of
from meetserver.adapters.memory.clock import ManualClock
from meetserver.ports import Origin
from tests.integration.http.conftest import PASSWORD, Api, Make
from tests.integration.http.scripted_provider import ScriptedProvider
from tests.integration.http.sign_on import assert_nobody, come_back, recorded, sign_in


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[ScriptedProvider]:
    provider = ScriptedProvider(clock)
    async with provider.server:
        yield provider


@pytest.fixture
async def api(make_api: Make, provider: ScriptedProvider) -> Api:
    return await make_api(oidc_providers=[provider.settings()])


async def roles(api: Api, email: str = "ann@example.com") -> dict[str, str]:
    query = select(user_role).join(user_account).where(user_account.c.email == email)
    return {row.role: row.granted_by for row in await api.services.database.fetch(query)}


# --- who it is


async def test_a_known_address_is_linked_only_where_that_is_set(api: Api, provider: ScriptedProvider) -> None:
    await api.given_user()
    assert_nobody(await sign_in(api, provider), "conflict")


async def test_a_verified_address_signs_in_to_its_account(make_api: Make, provider: ScriptedProvider) -> None:
    api = await make_api(oidc_providers=[provider.settings(link_by_verified_email=True)])
    ann = await api.given_user()
    await sign_in(api, provider)
    assert (await api.get("/users/me")).body["id"] == (await ann.get("/users/me")).body["id"]
    assert (await api.log_in()).status == 200, "the password goes on working"


@pytest.mark.parametrize("said", [False, None, "true", 1])
async def test_an_address_that_is_not_verified_is_nobodys(
    make_api: Make, provider: ScriptedProvider, said: object
) -> None:
    api = await make_api(oidc_providers=[provider.settings(link_by_verified_email=True)])
    await api.given_user()
    provider.claims = {"email_verified": said}
    assert_nobody(await sign_in(api, provider), "forbidden")
    provider.claims["email"] = "somebody.new@example.com"
    assert_nobody(await sign_in(api, provider), "forbidden")


async def test_who_signed_up_with_anothers_address_loses_the_account_to_its_owner(
    make_api: Make, provider: ScriptedProvider
) -> None:
    """Account pre-hijacking: a password that somebody set before the address was verified."""
    settings = provider.settings(link_by_verified_email=True)
    api = await make_api(oidc_providers=[settings], require_verified_email=False)
    await api.register()
    squatter = api.signed_in((await api.log_in()).body["access_token"])
    await sign_in(api, provider)
    assert (await api.get("/users/me")).body["verified"]
    assert (await squatter.get("/users/me")).code == "unauthenticated"
    assert (await api.log_in(password=PASSWORD)).code == "unauthenticated"


@pytest.mark.parametrize(("sign_up", "registration"), [(False, "open"), (None, "closed")])
async def test_nobody_new_where_none_are_made(
    make_api: Make, provider: ScriptedProvider, sign_up: bool | None, registration: str
) -> None:
    api = await make_api(oidc_providers=[provider.settings(sign_up=sign_up)], registration=registration)
    assert_nobody(await sign_in(api, provider), "forbidden")


async def test_a_disabled_account_stays_out(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    now = api.services.clock.now()
    await api.services.database.write(update(user_account).values(disabled_at=now))
    assert_nobody(await sign_in(api, provider))
    assert recorded(api).count("login.failed") == 1


# --- groups


async def test_groups_give_roles_and_take_them_back(make_api: Make, provider: ScriptedProvider) -> None:
    groups = {"ops": "operator", "audit": "auditor"}
    api = await make_api(oidc_providers=[provider.settings(group_roles=groups)])
    provider.claims = {"groups": ["ops", "audit", "staff", 7]}
    await sign_in(api, provider)
    assert await roles(api) == {"operator": "oidc:corp", "auditor": "oidc:corp"}
    provider.claims = {"groups": ["ops"]}
    await sign_in(api, provider)
    assert await roles(api) == {"operator": "oidc:corp"}
    assert recorded(api).count("role.granted") == 2
    assert recorded(api).count("role.taken") == 1


async def test_what_people_granted_stays(make_api: Make, provider: ScriptedProvider) -> None:
    api = await make_api(oidc_providers=[provider.settings(group_roles={"ops": "operator"})])
    await sign_in(api, provider)
    me = (await api.get("/users/me")).body["id"]
    now = api.services.clock.now()
    row = {"user_id": me, "role": "operator", "granted_by": "somebody", "granted_at": now}
    await api.services.database.write(user_role.insert().values(row))
    provider.claims = {"groups": ["ops"]}
    await sign_in(api, provider)
    provider.claims = {"groups": []}
    await sign_in(api, provider)
    assert await roles(api) == {"operator": "somebody"}


@pytest.mark.both_databases
async def test_the_last_administrator_stays_one(make_api: Make, provider: ScriptedProvider) -> None:
    api = await make_api(oidc_providers=[provider.settings(group_roles={"chiefs": "admin"})])
    for subject in ("ann", "ben"):
        provider.claims = {"sub": subject, "email": f"{subject}@example.com", "groups": ["chiefs"]}
        await sign_in(api, provider)
    for subject in ("ann", "ben"):
        provider.claims = {"sub": subject, "email": f"{subject}@example.com", "groups": []}
        await sign_in(api, provider)
    assert await roles(api, "ann@example.com") == {}
    assert await roles(api, "ben@example.com") == {"admin": "oidc:corp"}


# --- linking


async def test_an_identity_is_linked_and_unlinked_in_the_settings(api: Api, provider: ScriptedProvider) -> None:
    ann = await api.given_user()
    provider.claims = {"email": "another.address@example.com", "email_verified": False}
    begun = await ann.post("/users/me/identities", {"provider": "corp", "next": "/settings"})
    answer = await come_back(api, provider.let_in(begun.body["url"]))
    assert answer.headers["Location"] == "/settings"
    (identity,) = (await ann.get("/users/me/identities")).body["items"]
    assert (identity["provider"], identity["title"]) == ("corp", "Corp")
    assert (await sign_in(api, provider)).headers["Location"] == "/m/weekly"
    assert (await ann.delete(f"/users/me/identities/{identity['id']}")).status == 204
    assert (await ann.get("/users/me/identities")).body == {"items": []}
    assert_nobody(await sign_in(api, provider), "forbidden")
    assert {"identity.linked", "identity.unlinked"} <= set(recorded(api))
    told = [
        mail.text for mail in await api.mails("ann@example.com") if "by Corp" in mail.text or "no more" in mail.text
    ]
    linked, unlinked = sorted(told, key=lambda text: "no more" in text)  # the clock stood still between them
    assert ["Corp" in linked, "no more" in unlinked] == [True, True]


async def test_an_identity_belongs_to_one_account(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    ben = await api.given_user("ben@example.com", "Ben")
    begun = await ben.post("/users/me/identities", {"provider": "corp"})
    assert_nobody(await come_back(api, provider.let_in(begun.body["url"])), "conflict")


async def test_the_last_way_to_sign_in_stays(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    csrf = {"X-CSRF-Token": (await api.get("/auth/csrf")).body["csrf_token"]}
    (identity,) = (await api.get("/users/me/identities")).body["items"]
    assert (await api.delete(f"/users/me/identities/{identity['id']}", headers=csrf)).code == "conflict"


async def test_nobody_unlinks_anothers(api: Api, provider: ScriptedProvider) -> None:
    await sign_in(api, provider)
    (identity,) = (await api.get("/users/me/identities")).body["items"]
    ben = await api.given_user("ben@example.com", "Ben")
    assert (await ben.delete(f"/users/me/identities/{identity['id']}")).code == "not_found"


# --- second factors


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_second_factor_is_asked_for_where_the_provider_is_not_enough(
    make_api: Make, provider: ScriptedProvider, clock: ManualClock, trusted: bool
) -> None:
    api = await make_api(oidc_providers=[provider.settings(trusted=trusted)])
    await sign_in(api, provider)
    secret = await given_totp(api)
    api.client.session.cookie_jar.clear()
    answer = await sign_in(api, provider)
    if trusted:
        assert answer.headers["Location"] == "/m/weekly"
        return
    assert (await api.get("/users/me")).code == "unauthenticated", "not yet"
    told = dict(parse_qsl(urlsplit(answer.headers["Location"]).fragment))
    assert told["next"] == "/m/weekly"
    challenge = msgspec.json.decode(urlsafe_b64decode(told["factor"] + "=="))
    clock.advance(30)
    code = TOTP(secret).at(clock.now())
    answer = await api.post("/auth/login/factor", {"token": challenge["token"], "totp": code, "cookie": True})
    assert answer.status == 200, answer
    assert (await api.get("/users/me")).body["email"] == "ann@example.com"


async def given_totp(api: Api) -> str:
    """The signed-in person's authenticator app; its secret."""
    csrf = {"X-CSRF-Token": (await api.get("/auth/csrf")).body["csrf_token"]}
    begun = await api.post("/users/me/factors/totp", headers=csrf)
    assert begun.status == 201, begun
    secret = str(begun.body["secret"])
    now = api.services.clock.now()
    confirmed = await api.post("/users/me/factors/totp/confirm", {"totp": TOTP(secret).at(now)}, headers=csrf)
    assert confirmed.status == 200, confirmed
    return secret


# --- several providers


async def test_the_same_subject_elsewhere_is_somebody_else(
    make_api: Make, provider: ScriptedProvider, clock: ManualClock
) -> None:
    """No provider speaks for another one's people."""
    other = ScriptedProvider(clock)
    other.claims = {"email": "mallory@example.com"}
    async with other.server:
        api = await make_api(oidc_providers=[provider.settings(), other.settings(name="other")])
        await sign_in(api, provider)
        ann = (await api.get("/users/me")).body["id"]
        answer = await api.get("/auth/oidc/other/start", allow_redirects=False)
        await come_back(api, other.let_in(answer.headers["Location"]))
        assert (await api.get("/users/me")).body["id"] != ann


async def test_an_account_has_so_many_identities_and_no_more(make_api: Make, provider: ScriptedProvider) -> None:
    api = await make_api(oidc_providers=[provider.settings()], rate_factor=0)
    ann = await api.given_user()
    for number in range(limits.IDENTITIES + 1):
        provider.claims = {"sub": f"ann-{number}"}
        begun = await ann.post("/users/me/identities", {"provider": "corp"})
        answer = await come_back(api, provider.let_in(begun.body["url"]))
        assert answer.headers["Location"] == ("/" if number < limits.IDENTITIES else "/?sign_in=conflict")
    assert len((await ann.get("/users/me/identities")).body["items"]) == limits.IDENTITIES


@pytest.mark.both_databases
async def test_somebody_new_who_comes_twice_at_once_has_one_account(api: Api, provider: ScriptedProvider) -> None:
    (corp,) = api.services.sso.providers
    claims = {"sub": "ann-1", "email": "ann@example.com", "email_verified": True}
    identity = identity_of(claims, corp)
    come = api.services.sso.identities.account_for
    accounts = await asyncio.gather(*(come(corp, identity, Origin()) for _ in range(8)))
    assert len({account.id for account in accounts}) == 1
