"""The server's rules about addresses: set, kept, followed, previewed, and asked at sign-in."""

import asyncio
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.network.service import IpRules
from tests.contract.eventually import eventually
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make

PATH = "/admin/ip-rules"
HOME = "198.51.100.1"
DENY = {"effect": "deny", "network": "192.0.2.0/24", "roles": [], "note": "a night of spam"}
ALLOW_HOME = {"effect": "allow", "network": "198.51.100.0/24", "roles": ["admin"], "note": ""}


@pytest.fixture
async def api(make_api: Make) -> Api:
    return await make_api(trusted_proxies=["127.0.0.1"], admin_email="root@example.com", admin_password=PASSWORD)


@pytest.fixture
async def admin(api: Api) -> Api:
    await api.services.accounts.ensure_admin()
    return api.signed_in((await api.log_in("root@example.com")).body["access_token"])


async def put(who: Api, *rules: Any, address: str = HOME, **headers: str) -> Answer:
    return await who.request("PUT", PATH, {"rules": list(rules)}, headers={"X-Forwarded-For": address, **headers})


async def log_in_from(api: Api, address: str, email: str = "ann@example.com", password: str = PASSWORD) -> Answer:
    return await api.post("/auth/login", {"email": email, "password": password}, headers={"X-Forwarded-For": address})


async def test_the_list_is_kept_in_its_order(admin: Api) -> None:
    assert (await admin.get(PATH)).body == {"rules": []}
    answer = await put(admin, ALLOW_HOME, DENY)
    assert (answer.status, answer.body) == (200, {"rules": [ALLOW_HOME, DENY]})
    read = await admin.get(PATH)
    assert (read.body, read.headers["ETag"]) == (answer.body, answer.headers["ETag"])
    assert (await put(admin, DENY, ALLOW_HOME)).headers["ETag"] != answer.headers["ETag"]
    log = admin.services.security_log
    assert isinstance(log, MemorySecurityLog)
    assert log.types().count("ip_rules.changed") == 2


async def test_if_match_guards_the_list(admin: Api) -> None:
    seen = (await admin.get(PATH)).headers["ETag"]
    assert (await put(admin, DENY, **{"If-Match": seen})).status == 200
    late = await put(admin, **{"If-Match": seen})
    assert (late.status, late.code) == (412, "conflict")
    assert (await admin.get(PATH)).body == {"rules": [DENY]}


async def test_what_is_no_rule_is_refused(admin: Api) -> None:
    for rule in (
        {"effect": "deny", "network": "192.0.2.0/33"},
        {"effect": "deny", "network": "192.0.2.1/24"},
        {"effect": "deny", "network": "example.com"},
        {"effect": "maybe", "network": "192.0.2.0/24"},
        {"effect": "deny", "network": "192.0.2.0/24", "roles": ["king"]},
        {"effect": "deny", "network": "192.0.2.0/24", "note": "x" * (limits.IP_RULE_NOTE_CHARS + 1)},
        {"effect": "deny", "network": "192.0.2.0/24", "note": "a\x00"},
    ):
        answer = await put(admin, rule)
        assert (answer.status, answer.code) == (400, "bad_message"), rule
    assert (await put(admin, *[DENY] * (limits.IP_RULES + 1))).code == "bad_message"
    assert (await put(admin, *[DENY] * limits.IP_RULES)).status == 200


async def test_nobody_shuts_themself_out(admin: Api) -> None:
    for rules in ([DENY], [{"effect": "allow", "network": "203.0.113.0/24"}], [{**DENY, "roles": ["member"]}]):
        answer = await put(admin, *rules, address="192.0.2.7")
        assert (answer.status, answer.code) == (409, "conflict"), rules
        assert "192.0.2.7" in answer.body["detail"]
    assert (await put(admin, {**DENY, "roles": ["guest"]}, address="192.0.2.7")).status == 200


