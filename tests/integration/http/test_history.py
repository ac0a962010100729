"""A room's past over HTTP: who may read, what they see, and how it pages."""

import hashlib
from typing import Any

import msgspec
import pytest

from meetserver import limits
from meetserver.chat.messages import Deleted, Edited, Reacted, Sent
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId, UserId
from meetserver.messages import Event
from meetserver.ports import Commit, Entry, OpenSession, Pieces
from meetserver.rooms.messages import Bar, Barred, Joined, Participant, Unbanned, Waiting
from meetserver.whiteboard.messages import Applied, Put
from meetserver.wire import encode, timestamp
from tests.integration.http.conftest import Api, NotingRooms
from tests.integration.http.statements import statements_of

pytestmark = pytest.mark.both_databases

BO, CY = ParticipantId("bo"), ParticipantId("cy")


class Room:
    """A meeting's room whose log the test writes."""

    def __init__(self, owner: Api, meeting: dict[str, Any]) -> None:
        self.owner = owner
        self.id = RoomId(meeting["room_id"])
        self.path = f"/meetings/{meeting['id']}"
        self._epoch = 0
        self._seq = 0

    @property
    def _log(self) -> Any:
        return self.owner.services.history

    async def happens(
        self,
        by: ParticipantId,
        event: Event,
        opened: tuple[OpenSession, ...] = (),
        closed: tuple[SessionId, ...] = (),
    ) -> None:
        if not self._epoch:
            self._epoch = (await self._log.start(self.id, ShardId("test"), 1)).epoch
        to = event.addressees()
        entry = Entry(
            epoch=self._epoch,
            seq=self._seq + 1,
            at=self.owner.services.clock.now(),
            by=by,
            type=event.type,
            v=event.version,
            data=encode(event),
            to=None if to is None else tuple(sorted(to)),
            txn=f"txn-{self._seq + 1}",
            subject=event.subject(),
        )
        commit = Commit(self.id, self._epoch, self._seq, (entry,), opened, closed=closed)
        assert await self._log.commit([commit]) == [None]
        self._seq += 1

    async def joins(
        self, who: ParticipantId, user: str | None = None, *, waits: bool = False, name: str | None = None
    ) -> str:
        """The resume token. `waits`: no farther than into the lobby."""
        session, token = SessionId(f"{who}-session"), f"{who}-resume-token"
        at = timestamp(self.owner.services.clock.now())
        shown = Participant(who, session, name or who.title(), "participant", at)
        opened = OpenSession(
            session,
            who,
            hashlib.sha256(token.encode()).digest(),
            f"{who}-ticket",
            UserId(user) if user else None,
            is_waiting=waits,
        )
        await self.happens(who, Waiting(shown) if waits else Joined(shown), (opened,))
        return token

    async def says(self, who: ParticipantId, text: str, to: list[str] | None = None) -> None:
        await self.happens(who, Sent(message_id=f"{self._seq + 1}-k", name=who.title(), text=text, to=to))


@pytest.fixture
async def room(api: Api) -> Room:
    ann = await api.given_user()
    return Room(ann, await ann.given_meeting())


def texts(answer: Any) -> list[str]:
    assert answer.status == 200, answer
    return [item["text"] for item in answer.body["items"]]


async def test_chat_pages_backwards_from_the_newest(room: Room) -> None:
    for number in range(7):
        await room.says(BO, f"text {number}")
    first = await room.owner.get(f"{room.path}/messages?limit=3")
    assert texts(first) == ["text 4", "text 5", "text 6"]
    assert set(first.body["items"][0]) >= {"message_id", "seq", "at", "by", "text"}
    second = await room.owner.get(f"{room.path}/messages?limit=3&cursor={first.body['next']}")
    assert texts(second) == ["text 1", "text 2", "text 3"]
    assert texts(await room.owner.get(f"{room.path}/messages?before=3")) == ["text 0", "text 1"]
    last = await room.owner.get(f"{room.path}/messages?limit=3&cursor={second.body['next']}")
    assert (texts(last), last.body["next"]) == (["text 0"], None)


