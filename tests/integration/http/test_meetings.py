"""Meetings over HTTP: who may do what, and what the room is told."""

from datetime import timedelta
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Unauthenticated
from meetserver.ids import RoomId
from meetserver.messages import Command, Role
from meetserver.network.rules import IpRule
from meetserver.ports import RoomReply
from meetserver.rooms import messages as rooms
from tests.integration.http.conftest import PASSWORD, Api, Make, NotingRooms


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


def asked(api: Api) -> list[Any]:
    noting = api.services.rooms
    assert isinstance(noting, NotingRooms)
    return [command for _, command in noting.asked]


def wake(api: Api, meeting: dict[str, Any]) -> None:
    noting = api.services.rooms
    assert isinstance(noting, NotingRooms)
    noting.live[meeting["room_id"]] = b"{}"


async def test_a_meeting_is_made_with_its_room(ann: Api) -> None:
    wish = {
        "title": "Weekly",
        "description": "What we did\n\twhat we do",
        "starts_at": "2030-02-01T09:00:00+01:00",
        "duration_min": 45,
        "timezone": "Europe/Berlin",
        "settings": {"whiteboard": False, "max_participants": 12, "lobby": False, "passcode": None},
    }
    answer = await ann.post("/meetings", wish)
    made = answer.body
    assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
    assert answer.headers["Location"].endswith(made["id"])
    assert made["join_url"].endswith(f"/m/{made['id']}")
    assert (made["starts_at"], made["timezone"]) == ("2030-02-01T08:00:00.000Z", "Europe/Berlin")
    settings = made["settings"]
    assert (settings["whiteboard"], settings["chat"], settings["max_participants"]) == (False, True, 12)
    assert (await ann.get(f"/meetings/{made['id']}")).body == made


LATER: list[dict[str, Any]] = [
    {"rrule": "FREQ=DAILY"},
    {"settings": {"recording": True}},
    {"settings": {"media": "relay"}},
]


async def test_what_comes_later_is_refused_clearly(ann: Api) -> None:
    for more in LATER:
        answer = await ann.post("/meetings", {"title": "Weekly", **more})
        assert (answer.status, answer.code) == (422, "not_supported"), more


IMPOSSIBLE: list[dict[str, Any]] = [
    {},
    {"title": ""},
    {"title": "  "},
    {"title": "a\x00b"},
    {"title": "a\r\nb"},
    {"title": "\u202eb"},
    {"title": "x" * 201},
    {"title": "x", "description": "a\x00"},
    {"title": "x", "timezone": "Mars/Olympus"},
    {"title": "x", "timezone": "../../etc/passwd"},
    {"title": "x", "starts_at": "2030-01-01T00:00:00"},
    {"title": "x", "starts_at": "0001-01-01T00:00:00+14:00"},
    {"title": "x", "starts_at": "9999-12-31T23:59:59-14:00"},
    {"title": "x", "duration_min": 0},
    {"title": "x", "duration_min": 10**30},
    {"title": "x", "settings": {"max_participants": 0}},
    {"title": "x", "settings": {"colour": "red"}},
    {"title": "x", "settings": {"passcode": "  "}},
    {"title": "x", "settings": {"passcode": "1\u202e2"}},
    {"title": "x", "settings": {"passcode": "x" * 201}},
    {"title": "x", "settings": {"ip_rules": [{"deny": "10.0.0.0/8"}]}},
    {"title": "x", "settings": {"ip_rules": [{"effect": "deny", "network": "10.0.0.0/33"}]}},
    {"title": "x", "settings": {"ip_rules": [{"effect": "deny", "network": "10.0.0.0/8", "roles": ["king"]}]}},
    {"title": "x", "settings": {"ip_rules": [{"effect": "deny", "network": "10.0.0.0/8"}] * 101}},
    {"title": "x", "invitees": [{"email": "bo"}]},
    {"title": "x", "invitees": [{"email": "bo@example.com", "role": "king"}]},
    {"title": "x", "invitees": [{"email": "bo@example.com"}, {"email": "BO@example.com"}]},
    {"title": "x", "color": "red"},
]


