"""The door before the room: sign-in, invitation, passcode, addresses, and what the ticket says of whoever passed."""

from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.errors import Code, Refusal
from meetserver.meetings.tickets import TicketClaims
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make, NotingRooms, all_at_once

RATE = limits.RATES["passcode"]


@pytest.fixture
async def api(make_api: Make) -> Api:
    """Behind a proxy that is trusted, so that people can come from anywhere."""
    return await make_api(
        trusted_proxies=["127.0.0.1"], admin_email="root@example.com", admin_password=PASSWORD, rate_factor=0
    )


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


async def knock(who: Api, meeting: dict[str, Any], address: str = "192.0.2.1", **wish: Any) -> Answer:
    headers = {"X-Forwarded-For": address}
    return await who.post(f"/meetings/{meeting['id']}/join", {"name": "Cy", **wish}, headers=headers)


async def let_in(who: Api, meeting: dict[str, Any], **wish: Any) -> TicketClaims:
    answer = await knock(who, meeting, **wish)
    assert answer.status == 200, answer
    return who.services.tickets.verify(answer.body["ticket"])


async def given_admin(api: Api) -> Api:
    await api.services.accounts.ensure_admin()
    return api.signed_in((await api.log_in("root@example.com")).body["access_token"])


def recorded(api: Api) -> list[tuple[str, str | None, str]]:
    log = api.services.security_log
    assert isinstance(log, MemorySecurityLog)
    return [(event.type, event.actor, event.subject) for event in log.events]


async def test_only_who_signed_in(ann: Api) -> None:
    meeting = await ann.given_meeting(settings={"only_signed_in": True})
    guest = ann.signed_in(None)
    assert (await guest.get(f"/meetings/{meeting['id']}/door")).body["needs"] == ["sign_in"]
    refused = await knock(guest, meeting)
    assert (refused.status, refused.code) == (401, "unauthenticated")
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    claims = await let_in(bo, meeting)
    assert (claims.role, claims.auth_session is not None) == ("participant", True)


async def test_only_who_is_invited(ann: Api) -> None:
    invited = [{"email": "BO@example.com", "role": "viewer"}, {"email": "di@example.com", "role": "cohost"}]
    meeting = await ann.given_meeting(settings={"only_invited": True}, invitees=invited)
    guest = ann.signed_in(None)
    assert (await guest.get(f"/meetings/{meeting['id']}/door")).body["needs"] == ["invitation"]
    assert (await knock(guest, meeting)).code == "forbidden"
    cy = await guest.given_user("cy@example.com", "Cy")
    assert (await knock(cy, meeting)).code == "forbidden"
    bo = await guest.given_user("bo@example.com", "Bo")
    assert (await let_in(bo, meeting)).role == "viewer"
    di = await guest.given_user("di@example.com", "Di")
    assert (await let_in(di, meeting)).role == "cohost"
    assert (await let_in(ann, meeting)).role == "host"


async def test_an_invitation_is_for_who_can_read_that_mail(make_api: Make) -> None:
    """An account of a server that lets people in before they opened the link says nothing about the address."""
    api = await make_api(require_verified_email=False)
    ann = await api.given_user()
    meeting = await ann.given_meeting(settings={"only_invited": True}, invitees=[{"email": "bo@example.com"}])
    assert (await api.register("bo@example.com", "Not Bo")).status == 201
    impostor = api.signed_in((await api.log_in("bo@example.com")).body["access_token"])
    assert (await knock(impostor, meeting)).code == "forbidden"
    assert (await impostor.get(f"/meetings/{meeting['id']}/messages")).code == "not_found"


async def test_a_cohost_by_invitation_sees_the_meeting_and_does_not_change_it(ann: Api) -> None:
    meeting = await ann.given_meeting(
        settings={"passcode": "1234"}, invitees=[{"email": "di@example.com", "role": "cohost"}]
    )
    di = await ann.signed_in(None).given_user("di@example.com", "Di")
    path = f"/meetings/{meeting['id']}"
    assert (await di.get(path)).body["settings"]["passcode"] == "1234"
    assert (await di.patch(path, {"title": "Mine"})).code == "forbidden"
    assert (await di.delete(path)).code == "forbidden"


async def test_the_passcode(ann: Api) -> None:
    meeting = await ann.given_meeting(settings={"passcode": "open sesame"})
    guest = ann.signed_in(None)
    assert (await guest.get(f"/meetings/{meeting['id']}/door")).body["needs"] == ["passcode"]
    for wish in ({}, {"passcode": "open says me"}, {"passcode": ""}):
        answer = await knock(guest, meeting, **wish)
        assert (answer.status, answer.code) == (403, "forbidden"), wish
    await let_in(guest, meeting, passcode="open sesame")
    await let_in(ann, meeting)
    assert [(type_, subject) for type_, _, subject in recorded(ann) if type_ == "meeting.passcode_failed"] == [
        ("meeting.passcode_failed", meeting["id"])
    ] * 2