@pytest.mark.parametrize("path", ["messages?limit=1", "messages?limit=1&after=0", "events?limit=1"])
async def test_others_private_messages_do_not_cost_a_statement_each(room: Room, path: str) -> None:
    await room.says(BO, "to all")
    for _ in range(40):
        await room.says(BO, "to Cy", to=[CY])
    await room.says(BO, "to all")
    with statements_of(room.owner.services.database) as sent:
        first = await room.owner.get(f"{room.path}/{path}")
        second = await room.owner.get(f"{room.path}/{path}&cursor={first.body['next']}")
    seen = {item["seq"] for answer in (first, second) for item in answer.body["items"]}
    assert seen == {1, 42}
    assert len(sent) < 40


async def test_chat_pages_forwards_after_a_seq(room: Room) -> None:
    for number in range(5):
        await room.says(BO, f"text {number}")
    first = await room.owner.get(f"{room.path}/messages?after=1&limit=2")
    assert texts(first) == ["text 1", "text 2"]
    rest = await room.owner.get(f"{room.path}/messages?limit=2&cursor={first.body['next']}")
    assert texts(rest) == ["text 3", "text 4"]


async def test_messages_are_as_they_became(room: Room) -> None:
    for number in range(3):
        await room.says(BO, f"text {number}")
    await room.happens(BO, Edited("1-k", "edited"))
    await room.happens(CY, Reacted("2-k", "\N{SNOWMAN}", True, CY))
    await room.happens(BO, Deleted("3-k"))
    items = (await room.owner.get(f"{room.path}/messages")).body["items"]
    assert [item["text"] for item in items] == ["edited", "text 1", ""]
    assert items[1]["reactions"] == [{"emoji": "\N{SNOWMAN}", "by": ["cy"]}]
    assert "edited_at" in items[0]
    assert "deleted_at" in items[2]


async def test_what_was_deleted_is_empty_in_every_past(room: Room) -> None:
    await room.says(BO, "a secret")
    await room.happens(BO, Edited("1-k", "still a secret"))
    await room.happens(BO, Deleted("1-k"))
    for path in ("events", "state", "state?at=1", "state?at=2"):
        answer = await room.owner.get(f"{room.path}/{path}")
        assert answer.status == 200
        assert "secret" not in str(answer.body), path


async def test_the_newest_events_of_some_types(room: Room) -> None:
    for who in (BO, CY):
        await room.joins(who)  # seqs 1 and 2
        await room.says(who, "hello")
        await room.happens(who, Applied([Put("a", {"kind": "line", "x1": 0, "y1": 0, "x2": 1, "y2": 1})]))
    await room.says(CY, "to Bo alone", to=[BO])

    async def seqs(query: str) -> tuple[list[int], str | None]:
        answer = await room.owner.get(f"{room.path}/events?{query}")
        assert answer.status == 200, answer
        return [one["seq"] for one in answer.body["items"]], answer.body["next"]

    assert await seqs("types=participant.joined,chat.sent") == ([1, 2, 4, 5], None)
    assert await seqs("types=participant.joined&before=4") == ([1], None)
    assert await seqs("types=participant.joined,chat.sent&after=2") == ([4, 5], None)
    assert await seqs("types=participant.joined,participant.joined,chat.sent&limit=2") == ([5], "b5")
    assert await seqs("types=participant.joined,chat.sent&limit=2&cursor=b5") == ([2, 4], "b2")
    too_many = ",".join(["a"] * (limits.EVENT_TYPES + 1))
    for wrong in (too_many, "", "a,", "A", "%00"):
        assert (await room.owner.get(f"{room.path}/events?types={wrong}")).status == 400, wrong