async def test_what_cannot_be_is_refused(ann: Api) -> None:
    for wish in IMPOSSIBLE:
        answer = await ann.post("/meetings", wish)
        assert (answer.status, answer.code) == (400, "bad_message"), wish


async def test_what_is_just_possible_is_kept(ann: Api) -> None:
    settings = {
        "passcode": "x" * limits.PASSCODE_CHARS,
        "ip_rules": [{"effect": "deny", "network": "10.0.0.0/8", "roles": [], "note": "n" * limits.IP_RULE_NOTE_CHARS}]
        * limits.MEETING_IP_RULES,
    }
    assert (await ann.given_meeting(settings=settings))["settings"].items() >= settings.items()


@pytest.mark.both_databases
async def test_the_list_pages_newest_first(ann: Api, clock: ManualClock) -> None:
    for number in range(5):
        await ann.given_meeting(f"Meeting {number}")
        clock.advance(number % 2)  # some of them are made in the same moment
    page = (await ann.get("/meetings?limit=2")).body
    seen = [meeting["title"] for meeting in page["items"]]
    while page["next"] is not None:
        page = (await ann.get("/meetings", params={"limit": "2", "cursor": page["next"]})).body
        seen += [meeting["title"] for meeting in page["items"]]
    assert len(seen) == len(set(seen)) == 5
    assert seen[0] == "Meeting 4"
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    assert (await bo.get("/meetings")).body == {"items": [], "next": None}


async def test_a_query_that_cannot_be_is_refused(ann: Api) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "limit=1&limit=2", "colour=red"):
        assert (await ann.get(f"/meetings?{query}")).code == "bad_message", query


async def test_a_patch_changes_what_it_names_and_null_clears(ann: Api) -> None:
    made = await ann.given_meeting(description="old", duration_min=30, settings={"chat": False, "max_participants": 7})
    path = f"/meetings/{made['id']}"
    await ann.patch(path, {"description": "old"})
    assert asked(ann) == [], "a room that sleeps is not woken for it"
    wake(ann, made)
    answer = await ann.patch(path, {"title": "Daily", "duration_min": None, "settings": {"chat": None}})
    changed = answer.body
    assert (changed["title"], changed["description"], changed["duration_min"]) == ("Daily", "old", None)
    assert (changed["settings"]["chat"], changed["settings"]["max_participants"]) == (True, 7)
    assert (changed["version"], answer.headers["ETag"]) == (2, '"2"')
    assert asked(ann) == [rooms.Configure("Daily", rooms.Settings(max_participants=7))]
    assert (await ann.patch(path, {"title": None})).code == "bad_message"


async def test_the_room_is_told_the_address_rules_and_no_passcode(ann: Api) -> None:
    made = await ann.given_meeting()
    wake(ann, made)
    rule = {"effect": "deny", "network": "192.0.2.0/24"}
    await ann.patch(f"/meetings/{made['id']}", {"settings": {"passcode": "1234", "lobby": True, "ip_rules": [rule]}})
    told = rooms.Configure("Weekly", rooms.Settings(lobby=True), (IpRule("deny", "192.0.2.0/24"),))
    assert asked(ann) == [told]


async def test_if_match_guards_a_change(ann: Api) -> None:
    made = await ann.given_meeting()
    path = f"/meetings/{made['id']}"
    assert (await ann.patch(path, {"title": "B"}, headers={"If-Match": '"1"'})).status == 200
    late = await ann.patch(path, {"title": "C"}, headers={"If-Match": '"1"'})
    assert (late.status, late.code) == (412, "conflict")
    assert (await ann.delete(path, headers={"If-Match": '"1"'})).status == 412
    assert (await ann.patch(path, {"title": "C"}, headers={"If-Match": "old"})).code == "bad_message"
    assert (await ann.delete(path, headers={"If-Match": '"2"'})).status == 204


async def test_deleting_ends_the_room_first(ann: Api) -> None:
    made = await ann.given_meeting()
    assert (await ann.delete(f"/meetings/{made['id']}")).status == 204
    assert asked(ann) == [rooms.End()]
    assert (await ann.get(f"/meetings/{made['id']}")).code == "not_found"


