"""Large files in many requests (tus 1.0.0): begun, broken off, gone on with, checked, given up; and what is swept."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Busy
from meetserver.files.identity import MARKER
from meetserver.files.inspection import Inspection
from meetserver.files.jobs import Sweeper
from meetserver.files.orphans import Orphans
from tests.integration.http.conftest import Answer, Api, Make, all_at_once
from tests.integration.http.test_files import blobs_of

BYTES = "application/offset+octet-stream"
DATA = bytes(range(100))


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


def told(**values: str) -> str:
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in values.items())


async def begun(
    who: Api, meeting: str, size: int = len(DATA), name: str = "some.dat", headers: dict[str, str] | None = None
) -> Answer:
    metadata = told(meeting=meeting, filename=name, filetype="application/octet-stream")
    given = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata}
    return await who.post("/files/uploads", headers=given | (headers or {}))


async def place_of(who: Api, meeting: str, **more: Any) -> str:
    answer = await begun(who, meeting, **more)
    assert answer.status == 201, answer
    return str(answer.headers["Location"].removeprefix("/api/v1"))


async def sent(who: Api, place: str, offset: int, data: bytes, **headers: str) -> Answer:
    given = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": BYTES}
    return await who.request("PATCH", place, data=data, headers=given | headers)


async def one_chunk() -> AsyncIterator[bytes]:
    yield b"x"


async def stands_at(who: Api, place: str) -> int:
    answer = await who.request("HEAD", place, headers={"Tus-Resumable": "1.0.0"})
    assert answer.status == 204, answer
    return int(answer.headers["Upload-Offset"])


async def test_what_came_in_pieces_is_one_file(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    assert (await sent(ann, place, 0, DATA[:40])).headers["Upload-Offset"] == "40"
    assert await stands_at(ann, place) == 40
    last = await sent(ann, place, 40, DATA[40:])
    assert last.status == 204
    file = last.headers["Meet-File-Id"]
    assert (await ann.get(f"/files/{file}/content")).body == DATA
    assert (await ann.get(f"/files/{file}/content", headers={"Range": "bytes=30-50"})).body == DATA[30:51]
    assert (await ann.request("HEAD", place, headers={"Tus-Resumable": "1.0.0"})).status == 404


async def test_an_empty_file_is_there_at_once(ann: Api, meeting: str) -> None:
    answer = await begun(ann, meeting, size=0)
    assert (await ann.get(f"/files/{answer.headers['Meet-File-Id']}")).body["size_bytes"] == 0


async def test_who_sends_from_elsewhere_is_told_where_it_stands(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    await sent(ann, place, 0, DATA[:40])
    answer = await sent(ann, place, 30, DATA[30:])
    assert (answer.status, answer.code) == (409, "conflict")
    assert await stands_at(ann, place) == 40


async def test_more_than_was_said_is_refused(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    assert (await sent(ann, place, 0, DATA + b"x")).code == "too_large"
    assert await stands_at(ann, place) == 0
    assert await blobs_of(ann) == []


@pytest.mark.parametrize("name", ["sha1", "sha256"])
async def test_a_checksum_that_is_wrong_keeps_nothing(ann: Api, meeting: str, name: str) -> None:
    place = await place_of(ann, meeting)
    right = b64encode(hashlib.new(name, DATA[:40]).digest()).decode()
    answer = await sent(ann, place, 0, DATA[1:41], **{"Upload-Checksum": f"{name} {right}"})
    assert (answer.status, answer.code) == (460, "bad_message")
    assert await blobs_of(ann) == []
    assert (await sent(ann, place, 0, DATA[:40], **{"Upload-Checksum": f"{name} {right}"})).status == 204
    assert await stands_at(ann, place) == 40


async def test_what_is_not_what_it_says_is_refused_in_the_end(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting, name="photo.png")
    answer = await sent(ann, place, 0, DATA)
    assert (answer.status, answer.code) == (422, "bad_file")
    assert await blobs_of(ann) == []


async def is_busy(*_: object) -> bool:
    """In the place of `Inspection.is_to_be_held`."""
    raise Busy("too much to do")


async def test_what_only_did_not_work_this_time_is_finished_by_asking_again(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await place_of(ann, meeting)
    with monkeypatch.context() as patch:
        patch.setattr(Inspection, "is_to_be_held", is_busy)
        assert (await sent(ann, place, 0, DATA)).code == "busy"
    again = await sent(ann, place, len(DATA), b"")
    assert (await ann.get(f"/files/{again.headers['Meet-File-Id']}/content")).body == DATA


async def test_who_hears_that_all_is_there_gets_the_file(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As clients do that know nothing of us: they ask, and have no byte to send."""
    place = await place_of(ann, meeting)
    with monkeypatch.context() as patch:
        patch.setattr(Inspection, "is_to_be_held", is_busy)
        assert (await sent(ann, place, 0, DATA)).code == "busy"
        assert (await ann.request("HEAD", place, headers={"Tus-Resumable": "1.0.0"})).status == 503
    assert await stands_at(ann, place) == len(DATA)
    assert (await ann.get(f"/files/{place.rpartition('/')[2]}/content")).body == DATA