@pytest.mark.parametrize("order", ["after=0", "before=99"])
async def test_much_said_about_messages_makes_short_pages(
    room: Room, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(limits, "ABOUT_ENTRIES", 4)
    monkeypatch.setattr(limits, "SEARCH_ENTRIES", 4)
    for number in range(3):
        await room.says(BO, f"text {number}")
    for number in range(3):
        for text in ("once", "twice", f"edited {number}"):
            await room.happens(BO, Edited(f"{number + 1}-k", text))
    found: list[str] = []
    answer = await room.owner.get(f"{room.path}/messages?{order}")
    while answer.body["next"]:
        assert len(texts(answer)) <= 1
        found += texts(answer)
        answer = await room.owner.get(f"{room.path}/messages?cursor={answer.body['next']}")
    assert sorted(found + texts(answer)) == ["edited 0", "edited 1", "edited 2"]


async def test_private_messages_are_for_those_they_are_for(room: Room) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    await room.joins(BO, (await bo.get("/users/me")).body["id"])
    token = await room.joins(CY)
    await room.says(CY, "to all")
    await room.says(CY, "to Bo", to=[BO])
    for path in ("messages", "events"):
        assert "to Bo" not in str((await room.owner.get(f"{room.path}/{path}")).body), "not even for the owner"
        assert "to Bo" in str((await bo.get(f"{room.path}/{path}")).body)
        guest = await room.owner.signed_in(None).get(
            f"{room.path}/{path}", headers={"Authorization": f"Session {token}"}
        )
        assert "to Bo" in str(guest.body), "its author"


async def test_events_follow_the_log(room: Room) -> None:
    await room.joins(BO)
    for number in range(4):
        await room.says(BO, f"text {number}")
    page = (await room.owner.get(f"{room.path}/events?after=1&limit=2")).body
    assert [(event["seq"], event["type"]) for event in page["items"]] == [(2, "chat.sent"), (3, "chat.sent")]
    assert set(page["items"][0]) == {"type", "epoch", "seq", "at", "by", "data"}
    rest = (await room.owner.get(f"{room.path}/events?cursor={page['next']}")).body
    assert ([event["seq"] for event in rest["items"]], rest["next"]) == ([4, 5], None)


async def test_the_state_is_the_log_folded_up_to_a_seq_or_a_time(room: Room) -> None:
    await room.joins(BO)
    await room.says(BO, "early")
    early = timestamp(room.owner.services.clock.now())
    room.owner.services.clock.advance(60)  # type: ignore[attr-defined]
    await room.says(BO, "late")
    now = (await room.owner.get(f"{room.path}/state")).body
    assert now["seq"] == 3
    assert [m["text"] for m in now["snapshot"]["chat"]["messages"]] == ["early", "late"]
    for at in ("2", early):
        then = (await room.owner.get(f"{room.path}/state", params={"at": at})).body
        assert then["seq"] == 2
        assert [m["text"] for m in then["snapshot"]["chat"]["messages"]] == ["early"]


async def test_before_its_first_entry_the_state_is_the_calendar_entry(room: Room) -> None:
    answer = await room.owner.get(f"{room.path}/state")
    assert (answer.body["seq"], answer.body["snapshot"]["room"]["title"]) == (0, "Weekly")


async def test_a_room_that_is_awake_is_asked_itself(room: Room) -> None:
    noting = room.owner.services.rooms
    assert isinstance(noting, NotingRooms)
    noting.live[room.id] = b'{"live":true}'
    assert (await room.owner.get(f"{room.path}/state")).body["snapshot"] == {"live": True}


async def test_a_part_of_a_room_that_is_awake_is_asked_of_itself(room: Room) -> None:
    noting = room.owner.services.rooms
    assert isinstance(noting, NotingRooms)
    noting.parts[room.id] = Pieces(7, iter([b"", b'{"pages"', b"", b":{}}"]))

    answer = await room.owner.get(f"{room.path}/state?part=whiteboard")

    assert answer.body == {"seq": 7, "snapshot": {"pages": {}}}
    assert answer.headers["ETag"] == '"whiteboard-7"'


async def test_a_guest_fetches_a_part_that_was_too_big_for_a_frame(room: Room) -> None:
    token = await room.joins(BO)
    await room.happens(BO, Applied([Put("e1", {"kind": "line", "note": "x" * 20_000})]))
    guest, headers = room.owner.signed_in(None), {"Authorization": f"Session {token}"}
    answer = await guest.get(f"{room.path}/state?part=whiteboard", headers=headers)
    assert (answer.status, answer.body["seq"]) == (200, 2)
    assert "e1" in str(msgspec.json.encode(answer.body["snapshot"]))
    again = await guest.get(
        f"{room.path}/state?part=whiteboard", headers={**headers, "If-None-Match": answer.headers["ETag"]}
    )
    assert again.status == 304
    plain = await guest.get(f"{room.path}/state?part=whiteboard", headers={**headers, "Accept-Encoding": "identity"})
    assert (answer.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert plain.body == answer.body
    wrong = await guest.get(f"{room.path}/state?part=whiteboard", headers={"Authorization": "Session wrong"})
    assert wrong.code == "unauthenticated"
    other = await room.owner.given_meeting("Other")
    assert (await guest.get(f"/meetings/{other['id']}/state", headers=headers)).code == "unauthenticated"


async def test_strangers_read_nothing(room: Room) -> None:
    await room.says(BO, "text")
    eve = await room.owner.signed_in(None).given_user("eve@example.com", "Eve")
    for part in ("messages", "events", "state"):
        assert (await eve.get(f"{room.path}/{part}")).code == "not_found"
        assert (await eve.signed_in(None).get(f"{room.path}/{part}")).code == "unauthenticated"


IMPOSSIBLE = [
    "messages?before=-1",
    f"messages?before={2**64}",
    "messages?limit=0",
    "messages?cursor=c1",
    "messages?q=",
    f"messages?q={'x' * (limits.SEARCH_CHARS + 1)}",
    "events?after=x",
    "events?after=null",
    "events?limit=501",
    "state?at=yesterday",
    "state?at=2030-01-01T00:00:00",
    "state?at=0001-01-01T00:00:00%2B14:00",
    "state?part=chat",
    "state?at=",
]


@pytest.mark.parametrize("path", ["messages", "events", "state"])
async def test_who_came_no_farther_than_the_lobby_reads_nothing(room: Room, path: str) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    token = await room.joins(BO, (await bo.get("/users/me")).body["id"], waits=True)
    assert (await bo.get(f"{room.path}/{path}")).status == 404
    guest = room.owner.signed_in(None)
    assert (await guest.get(f"{room.path}/{path}", headers={"Authorization": f"Session {token}"})).status == 401


async def test_a_query_that_cannot_be_is_refused(room: Room) -> None:
    for query in IMPOSSIBLE:
        assert (await room.owner.get(f"{room.path}/{query}")).code == "bad_message", query


async def test_who_was_sent_out_reads_no_more_until_that_is_lifted(room: Room) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    me = (await bo.get("/users/me")).body["id"]
    await room.joins(BO, me)
    await room.joins(CY)
    assert (await bo.get(f"{room.path}/events")).status == 200
    bar = Bar("bar1", "Bo", "removed", ("u:bo",), CY, timestamp(room.owner.services.clock.now()), BO)
    await room.happens(CY, Barred(bar))
    for part in ("messages", "events", "state"):
        assert (await bo.get(f"{room.path}/{part}")).code == "not_found"
    assert (await room.owner.get(f"{room.path}/events")).status == 200
    await room.happens(CY, Unbanned("bar1"))
    assert (await bo.get(f"{room.path}/events")).status == 200


@pytest.mark.parametrize("was_inside", [True, False])
async def test_who_was_sent_out_of_the_lobby_reads_no_more_either(room: Room, was_inside: bool) -> None:
    """In one tab they may be inside while the other waits; and who is invited could read without coming in."""
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    me = (await bo.get("/users/me")).body["id"]
    assert (await room.owner.post(f"{room.path}/invitees", {"email": "bo@example.com"})).status == 201
    if was_inside:
        await room.joins(BO, me)
    await room.joins(CY, me, waits=True)
    assert (await bo.get(f"{room.path}/events")).status == 200
    bar = Bar("bar1", "Bo", "banned", ("u:bo",), BO, timestamp(room.owner.services.clock.now()), CY)
    await room.happens(BO, Barred(bar))
    assert (await bo.get(f"{room.path}/events")).code == "not_found"