async def test_others_see_nothing_and_administrators_everything(make_api: Make) -> None:
    api = await make_api(admin_email="root@example.com", admin_password=PASSWORD)
    await api.services.accounts.ensure_admin()
    ann = await api.given_user()
    path = f"/meetings/{(await ann.given_meeting())['id']}"
    bo = await api.given_user("bo@example.com", "Bo")
    for answer in (await bo.get(path), await bo.patch(path, {"title": "Mine"}), await bo.delete(path)):
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await api.get(path)).code == "unauthenticated"
    admin = api.signed_in((await api.log_in("root@example.com")).body["access_token"])
    assert (await admin.get(path)).status == 200


async def test_the_door_shows_whom_one_visits(ann: Api) -> None:
    made = await ann.given_meeting()
    door = await ann.signed_in(None).get(f"/meetings/{made['id']}/door")
    assert door.body == {"title": "Weekly", "host_name": "Ann", "needs": []}
    assert (await ann.get("/meetings/nowhere/door")).code == "not_found"


async def test_the_owner_joins_as_host_and_others_do_not(ann: Api) -> None:
    made = await ann.given_meeting()
    path, tickets = f"/meetings/{made['id']}/join", ann.services.tickets
    admission = (await ann.post(path, {})).body
    assert admission["room_id"] == made["room_id"]
    assert admission["ws_url"] == str(ann.client.make_url(f"/ws/v1/rooms/{made['room_id']}")).replace("http", "ws")
    assert admission["media"] == {"mode": "mesh"}
    host = tickets.verify(admission["ticket"])
    assert (host.role, host.name, host.room, host.user) == ("host", "Ann", made["room_id"], made["owner_id"])

    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    member = tickets.verify((await bo.post(path, {"name": "Bobby"})).body["ticket"])
    assert (member.role, member.name) == ("participant", "Bobby")

    guest = ann.signed_in(None)
    visitor = tickets.verify((await guest.post(path, {"name": "Cy"})).body["ticket"])
    assert (visitor.role, visitor.name, visitor.user) == ("participant", "Cy", None)
    assert (await guest.post(path, {})).code == "bad_message"
    assert (await guest.post(path, {"name": "\u202eCy"})).code == "bad_message"


async def test_a_ticket_runs_out(ann: Api, clock: ManualClock) -> None:
    made = await ann.given_meeting()
    ticket = (await ann.post(f"/meetings/{made['id']}/join", {})).body["ticket"]
    clock.advance(timedelta(seconds=31).total_seconds())
    with pytest.raises(Unauthenticated):
        ann.services.tickets.verify(ticket)


async def test_a_public_url_is_what_links_start_with(make_api: Make) -> None:
    api = await make_api(public_url="https://meet.example.com/")
    ann = await api.given_user()
    made = await ann.given_meeting()
    assert made["join_url"] == f"https://meet.example.com/m/{made['id']}"
    admission = (await ann.post(f"/meetings/{made['id']}/join", {})).body
    assert admission["ws_url"] == f"wss://meet.example.com/ws/v1/rooms/{made['room_id']}"


@pytest.mark.both_databases
async def test_of_two_changes_at_once_the_room_ends_with_what_is_stored(
    ann: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's word to the room may come after the second one's."""
    meeting = await ann.given_meeting()
    noting = ann.services.rooms
    assert isinstance(noting, NotingRooms)
    noting.live[meeting["room_id"]] = b"{}"
    ask = noting.ask

    async def slow_at_first(room: RoomId, command: Command, *, role: Role = "host") -> RoomReply | None:
        monkeypatch.setattr(noting, "ask", ask)
        assert (await ann.patch(f"/meetings/{meeting['id']}", {"title": "Second"})).status == 200
        return await ask(room, command, role=role)

    monkeypatch.setattr(noting, "ask", slow_at_first)
    answer = await ann.patch(f"/meetings/{meeting['id']}", {"title": "First"})
    assert answer.body["title"] == "First"
    told = [command.title for _, command in noting.asked if isinstance(command, rooms.Configure)]
    assert told == ["Second", "First", "Second"]