async def test_what_brings_nothing_keeps_nothing(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    for _ in range(2):
        assert (await sent(ann, place, 0, b"")).headers["Upload-Offset"] == "0"
    assert await blobs_of(ann) == []


async def test_it_comes_in_so_many_pieces(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOAD_PIECES", 2)
    place = await place_of(ann, meeting)
    assert [(await sent(ann, place, at, b"x")).status for at in range(3)] == [204, 204, 400]
    assert await stands_at(ann, place) == 2
    monkeypatch.setattr(limits, "FILE_PART_BYTES", 40)
    whole = await place_of(ann, meeting)
    assert [(await sent(ann, whole, at, DATA[at : at + 40])).status for at in (0, 40, 80)] == [204] * 3


async def test_it_can_be_given_up(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    await sent(ann, place, 0, DATA[:40])
    assert (await ann.delete(place, headers={"Tus-Resumable": "1.0.0"})).status == 204
    assert await blobs_of(ann) == []
    assert (await sent(ann, place, 40, DATA[40:])).code == "not_found"


async def test_it_is_nobody_else_s(ann: Api, meeting: str) -> None:
    place = await place_of(ann, meeting)
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    assert (await sent(bo, place, 0, DATA)).code == "not_found"
    assert (await begun(bo, meeting)).code == "not_found"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "many"}, 400),
        ({"Upload-Length": str(10**14)}, 413),
        ({"Upload-Metadata": "meeting !!!"}, 400),
        ({"Upload-Metadata": ""}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused(ann: Api, meeting: str, headers: dict[str, str], status: int) -> None:
    assert (await begun(ann, meeting, headers=headers)).status == status


async def test_who_finishes_at_the_same_time_takes_nothing_away(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that asks again, because the first answer takes so long."""
    both, look = asyncio.Barrier(2), Inspection.is_to_be_held

    async def together(self: Inspection, *of: Any) -> bool:
        await both.wait()
        return await look(self, *of)

    monkeypatch.setattr(Inspection, "is_to_be_held", together)
    place = await place_of(ann, meeting)
    first = asyncio.create_task(sent(ann, place, 0, DATA))
    file = place.rpartition("/")[2]
    while (upload := await ann.services.uploads.look_up(file)) is None or upload.offset_bytes < len(DATA):
        pass
    answers = await asyncio.gather(first, sent(ann, place, len(DATA), b""))
    assert {answer.status for answer in answers} == {204, 409}
    assert (await ann.get(f"/files/{file}/content")).body == DATA


@pytest.mark.both_databases
async def test_characters_that_databases_refuse_are_no_fault_of_the_server(ann: Api, meeting: str) -> None:
    for wrong in ("\0", f"{meeting}\0"):
        assert (await begun(ann, meeting, headers={"Upload-Metadata": told(meeting=wrong)})).status == 404
    metadata = told(meeting=meeting, filename="a\0.dat", filetype="application/\0octet-stream")
    assert (await begun(ann, meeting, headers={"Upload-Metadata": metadata})).status == 201


@pytest.mark.both_databases
async def test_those_who_bring_at_once_do_not_hinder_each_other(ann: Api, meeting: str) -> None:
    names = [f"{number}.dat" for number in range(limits.UPLOADS_PER_USER)]
    answers = await all_at_once(*(ann.bring(meeting, name.encode(), name, BYTES) for name in names))
    assert {answer.status for answer in answers} == {201}, answers


async def test_an_account_has_so_many_under_way(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOADS_PER_USER", 2)
    assert [(await begun(ann, meeting)).status for _ in range(3)] == [201, 201, 409]


async def test_what_comes_to_one_meeting_leaves_the_others_their_room(make_api: Make) -> None:
    ann = await (await make_api(files_per_meeting_bytes=100, files_per_user_bytes=250)).given_user()
    one, other = [str((await ann.given_meeting())["id"]) for _ in range(2)]
    assert [(await begun(ann, one, size=80)).status for _ in range(2)] == [201, 409]
    assert [(await begun(ann, other, size=80)).status for _ in range(2)] == [201, 409]
    third = str((await ann.given_meeting())["id"])
    assert (await begun(ann, third, size=91)).code == "conflict", "which is more than the account may have"


class TestTheSweep:
    @pytest.fixture
    def sweeper(self, ann: Api, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Sweeper:
        for name in ("UPLOAD_LIFE_S", "FILE_DELETED_S"):
            monkeypatch.setattr(limits, name, 100.0)
        services = ann.services
        return Sweeper(services.database, services.uploads._blobs, clock)

    async def test_takes_uploads_to_which_nothing_was_added(
        self, ann: Api, meeting: str, clock: ManualClock, sweeper: Sweeper
    ) -> None:
        place = await place_of(ann, meeting)
        clock.advance(limits.UPLOAD_LIFE_S - 1)
        await sent(ann, place, 0, DATA[:40])
        clock.advance(limits.UPLOAD_LIFE_S - 1)
        await sweeper.run()
        assert await blobs_of(ann) != []
        clock.advance(2)
        await sweeper.run()
        assert await blobs_of(ann) == []

    async def test_takes_deleted_files_after_a_while(
        self, ann: Api, meeting: str, clock: ManualClock, sweeper: Sweeper
    ) -> None:
        one, other = [(await ann.bring(meeting, DATA, "some.dat", BYTES)).body["id"] for _ in range(2)]
        await ann.delete(f"/files/{one}")
        clock.advance(limits.FILE_DELETED_S + 1)
        await sweeper.run()
        assert (await ann.get(f"/files/{other}/content")).body == DATA, "the other has the same content"
        await ann.delete(f"/files/{other}")
        await sweeper.run()
        assert len(await blobs_of(ann)) == 1
        clock.advance(limits.FILE_DELETED_S + 1)
        await sweeper.run()
        assert await blobs_of(ann) == []

    async def test_takes_blobs_that_no_row_knows(self, ann: Api, meeting: str) -> None:
        """And nothing of a file, of one that is still coming, or of the store itself."""
        await ann.bring(meeting, DATA, "some.dat", BYTES)
        whole = (await blobs_of(ann))[0].partition("/")[0]
        place = await place_of(ann, meeting)
        await sent(ann, place, 0, DATA[:40])
        coming = place.rpartition("/")[2]
        blobs = ann.services.uploads._blobs
        for name in (MARKER, f"{coming}/on-its-way"):
            await blobs.put(name, one_chunk())
        known = await blobs_of(ann)
        for name in (f"{whole}/left", "nobody/left"):
            await blobs.put(name, one_chunk())
        await Orphans(ann.services.database, blobs).run()
        assert await blobs_of(ann) == known
        assert len(known) == 4

    async def test_takes_the_files_of_a_meeting_that_is_gone(
        self, ann: Api, meeting: str, clock: ManualClock, sweeper: Sweeper
    ) -> None:
        file = (await ann.bring(meeting, DATA, "some.dat", BYTES)).body["id"]
        assert (await ann.delete(f"/meetings/{meeting}")).status == 204
        assert (await ann.get(f"/files/{file}")).code == "not_found"
        await sweeper.run()
        clock.advance(limits.FILE_DELETED_S + 1)
        await sweeper.run()
        assert await blobs_of(ann) == []
