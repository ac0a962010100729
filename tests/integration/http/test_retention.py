"""A meeting's past goes when it is as old as the meeting, or the server, lets it become."""

from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.errors import Unavailable
from meetserver.ids import SERVER, MeetingId, ParticipantId, RoomId
from meetserver.messages import Command, Event
from meetserver.ports import RoomReply
from meetserver.rooms.messages import Bar, Barred, Configure, Expire, Expired, Left, Settings, Unbanned
from meetserver.rooms.settings import configure
from meetserver.rooms.state import empty
from meetserver.rooms.thinner import Thinner
from meetserver.whiteboard.messages import Applied, Put
from tests.integration.http.conftest import Api, Make
from tests.integration.http.test_history import BO, CY, Room, texts

DAY_S = 86_400


class Told(Room):
    """A room that is told to let its past go, and does."""

    async def ask(self, room: RoomId, command: Command, **_: object) -> RoomReply | None:
        assert isinstance(command, Expire)
        if room != self.id:
            raise Unavailable("another room")
        await self.happens(SERVER, Expired(command.until))
        return None

    async def forgets(self, server_days: int = 0) -> None:
        services = self.owner.services
        kept = services.database, services.keys
        log: Any = services.history
        rooms: Any = self
        expiry, erasure, files = SqlLogExpiry(*kept), SqlLogErasure(*kept), services.chat_files
        await Thinner(server_days, rooms, log, expiry, erasure, files, services.clock).run()


async def given(make_api: Make, days: int | None = 30) -> Told:
    ann = await (await make_api()).given_user()
    return Told(ann, await ann.given_meeting(settings={"retention_days": days}))


async def with_a_past(room: Told, clock: ManualClock) -> Told:
    """Five entries from 40 days ago, four from today."""
    await room.happens(SERVER, configured())
    await room.joins(BO)
    await room.says(BO, "long ago")
    await room.happens(BO, Applied([Put("a", {"kind": "rect", "x": 1, "y": 1, "w": 2, "h": 2})]))
    await room.happens(BO, Left(BO, "bye"))
    clock.advance(40 * DAY_S)
    await room.joins(CY)
    await room.says(CY, "today")
    room.owner = room.owner.signed_in((await room.owner.log_in()).body["access_token"])
    return room


def configured() -> Event:
    (event,) = configure(empty(RoomId(""), MeetingId("")), Configure("Weekly", Settings(retention_days=30)))
    return event


@pytest.mark.both_databases
async def test_of_what_has_gone_nothing_is_shown(make_api: Make, clock: ManualClock) -> None:
    room = await with_a_past(await given(make_api), clock)
    ann, path = room.owner, room.path
    await room.forgets()
    messages = await ann.get(f"{path}/messages")
    assert (texts(messages), messages.body["next"], messages.body["expired_until"]) == (["today"], None, 5)
    assert texts(await ann.get(f"{path}/messages?after=0")) == ["today"]
    events = (await ann.get(f"{path}/events?after=0")).body
    assert [event["seq"] for event in events["items"]] == [6, 7, 8]
    assert (events["items"][-1]["type"], events["expired_until"]) == ("room.expired", 5)
    attended = (await ann.get(f"{path}/attendance")).body
    assert [one["name"] for one in attended["people"]] == ["Cy"]
    assert (attended["is_whole"], attended["expired_until"]) == (False, 5)
    minutes = (await ann.get(f"{path}/minutes")).body
    assert (len(minutes["messages"]), minutes["has_all_messages"], minutes["expired_until"]) == (1, False, 5)
    assert "not kept any more" in (await ann.get(f"{path}/minutes.html")).body.decode()


