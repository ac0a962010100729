"""How many files there are is counted with them, whatever becomes of them; and what there is no room for is refused."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from meetserver import limits
from meetserver.adapters.blobs import DiskBlobs
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.random import SystemRandom
from meetserver.files.erasure import FileEraser
from meetserver.files.jobs import Sweeper
from meetserver.files.models import file, usage_of_kind, usage_of_meeting, usage_of_owner
from meetserver.ids import UserId
from tests.files.pictures import picture
from tests.integration.http.conftest import Api, Make, all_at_once
from tests.integration.http.test_files import blobs_of, brought
from tests.integration.http.test_uploads import begun, place_of, sent

TEN = b"0123456789"


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


async def own(who: Api) -> tuple[int, int]:
    usage = (await who.get("/users/me/usage")).body
    return usage["files"], usage["bytes"]


async def assert_counted(who: Api) -> None:
    """The counters say what adding up says."""
    database = who.services.database
    for counters, column in ((usage_of_owner, file.c.owner_id), (usage_of_meeting, file.c.meeting_id)):
        sums = select(column.label("id"), func.count().label("files"), func.sum(file.c.size_bytes).label("bytes"))
        there = await database.fetch(sums.where(file.c.deleted_at.is_(None), column.is_not(None)).group_by(column))
        rows = await database.fetch(select(counters).where(counters.c.files > 0))
        assert {tuple(row) for row in rows} == {tuple(row) for row in there}
    kinds = await database.fetch(select(func.sum(usage_of_kind.c.files), func.sum(usage_of_kind.c.bytes)))
    all_ = select(func.count(), func.sum(file.c.size_bytes)).where(file.c.deleted_at.is_(None))
    assert [(row[0] or 0, row[1] or 0) for row in kinds] == [(n, size or 0) for n, size in await database.fetch(all_)]


@pytest.mark.both_databases
async def test_whatever_becomes_of_files_they_are_counted(ann: Api, meeting: str, clock: ManualClock) -> None:
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    other = str((await bo.given_meeting())["id"])
    files = [await brought(ann, meeting, TEN, f"{number}.txt") for number in range(3)]
    await brought(ann, meeting, picture("PNG"), "photo.png", media_type="image/png")
    await brought(bo, other, TEN)
    assert (await own(ann))[0] == 4
    await assert_counted(ann)
    assert (await ann.delete(f"/files/{files[0]['id']}")).status == 204
    assert (await own(ann))[0] == 3
    await assert_counted(ann)
    await bo.delete(f"/meetings/{other}")
    assert await own(bo) == (1, 10), "until the sweep"
    await Sweeper(ann.services.database, ann.services.files._blobs, clock).run()
    assert await own(bo) == (0, 0)
    await assert_counted(ann)
    user = UserId((await ann.get("/users/me")).body["id"])
    await FileEraser(ann.services.database, clock).erase(user)
    assert await own(ann) == (0, 0)
    await assert_counted(ann)


@pytest.mark.both_databases
async def test_two_at_once_do_not_pass_the_servers_quota_together(make_api: Make) -> None:
    """Each brings to a meeting of their own, and another kind: nothing but the quota itself is common to them."""
    api = await make_api(files_total_bytes=45)
    people = [await api.given_user(f"p{number}@example.com") for number in range(6)]
    meetings = [str((await one.given_meeting())["id"]) for one in people]
    types = ["a.txt", "a.bin"]
    answers = await all_at_once(
        *(
            one.bring(meeting, TEN, types[number % 2], "")
            for number, (one, meeting) in enumerate(zip(people, meetings, strict=True))
        )
    )
    assert sorted(answer.status for answer in answers) == [201] * 4 + [507] * 2
    assert {answer.code for answer in answers if answer.status == 507} == {"storage_full"}
    assert len(await blobs_of(api)) == 4
    await assert_counted(people[0])


async def test_a_resumable_upload_waits_for_room(make_api: Make) -> None:
    ann = await (await make_api(files_total_bytes=15)).given_user()
    meeting = str((await ann.given_meeting())["id"])
    place = await place_of(ann, meeting, size=len(TEN))
    file = await brought(ann, meeting, TEN, "first.txt")
    answer = await sent(ann, place, 0, TEN)
    assert (answer.status, answer.code) == (507, "storage_full")
    assert (await ann.request("HEAD", place, headers={"Tus-Resumable": "1.0.0"})).status == 507
    await ann.delete(f"/files/{file['id']}")
    assert (await sent(ann, place, 10, b"")).headers["Meet-File-Id"], "what has come was kept"


class TestADisk:
    async def test_that_is_nearly_full_takes_nothing(self, make_api: Make) -> None:
        ann = await (await make_api(files_disk_reserve_bytes=100)).given_user()
        meeting = str((await ann.given_meeting())["id"])
        blobs: Any = ann.services.files._blobs
        blobs.free = 100
        assert (await ann.bring(meeting, TEN)).status == 201
        blobs.free = 99
        assert (await ann.bring(meeting, TEN)).code == "storage_full"
        blobs.free = 109
        assert (await begun(ann, meeting, size=9)).status == 201
        assert (await begun(ann, meeting, size=10)).code == "storage_full", "what is said to come counts"

    async def test_that_fills_up_meanwhile_ends_an_upload(
        self, make_api: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "FILE_PART_BYTES", 4)
        ann = await (await make_api(files_disk_reserve_bytes=100)).given_user()
        meeting = str((await ann.given_meeting())["id"])
        blobs: Any = ann.services.files._blobs
        left = iter([200, 200, 99])

        async def free_bytes() -> int:
            return next(left)

        blobs.free_bytes = free_bytes
        assert (await ann.bring(meeting, TEN)).code == "storage_full"
        assert await blobs_of(ann) == []

    async def test_says_how_much_is_free(self, tmp_path: Path) -> None:
        there = await DiskBlobs(tmp_path / "not" / "made" / "yet", SystemRandom()).free_bytes()
        assert there is not None
        assert there > 0