async def test_the_passcode_is_sealed_at_rest_and_changes_only_when_it_does(ann: Api) -> None:
    meeting = await ann.given_meeting(settings={"passcode": "open sesame"})
    path = f"/meetings/{meeting['id']}"
    found = await ann.services.meetings.find(meeting["id"])
    assert "sesame" not in str(found.settings)
    same = await ann.patch(path, {"settings": {"passcode": "open sesame"}})
    assert same.body["version"] == 1
    assert (await ann.patch(path, {"settings": {"chat": False}})).body["settings"]["passcode"] == "open sesame"
    assert (await ann.patch(path, {"settings": {"passcode": None}})).body["settings"]["passcode"] is None
    await let_in(ann.signed_in(None), meeting)


@pytest.mark.both_databases
async def test_200_wrong_passcodes_at_once_are_no_more_checks_than_the_limit(
    make_api: Make, clock: ManualClock
) -> None:
    ann = await (await make_api(trusted_proxies=["127.0.0.1"])).given_user()
    meeting = await ann.given_meeting(settings={"passcode": "1234"})
    guest = ann.signed_in(None)
    answers = await all_at_once(*(knock(guest, meeting, passcode=str(number)) for number in range(200)))
    assert sorted({answer.code for answer in answers}) == ["forbidden", "rate_limited"]
    assert sum(answer.code == "forbidden" for answer in answers) == RATE.amount
    right = await knock(guest, meeting, passcode="1234")
    assert (right.status, right.code) == (429, "rate_limited")
    assert 0 < right.body["retry_after_s"] <= RATE.per_s + 1
    assert (await knock(guest, meeting, "192.0.2.9", passcode="1234")).status == 200, "another place counts for itself"
    clock.advance(RATE.per_s + 1)
    await let_in(guest, meeting, passcode="1234")


@pytest.mark.both_databases
async def test_the_right_passcode_clears_the_count(make_api: Make) -> None:
    """A whole class behind one address comes in."""
    ann = await (await make_api(trusted_proxies=["127.0.0.1"])).given_user()
    meeting = await ann.given_meeting(settings={"passcode": "1234"})
    for _ in range(RATE.amount * 2):
        await let_in(ann.signed_in(None), meeting, passcode="1234")


async def test_the_meetings_address_rules(ann: Api) -> None:
    rules = [
        {"effect": "deny", "network": "192.0.2.0/24", "roles": ["guest"]},
        {"effect": "deny", "network": "2001:db8::/32"},
    ]
    meeting = await ann.given_meeting(settings={"ip_rules": rules})
    guest = ann.signed_in(None)
    bo = await guest.given_user("bo@example.com", "Bo")
    for address in ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"):
        answer = await knock(guest, meeting, address)
        assert (answer.status, answer.code) == (403, "forbidden"), address
    assert (await knock(guest, meeting, "198.51.100.1")).status == 200
    assert (await knock(bo, meeting, "192.0.2.1")).status == 200
    assert (await knock(bo, meeting, "2001:db8::1")).code == "forbidden"
    assert [one for one in recorded(ann) if one[0] == "ip.refused"][-1][2] == meeting["id"]


async def test_the_ticket_says_who_one_is_in_the_server_for_the_rooms_own_look_at_the_rules(ann: Api) -> None:
    meeting = await ann.given_meeting()
    admin = await given_admin(ann.signed_in(None))
    assert (await let_in(admin, meeting)).roles == ("member", "admin")
    assert (await let_in(ann, meeting)).roles == ("member",)
    assert (await let_in(ann.signed_in(None), meeting)).roles == ("guest",)


async def test_the_servers_address_rules_come_first(ann: Api) -> None:
    admin = await given_admin(ann.signed_in(None))
    meeting = await ann.given_meeting(settings={"ip_rules": [{"effect": "allow", "network": "0.0.0.0/0"}]})
    assert (
        await admin.request("PUT", "/admin/ip-rules", {"rules": [{"effect": "deny", "network": "192.0.2.0/24"}]})
    ).status == 200
    for who in (ann, ann.signed_in(None)):
        assert (await knock(who, meeting, "192.0.2.1")).code == "forbidden"
        assert (await knock(who, meeting, "198.51.100.1")).status == 200