@pytest.mark.both_databases
async def test_the_past_begins_where_the_log_does_and_the_board_is_what_it_was(
    make_api: Make, clock: ManualClock
) -> None:
    room = await with_a_past(await given(make_api), clock)
    ann, path = room.owner, room.path
    await room.forgets()
    for at in ("0", "4", "2000-01-01T00:00:00Z"):
        for what in ("state", "whiteboard"):
            refused = await ann.get(f"{path}/{what}", params={"at": at})
            assert (refused.status, refused.code) == (410, "history_expired"), at
    for at in ("5", "6", "8", START.replace(year=START.year + 1).isoformat()):
        shown = (await ann.get(f"{path}/state", params={"at": at})).body["snapshot"]
        assert [one["id"] for one in shown["whiteboard"]["pages"]["1"]] == ["a"], at
        assert "long ago" not in str(shown)
    assert (await ann.get(f"{path}/state")).body["snapshot"]["room"]["expired_until"] == 5
    assert (await ann.get(f"{path}/whiteboard")).body["seq"] == 8


@pytest.mark.both_databases
async def test_what_is_kept_for_good_and_what_is_young_stays(make_api: Make, clock: ManualClock) -> None:
    room = await with_a_past(await given(make_api, None), clock)
    for server_days in (0, 41):
        await room.forgets(server_days)
        assert texts(await room.owner.get(f"{room.path}/messages")) == ["long ago", "today"]
    await room.forgets(39)
    assert texts(await room.owner.get(f"{room.path}/messages")) == ["today"]


async def test_it_may_go_while_it_is_read(make_api: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    room = await with_a_past(await given(make_api), clock)
    history: Any = room.owner.services.history
    snapshot_at = history.snapshot_at

    async def slowly(id_: RoomId, seq: int) -> object:
        monkeypatch.setattr(history, "snapshot_at", snapshot_at)
        found = await snapshot_at(id_, seq)
        await room.forgets()
        return found

    monkeypatch.setattr(history, "snapshot_at", slowly)
    shown = await room.owner.get(f"{room.path}/whiteboard")
    assert (shown.status, shown.body["seq"]) == (200, 7)
    assert [one["id"] for one in shown.body["pages"][0]["elements"]] == ["a"]


async def test_other_rooms_have_their_turn(make_api: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one statement finds; those that cannot be told are left as they are."""
    monkeypatch.setattr(limits, "RETENTION_ROOMS", 1)
    room = await given(make_api)
    others = [Told(room.owner, await room.owner.given_meeting(settings={"retention_days": 1})) for _ in range(3)]
    for other in others:
        await other.says(BO, "long ago")
    await with_a_past(room, clock)
    await room.forgets()
    assert texts(await room.owner.get(f"{room.path}/messages")) == ["today"]
    assert texts(await room.owner.get(f"{others[0].path}/messages")) == ["long ago"]


async def test_who_was_sent_out_long_ago_reads_nothing(make_api: Make, clock: ManualClock) -> None:
    room = await given(make_api)
    bo = await room.owner.given_user("bo@example.com", "Bo")
    await room.joins(BO, (await bo.get("/users/me")).body["id"])
    await room.happens(SERVER, Barred(Bar("b1", "Bo", "banned", (), ParticipantId("ann"), "", BO)))
    clock.advance(40 * DAY_S)
    await room.forgets()
    bo = bo.signed_in((await bo.log_in("bo@example.com")).body["access_token"])
    assert (await bo.get(f"{room.path}/messages")).status == 404
    await room.happens(SERVER, Unbanned("b1"))
    assert (await bo.get(f"{room.path}/messages")).status == 200


@pytest.mark.parametrize("days", [0, -1, limits.RETENTION_DAYS + 1, 1.5, "3"])
async def test_days_that_are_none_are_refused(api: Api, days: object) -> None:
    ann = await api.given_user()
    answer = await ann.post("/meetings", {"title": "Weekly", "settings": {"retention_days": days}})
    assert (answer.status, answer.code) == (400, "bad_message")


async def test_the_owner_says_for_how_long(api: Api) -> None:
    ann = await api.given_user()
    meeting = await ann.given_meeting()
    for days in (1, limits.RETENTION_DAYS, None):
        changed = await ann.patch(f"/meetings/{meeting['id']}", {"settings": {"retention_days": days}})
        assert changed.body["settings"]["retention_days"] == days
