"""Encrypted chat between sockets: what the server takes, passes on, gives back, and does not know."""

import secrets
from typing import Any

import pytest

from tests import e2ee
from tests.integration.socket.conftest import Meeting, Socket

ENCRYPTED = {"settings": {"e2ee": True}}


class Member:
    """A client of the page's words: one socket, one identity key, and the keys that came over the socket."""

    def __init__(self, meeting: Meeting, socket: Socket, ok: dict[str, Any]) -> None:
        self.meeting = meeting
        self.socket = socket
        self.participant: str = ok["participant"]
        self.resume_token: str = ok["resume_token"]
        self.room: str = ok["snapshot"]["room"]["id"]
        self.own = e2ee.identity_from(secrets.randbits(250) + 1)
        self.identities: dict[str, str] = dict(ok["snapshot"]["e2ee"]["keys"])
        self.keys: dict[str, bytes] = {}
        self.seq: int = ok["seq"]
        self._id = 10

    async def ask(self, type_: str, **data: Any) -> dict[str, Any]:
        """The reply; whatever comes before it is taken in."""
        self._id += 1
        await self.socket.say(id=self._id, type=type_, txn=secrets.token_hex(8), data=data)
        while (frame := await self.socket.hear()).get("re") != self._id:
            self.take(frame)
        return frame

    async def publish(self) -> None:
        assert "ok" in await self.ask("e2ee.publish", key=e2ee.public_text(self.own))
        await self.until("e2ee.published")

    def member(self, participant: str) -> e2ee.Member:
        return e2ee.Member(participant, "", self.identities[participant])

    async def share(self, *readers: str) -> tuple[str, bytes]:
        key_id, key = e2ee.text_of(secrets.token_bytes(16)), secrets.token_bytes(32)
        me = e2ee.Member(self.participant, "", e2ee.public_text(self.own))
        wrapped = {
            who: e2ee.wrap(self.own, self.room, me, self.member(who), key_id, key, secrets.token_bytes(12))
            for who in readers
        }
        assert "ok" in await self.ask("e2ee.share", key_id=key_id, wrapped=wrapped)
        return key_id, key

    async def say(self, key_id: str, key: bytes, text: str, **more: Any) -> dict[str, Any]:
        sealed = e2ee.seal(key, self.room, self.participant, key_id, 0, {"text": text}, "send", "")
        return await self.ask("chat.send", ciphertext=sealed, key_id=key_id, **more)

    def take(self, frame: dict[str, Any]) -> None:
        self.seq = frame.get("seq", self.seq)
        data = frame.get("data", {})
        match frame.get("type"):
            case "e2ee.published":
                self.identities[data["participant"]] = data["key"]
            case "participant.left":
                self.identities.pop(data["participant"], None)
            case "e2ee.shared":
                self.take_share(frame["by"], self.identities[frame["by"]], data)
            case _:
                pass

    def take_share(self, by: str, identity: str, data: dict[str, Any]) -> None:
        me = e2ee.Member(self.participant, "", e2ee.public_text(self.own))
        part = data["wrapped"][self.participant]
        self.keys[data["key_id"]] = e2ee.unwrap(
            self.own, self.room, e2ee.Member(by, "", identity), me, data["key_id"], part
        )

    async def until(self, type_: str) -> dict[str, Any]:
        while (frame := await self.socket.hear()).get("type") != type_:
            self.take(frame)
        self.take(frame)
        return frame

    def read(self, by: str, message: dict[str, Any]) -> str:
        opened = e2ee.unseal(
            self.keys[message["key_id"]], self.room, by, message["key_id"], message["ciphertext"], "send", ""
        )
        return str(opened["text"])


@pytest.fixture
async def ann(meeting: Meeting) -> Member:
    """The host of an encrypted meeting, who has published a key."""
    meeting.id = (await meeting.host.create_meeting("Weekly", **ENCRYPTED)).id
    ann = Member(meeting, *await meeting.enter(as_host=True))
    await ann.publish()
    return ann


async def enter(meeting: Meeting, *others: Member) -> Member:
    """Somebody more, of whose key the others have heard."""
    member = Member(meeting, *await meeting.enter())
    await member.publish()
    for other in others:
        await other.until("e2ee.published")
    return member


async def test_members_read_each_other_and_text_is_refused(meeting: Meeting, ann: Member) -> None:
    bo = await enter(meeting, ann)

    assert (await ann.ask("chat.send", text="in clear"))["error"]["code"] == "forbidden"
    key_id, key = await ann.share(ann.participant, bo.participant)
    assert "message_id" in (await ann.say(key_id, key, "for Bo"))["ok"]

    sent = await bo.until("chat.sent")
    assert bo.read(ann.participant, sent["data"]) == "for Bo"


async def test_who_comes_later_reads_nothing_of_before_and_makes_another_key_needed(
    meeting: Meeting, ann: Member
) -> None:
    key_id, key = await ann.share(ann.participant)
    assert "ok" in await ann.say(key_id, key, "alone")
    bo = await enter(meeting, ann)

    again = await ann.say(key_id, key, "not for Bo")

    assert again["error"]["code"] == "conflict"
    assert bo.keys == {}


async def test_a_key_is_only_for_those_it_is_wrapped_for(meeting: Meeting, ann: Member) -> None:
    bo = await enter(meeting, ann)
    cy = await enter(meeting, ann, bo)
    key_id, key = await ann.share(ann.participant, bo.participant)
    assert "ok" in await ann.say(key_id, key, "psst", to=[bo.participant])
    assert (await ann.say(key_id, key, "to all"))["error"]["code"] == "conflict"
    await bo.until("chat.sent")

    assert list(bo.keys) == [key_id]
    assert cy.keys == {}


async def test_a_page_that_is_loaded_again_gets_its_keys_from_the_snapshot(meeting: Meeting, ann: Member) -> None:
    bo = await enter(meeting, ann)
    key_id, key = await ann.share(ann.participant, bo.participant)
    await ann.say(key_id, key, "kept")
    await bo.until("chat.sent")
    await bo.socket.raw.close()

    bo.socket = await meeting.welcomed(bo.room)
    point = {"token": bo.resume_token, "epoch": 2**52, "seq": 2**52}
    await bo.socket.say(id=1, type="hello", data={"resume": point})
    ok = (await bo.socket.hear())["ok"]

    assert not ok["recovered"]
    bo.keys.clear()
    for share in ok["snapshot"]["e2ee"]["shares"]:
        assert list(share["wrapped"]) == [bo.participant]
        bo.take_share(share["by"], share["identity"], share)
    [message] = ok["snapshot"]["chat"]["messages"]
    assert bo.read(ann.participant, message) == "kept"
