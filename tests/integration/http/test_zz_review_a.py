"""Scratch of a review."""
import asyncio
from typing import Any
import pytest
from sqlalchemy import select, update, func
from meetserver import limits
from meetserver.accounts.models import user_account, auth_session, email_token, totp, known_place
from meetserver.accounts.store import read_account_by_key
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Busy
from meetserver.ports import Origin
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make, all_at_once

ANN = "ann@example.com"
NEW = "another horse, another stable"


async def test_a_full_log_gives_no_free_tries(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.given_user()
    async def full(*_: Any, **__: Any) -> None:
        raise Busy("full", retry_after_s=1)
    monkeypatch.setattr(api.services.security_log, "record", full)
    answers = [await api.log_in(password="wrong password here") for _ in range(limits.FREE_ATTEMPTS + 1)]
    assert answers[-1].code == "rate_limited", [a.code for a in answers]


async def test_addresses_of_other_domains(api: Api) -> None:
    await api.given_user("ann@strasse.example")
    await api.given_user("ann@straße.example")


async def test_second_sign_up_within_minute(api: Api, clock: ManualClock) -> None:
    body = {"email": ANN, "password": "the stranger's own one", "name": "X"}
    assert (await api.post("/auth/register", body)).status == 201
    await api.jobs.run()
    clock.advance(30)
    await api.register()
    await api.jobs.run()
    token = await api.mailed_token(ANN)
    await api.post("/auth/verify", {"token": token})
    answer = await api.log_in(password="the stranger's own one")
    assert answer.status != 200, answer


async def test_password_change_of_ended_session(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await api.given_user()
    resets = api.services.accounts.resets
    passwords = api.services.accounts._means.passwords
    real = passwords.hash
    async def slow(password: str) -> str:
        monkeypatch.setattr(passwords, "hash", real)
        await api.post("/auth/password/forgot", {"email": ANN})
        token = await api.mailed_token(ANN, "reset")
        assert (await api.post("/auth/password/reset", {"token": token, "password": NEW})).status == 200
        return await real(password)
    monkeypatch.setattr(passwords, "hash", slow)
    answer = await ann.post("/users/me/password", {"new_password": "the thief's own password"})
    assert (await api.log_in(password=NEW)).status == 200, answer


async def test_sign_in_during_reset(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.given_user()
    passwords = api.services.accounts._means.passwords
    real = passwords.check
    async def slow(password: str, stored: str | None) -> bool:
        monkeypatch.setattr(passwords, "check", real)
        found = await real(password, stored)
        await api.post("/auth/password/forgot", {"email": ANN})
        token = await api.mailed_token(ANN, "reset")
        assert (await api.post("/auth/password/reset", {"token": token, "password": NEW})).status == 200
        return found
    monkeypatch.setattr(passwords, "check", slow)
    answer = await api.log_in()
    assert answer.code == "unauthenticated"


async def test_sign_ins_at_once(api: Api) -> None:
    await api.given_user()
    await api.services.database.write(known_place.delete())
    answers = await all_at_once(*(api.log_in() for _ in range(30)))
    assert {a.status for a in answers} <= {200, 429}, answers


async def test_totp_begun_at_once(api: Api) -> None:
    ann = await api.given_user()
    answers = await all_at_once(*(ann.post("/users/me/factors/totp") for _ in range(15)))
    assert {a.status for a in answers} <= {201, 409}, [a for a in answers if a.status not in (201, 409)][:2]


async def admin_of(api: Api) -> Api:
    await api.services.accounts.add(
        __import__("meetserver.accounts.messages", fromlist=["Register"]).Register("root@example.com", PASSWORD, "Root"), is_admin=True)
    return api.signed_in((await api.log_in("root@example.com")).body["access_token"])


async def test_roles_granted_at_once(api: Api) -> None:
    root = await admin_of(api)
    ann = await api.given_user()
    me = (await ann.get("/users/me")).body["id"]
    answers = await all_at_once(*(root.request("PUT", f"/admin/users/{me}/roles/auditor") for _ in range(15)))
    assert {a.status for a in answers} <= {200, 429}, answers


async def test_invited_admin(api: Api) -> None:
    root = await admin_of(api)
    invited = (await root.post("/admin/users", {"email": ANN, "name": "Ann"})).body["id"]
    assert (await root.request("PUT", f"/admin/users/{invited}/roles/admin")).status == 200
    me = (await root.get("/users/me")).body["id"]
    assert (await root.delete(f"/admin/users/{me}/roles/admin")).status == 409


async def test_invite_of_squatted(make_api: Make) -> None:
    api = await make_api(require_verified_email=False)
    root = await admin_of(api)
    await api.register()
    squatter = api.signed_in((await api.log_in()).body["access_token"])
    invited = await root.post("/admin/users", {"email": ANN, "name": "Ann"})
    assert (await root.request("PUT", f"/admin/users/{invited.body['id']}/roles/admin")).status == 200
    assert (await squatter.get("/admin/users")).status in (401,)
    assert (await api.log_in()).status == 401


async def test_link_after_session_end(api: Api) -> None:
    pass