async def test_the_order_of_questions(ann: Api) -> None:
    """Nobody learns what the next question is before the one before is answered."""
    settings = {
        "only_signed_in": True,
        "only_invited": True,
        "passcode": "1",
        "ip_rules": [{"effect": "deny", "network": "0.0.0.0/0"}],
    }
    meeting = await ann.given_meeting(settings=settings, invitees=[{"email": "bo@example.com"}])
    guest = ann.signed_in(None)
    assert (await knock(guest, {"id": "nowhere"})).code == "not_found"
    assert (await knock(guest, meeting)).code == "unauthenticated"
    cy = await guest.given_user("cy@example.com", "Cy")
    assert "invited" in (await knock(cy, meeting, passcode="1")).body["detail"]
    bo = await guest.given_user("bo@example.com", "Bo")
    assert "passcode" in (await knock(bo, meeting, passcode="2")).body["detail"]
    assert "address" in (await knock(bo, meeting, passcode="1")).body["detail"]


async def test_hosts_cohosts_and_administrators_pass(ann: Api) -> None:
    settings = {"only_invited": True, "passcode": "1", "locked": True, "lobby": True}
    meeting = await ann.given_meeting(settings=settings, invitees=[{"email": "di@example.com", "role": "cohost"}])
    di = await ann.signed_in(None).given_user("di@example.com", "Di")
    admin = await given_admin(ann.signed_in(None))
    assert [(await let_in(who, meeting)).role for who in (ann, di, admin)] == ["host", "cohost", "host"]


@pytest.mark.parametrize("code", ["room_locked", "room_full", "room_ended", "forbidden"])
async def test_what_the_room_would_say_is_said_early(ann: Api, code: Code) -> None:
    meeting = await ann.given_meeting()
    noting = ann.services.rooms
    assert isinstance(noting, NotingRooms)
    noting.refusal = Refusal(code, "no")
    answer = await knock(ann.signed_in(None), meeting)
    assert (answer.code, "Set-Cookie" in answer.headers) == (code, False)


# --- who it is


async def test_a_guests_browser_is_known_again(ann: Api) -> None:
    meeting = await ann.given_meeting()
    guest = ann.signed_in(None)
    first = await knock(guest, meeting)
    cookie = first.headers["Set-Cookie"]
    assert cookie.startswith("meet-visitor=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={limits.VISITOR_LIFE_S}"} <= set(cookie.split("; "))
    keys = ann.services.tickets.verify(first.body["ticket"]).keys
    assert [key[0] for key in keys] == ["v", "a"]
    again = await knock(guest, meeting, "198.51.100.9", name="Somebody else")
    assert "Set-Cookie" not in again.headers
    assert set(keys) & set(ann.services.tickets.verify(again.body["ticket"]).keys) == {keys[0]}
    guest.client.session.cookie_jar.clear()
    other = await knock(guest, meeting, "198.51.100.9")
    assert not set(keys) & set(ann.services.tickets.verify(other.body["ticket"]).keys)


async def test_a_made_up_visitor_is_nobody(ann: Api) -> None:
    meeting = await ann.given_meeting()
    guest = ann.signed_in(None)
    cookie = (await knock(guest, meeting)).headers["Set-Cookie"].partition(";")[0]
    guest.client.session.cookie_jar.clear()
    for forged in (
        f"{cookie}0",
        cookie.replace("=", "=x"),
        "meet-visitor=victim",
        "meet-visitor=victim.",
        "meet-visitor=é.é",
    ):
        answer = await guest.post(f"/meetings/{meeting['id']}/join", {"name": "Cy"}, headers={"Cookie": forged})
        assert "Set-Cookie" in answer.headers, forged
        guest.client.session.cookie_jar.clear()


async def test_the_visitor_cookie_is_the_hosts_alone_over_https(make_api: Make) -> None:
    api = await make_api(public_url="https://meet.example.com")
    meeting = await (await api.given_user()).given_meeting()
    cookie = (await knock(api, meeting)).headers["Set-Cookie"]
    assert cookie.startswith("__Host-meet-visitor=")
    assert cookie.endswith("; Secure")


async def test_an_account_is_known_by_itself_and_by_its_browser(ann: Api) -> None:
    meeting = await ann.given_meeting()
    guest = ann.signed_in(None)
    await knock(guest, meeting)
    claims = await let_in(ann, meeting)
    assert [key[0] for key in claims.keys] == ["u", "v", "a"]
    other = await ann.given_meeting("Other")
    assert not set(claims.keys) & set((await let_in(ann, other)).keys), "nobody is followed from room to room"
