"""Files of messages over HTTP: who gets them is who may see a message that has them."""

from base64 import b64encode
from typing import Any

import pytest

from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.chat.messages import Attachment, Deleted, Sent
from meetserver.ids import FileId, MeetingId, ParticipantId
from meetserver.ports import FileWish
from tests.integration.http import statements
from tests.integration.http.conftest import Answer, Api
from tests.integration.http.test_history import BO, Room

CEM = ParticipantId("cem")

uncached = statements.uncached


class World:
    """Ann's meeting; Bo, who is signed in, and Cem, a guest, are in its room."""

    def __init__(self, ann: Api, bo: Api, room: Room, tokens: dict[str, str]) -> None:
        self.ann = ann
        self.bo = bo
        self.room = room
        self.meeting = room.path.rpartition("/")[2]
        self._tokens = tokens

    def as_session(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Session {self._tokens[who]}"}

    async def bo_brings(self, *, for_chat: bool = True, name: str = "plans.txt") -> str:
        params = {"for_chat": str(for_chat).lower()}
        answer = await self.bo.bring(self.meeting, b"the plans", name, headers=self.as_session(BO), params=params)
        assert answer.status == 201, answer
        return str(answer.body["id"])

    async def bo_sends(self, *files: str, to: list[str] | None = None, reaches_the_log: bool = True) -> None:
        """As his room does: the files are claimed, then the message is in the log."""
        services, txn = self.ann.services, f"txn-{self.room._seq + 1}"
        user = (await self.bo.get("/users/me")).body["id"]
        wish = FileWish(BO, txn, user, files, to is not None)
        (found,) = await services.chat_files.claim(self.room.id, MeetingId(self.meeting), [wish])
        shown = [Attachment(one.id, one.name, one.media_type, one.size_bytes) for one in found.files]
        if reaches_the_log:
            await self.room.happens(BO, Sent(f"{self.room._seq + 1}-k", "Bo", text="see", files=shown, to=to))

    async def gets(self, who: str, file: str) -> Answer:
        return await self.ann.get(f"/files/{file}/content", headers=self.as_session(who))

    async def list_of(self, who: str) -> list[str]:
        answer = await self.ann.get(f"/meetings/{self.meeting}/files", headers=self.as_session(who))
        return [one["id"] for one in answer.body["items"]]

    async def reach(self, file: str) -> set[str]:
        """Who gets it, and sees it in the meeting's list: always the same people."""
        got = {who for who in self._tokens if (await self.gets(who, file)).status == 200}
        assert got == {who for who in self._tokens if file in await self.list_of(who)}
        owner = (await self.ann.get(f"/files/{file}")).status == 200
        return got | ({"owner"} if owner else set())


EVERYBODY = {"owner", BO, CEM, "dan"}


@pytest.fixture
async def world(api: Api) -> World:
    ann, bo = await api.given_user(), await api.given_user("bo@example.com", "Bo")
    room = Room(ann, await ann.given_meeting())
    user = (await bo.get("/users/me")).body["id"]
    tokens: dict[str, Any] = {BO: await room.joins(BO, user)}
    tokens |= {who: await room.joins(ParticipantId(who)) for who in (CEM, "dan")}
    return World(ann, bo, room, tokens)


@pytest.mark.both_databases
async def test_what_is_not_sent_yet_is_its_bringer_s(world: World) -> None:
    file = await world.bo_brings()
    assert await world.reach(file) == {BO}
    assert (await world.bo.get(f"/files/{file}")).body["name"] == "plans.txt", "also by the account alone"
    answer = await world.gets(CEM, file)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.both_databases
async def test_a_private_message_s_file_is_for_those_who_see_it(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file, to=[CEM])
    assert await world.reach(file) == {BO, CEM}
    for path in ("thumbnail", "link", "parts"):
        method = "POST" if path == "link" else "GET"
        answer = await world.ann.request(method, f"/files/{file}/{path}", headers=world.as_session("dan"))
        assert (answer.status, answer.code) == (404, "not_found"), path
    assert (await world.ann.delete(f"/files/{file}")).status == 404, "nor does who moderates know of it"


async def test_what_everybody_was_sent_everybody_gets(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file, to=[CEM])
    await world.bo_sends(file)
    assert await world.reach(file) == EVERYBODY


async def test_what_was_deleted_nobody_gets_before_it_is_emptied(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file)
    first = world.room._seq
    await world.bo_sends(file, to=[CEM])
    await world.room.happens(BO, Deleted(f"{first}-k"))
    assert await world.reach(file) == {BO, CEM}, "a message to Cem has it as well"
    await world.room.happens(BO, Deleted(f"{first + 1}-k", [CEM]))
    assert await world.reach(file) == {BO}


async def test_what_has_expired_nobody_gets_though_it_is_there_still(uncached: None, world: World) -> None:
    file, kept = await world.bo_brings(), await world.bo_brings()
    await world.bo_sends(file)
    expiry = SqlLogExpiry(world.ann.services.database, world.ann.services.keys)
    await expiry.set_base(world.room.id, world.room._seq, b"the room as it was")
    await world.bo_sends(kept)
    assert await world.reach(file) == {BO}
    assert await world.reach(kept) == EVERYBODY


async def test_what_did_not_reach_the_log_was_not_sent(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file, to=[CEM], reaches_the_log=False)
    assert await world.reach(file) == {BO}


async def test_the_meeting_s_own_file_becomes_private_with_its_message(world: World) -> None:
    file = await world.bo_brings(for_chat=False)
    assert await world.reach(file) == EVERYBODY
    await world.bo_sends(file, to=[CEM])
    assert await world.reach(file) == {BO, CEM}


async def test_the_meeting_s_own_file_stays_so_in_a_message_to_all(world: World) -> None:
    file = await world.bo_brings(for_chat=False)
    await world.bo_sends(file)
    assert await world.reach(file) == EVERYBODY
    minutes = (await world.ann.get(f"{world.room.path}/minutes")).body
    assert [one["name"] for one in minutes["files"]] == ["plans.txt"]


async def test_minutes_tell_of_what_their_reader_sees(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file, to=[CEM])
    assert (await world.ann.get(f"{world.room.path}/minutes")).body["files"] == []
    seen = (await world.ann.get(f"{world.room.path}/minutes", headers=world.as_session(CEM))).body["files"]
    assert [one["id"] for one in seen] == [file]


async def test_history_shows_files_of_messages(world: World) -> None:
    file = await world.bo_brings()
    await world.bo_sends(file)
    items = (await world.ann.get(f"{world.room.path}/messages")).body["items"]
    shown = {"id": file, "name": "plans.txt", "media_type": "text/plain", "size_bytes": 9}
    assert items[-1]["files"] == [shown]


async def test_what_a_signed_in_participant_brings_goes_with_their_account(world: World) -> None:
    file = await world.bo_brings()
    user = (await world.bo.get("/users/me")).body["id"]
    assert (await world.bo.get(f"/files/{file}")).body["uploaded_by"] == user
    services = world.ann.services
    assert (await services.files.find(FileId(file))).owner_id == user, "and counts in its quota"


async def test_a_direct_or_resumable_upload_may_be_for_the_chat(world: World) -> None:
    metadata = f"meeting {_base64(world.meeting)},filename {_base64('x.txt')},for_chat {_base64('true')}"
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "0", "Upload-Metadata": metadata}
    begun = await world.bo.post("/files/uploads", headers=headers | world.as_session(BO))
    assert await world.reach(begun.headers["Meet-File-Id"]) == {BO}


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