async def test_who_may_see_and_set_them(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    assert (await api.get(PATH)).code == "unauthenticated"
    for answer in (await ann.get(PATH), await put(ann), await ann.post(f"{PATH}/preview", {"address": HOME})):
        assert (answer.status, answer.code) == (403, "forbidden")


async def test_sign_in_asks_them(api: Api, admin: Api) -> None:
    await api.given_user()
    await put(admin, DENY)
    refused = await log_in_from(api, "192.0.2.7")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert (await log_in_from(api, "192.0.2.7", password="wrong password")).code == "unauthenticated"
    assert (await log_in_from(api, HOME)).status == 200
    log = api.services.security_log
    assert isinstance(log, MemorySecurityLog)
    assert [event.origin.address for event in log.events if event.type == "ip.refused"] == ["192.0.2.7"]


async def test_rules_by_role_at_sign_in(api: Api, admin: Api) -> None:
    await api.given_user()
    await put(admin, ALLOW_HOME)
    assert (await log_in_from(api, "203.0.113.1")).status == 200
    assert (await log_in_from(api, "203.0.113.1", "root@example.com")).code == "forbidden"
    assert (await log_in_from(api, HOME, "root@example.com")).status == 200


async def test_the_address_cannot_be_made_up(make_api: Make) -> None:
    """Without a proxy that is trusted the header is anybody's."""
    api = await make_api(admin_email="root@example.com", admin_password=PASSWORD)
    await api.services.accounts.ensure_admin()
    admin = api.signed_in((await api.log_in("root@example.com")).body["access_token"])
    shut_out = await put(admin, {"effect": "deny", "network": "127.0.0.0/8"}, address=HOME)
    assert (shut_out.status, shut_out.code) == (409, "conflict")


async def test_the_preview(api: Api, admin: Api) -> None:
    ann = await api.given_user()
    local = {"effect": "deny", "network": "203.0.113.0/24", "roles": ["viewer"], "note": ""}
    meeting = (await ann.given_meeting(settings={"ip_rules": [local]}))["id"]
    await put(admin, DENY, ALLOW_HOME)

    async def preview(**wish: str) -> tuple[bool, str, Any]:
        body = (await admin.post(f"{PATH}/preview", wish)).body
        return body["is_admitted"], body["by"], body["rule"]

    assert await preview(address="192.0.2.9") == (False, "server", DENY)
    assert await preview(address="::ffff:192.0.2.9", role="member") == (False, "server", DENY)
    assert await preview(address=HOME) == (True, "server", None)
    assert await preview(address=HOME, role="admin") == (True, "server", ALLOW_HOME)
    assert await preview(address="2001:db8::1", role="admin") == (False, "server", None)
    assert await preview(address="203.0.113.5", meeting=meeting, meeting_role="viewer") == (False, "meeting", local)
    assert await preview(address="203.0.113.5", meeting=meeting) == (True, "server", None)
    assert await preview(address="192.0.2.9", meeting=meeting) == (False, "server", DENY)
    assert (await admin.post(f"{PATH}/preview", {"address": "192.0.2.0/24"})).code == "bad_message"
    assert (await admin.post(f"{PATH}/preview", {"address": HOME, "meeting": "nowhere"})).code == "not_found"


async def test_another_process_follows(api: Api, admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IP_RULES_REFRESH_S", 0.01)
    services = api.services
    other = IpRules(services.database, services.clock, services.random, services.security_log)
    following = asyncio.create_task(other.follow())
    await put(admin, DENY)
    assert not services.ip_rules.verdict("192.0.2.1", ["guest"]).is_admitted, "at once where it was changed"

    async def is_shut() -> bool:
        return not other.verdict("192.0.2.1", ["guest"]).is_admitted

    await eventually(is_shut)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


@pytest.mark.both_databases
async def test_of_two_changes_at_once_with_the_same_etag_one_is_made(admin: Api) -> None:
    seen = (await admin.get(PATH)).headers["ETag"]
    answers = await asyncio.gather(put(admin, DENY, **{"If-Match": seen}), put(admin, ALLOW_HOME, **{"If-Match": seen}))
    assert sorted(answer.status for answer in answers) == [200, 412]
