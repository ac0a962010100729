"""Files of a meeting: brought, listed, got in parts, deleted; by whom; and how much fits."""

import errno
import io
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from aiohttp import ClientError
from PIL import Image

from meetserver import limits
from meetserver.adapters.memory.blobs import MemoryBlobs
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.scanner import EICAR, MemoryScanner
from meetserver.files.erasure import FileEraser
from meetserver.files.findings import Findings
from meetserver.files.inspection import Inspection
from meetserver.files.jobs import HeldFiles
from meetserver.files.models import content
from meetserver.ids import MeetingId, UserId
from meetserver.mail.outbox import Outbox
from meetserver.mail.post import Post
from meetserver.mail.render import Letters
from tests.integration.http.conftest import Answer, Api, Make, all_at_once

TEXT = b"What we agreed on.\n"


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


async def brought(who: Api, meeting: str, data: bytes = TEXT, name: str = "notes.txt", **more: Any) -> dict[str, Any]:
    answer = await who.bring(meeting, data, name, **more)
    assert answer.status == 201, answer
    return dict(answer.body)


async def got(who: Api, file: dict[str, Any], **headers: str) -> Answer:
    return await who.get(f"/files/{file['id']}/content", headers=headers)


async def test_a_file_comes_back_as_it_was(ann: Api, meeting: str) -> None:
    file = await brought(ann, meeting)
    assert (file["name"], file["media_type"], file["size_bytes"]) == ("notes.txt", "text/plain", len(TEXT))
    assert file["uploader_name"] == "Ann"
    assert (await ann.get(f"/files/{file['id']}")).body == file
    answer = await got(ann, file)
    assert (answer.status, answer.body) == (200, TEXT)


async def test_nobody_runs_what_is_in_it(ann: Api, meeting: str) -> None:
    file = await brought(ann, meeting, b"<script>alert(1)</script>", "page.html", media_type="text/html")
    assert not file["is_inline"]
    headers = (await got(ann, file)).headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


async def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(ann: Api, meeting: str) -> None:
    answer = await ann.bring(meeting, b"<html>", "photo.png", "image/png")
    assert (answer.status, answer.code) == (422, "bad_file")
    assert await blobs_of(ann) == []
    assert (await ann.get(f"/meetings/{meeting}/files")).body["items"] == []


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-3", 206, 0, 4),
        ("bytes=5-", 206, 5, None),
        ("bytes=-4", 206, -4, None),
        ("bytes=0-999999", 206, 0, None),
        ("bytes=999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=3-1", 200, 0, None),
        ("bytes=0-1,4-5", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
async def test_a_range_is_what_was_asked_for(
    ann: Api, meeting: str, asked: str, status: int, start: int, end: int | None
) -> None:
    file = await brought(ann, meeting)
    answer = await got(ann, file, Range=asked)
    assert (answer.status, answer.body) == (status, TEXT[start:end])
    if status == 206:
        first = len(TEXT[:start]) if start >= 0 else len(TEXT) + start
        assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.body) - 1}/{len(TEXT)}"


async def test_a_range_reaches_over_parts(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_PART_BYTES", 7)
    file = await brought(ann, meeting, bytes(range(40)), "some.dat", media_type="application/octet-stream")
    assert (await got(ann, file)).body == bytes(range(40))
    assert (await got(ann, file, Range="bytes=5-30")).body == bytes(range(5, 31))
    assert len(await blobs_of(ann)) == 6


async def test_who_has_it_already_is_told_so(ann: Api, meeting: str) -> None:
    file = await brought(ann, meeting)
    etag = (await got(ann, file)).headers["ETag"]
    assert (await got(ann, file, **{"If-None-Match": etag})).status == 304
    assert (await got(ann, file, Range="bytes=0-3", **{"If-Range": etag})).status == 206
    assert (await got(ann, file, Range="bytes=0-3", **{"If-Range": '"another"'})).status == 200


async def test_what_is_broken_in_the_store_ends_the_connection(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILE_PART_BYTES", 7)
    file = await brought(ann, meeting)
    (row,) = await ann.services.database.fetch(content.select())
    await ann.services.files._blobs.delete(f"{row.id}/{row.parts[-1][0]}")
    with pytest.raises(ClientError):
        await got(ann, file)


async def test_a_disk_that_fails_in_the_middle_puts_nothing_else_into_the_file(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILE_PART_BYTES", 1000)
    file = await brought(ann, meeting, 200 * TEXT)
    (row,) = await ann.services.database.fetch(content.select())
    get = MemoryBlobs.get

    async def fails(self: MemoryBlobs, name: str, *of: int) -> AsyncGenerator[bytes, None]:
        if name.endswith(row.parts[1][0]):
            raise OSError(errno.EIO, "the disk fails")
        async for chunk in get(self, name, *of):
            yield chunk

    monkeypatch.setattr(MemoryBlobs, "get", fails)
    with pytest.raises(ClientError):
        await got(ann, file)


async def test_the_same_bytes_of_one_owner_are_kept_once(ann: Api, meeting: str) -> None:
    one, other = await brought(ann, meeting), await brought(ann, meeting, name="again.txt")
    assert len(await blobs_of(ann)) == 1
    assert (await ann.delete(f"/files/{one['id']}")).status == 204
    assert (await got(ann, other)).body == TEXT
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    await brought(bo, str((await bo.given_meeting())["id"]))
    assert len(await ann.services.database.fetch(content.select())) == 2, "but not of two owners"


async def test_a_list_shows_the_newest_first_by_pages(ann: Api, meeting: str) -> None:
    names = [(await brought(ann, meeting, name=f"{number}.txt"))["name"] for number in range(3)]
    first = (await ann.get(f"/meetings/{meeting}/files", params={"limit": "2"})).body
    rest = (await ann.get(f"/meetings/{meeting}/files", params={"limit": "2", "cursor": first["next"]})).body
    assert sorted(file["name"] for file in first["items"] + rest["items"]) == names
    assert rest["next"] is None


async def test_a_deleted_file_is_gone(ann: Api, meeting: str) -> None:
    file = await brought(ann, meeting)
    assert (await ann.delete(f"/files/{file['id']}")).status == 204
    assert (await got(ann, file)).code == "not_found"
    assert (await ann.delete(f"/files/{file['id']}")).code == "not_found"
    assert (await ann.get(f"/meetings/{meeting}/files")).body["items"] == []


async def test_to_a_stranger_there_is_no_such_file(ann: Api, meeting: str) -> None:
    file = await brought(ann, meeting)
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    for answer in (
        await got(bo, file),
        await bo.get(f"/files/{file['id']}"),
        await bo.delete(f"/files/{file['id']}"),
        await bo.get("/files/none"),
        await bo.bring(meeting, TEXT),
        await bo.get(f"/meetings/{meeting}/files"),
    ):
        assert answer.code == "not_found"
    assert (await got(ann.signed_in(None), file)).code == "unauthenticated"


async def test_who_is_erased_takes_their_files_along(ann: Api, meeting: str) -> None:
    file, services = await brought(ann, meeting), ann.services
    user = UserId((await ann.get("/users/me")).body["id"])
    eraser = FileEraser(services.database, services.clock)
    assert f'"{file["id"]}"' in msgspec.json.encode(await eraser.export(user)).decode()
    assert await eraser.erase(user) == {"files": 1}
    assert await eraser.erase(user) == {"files": 0}
    assert (await got(ann, file)).code == "not_found"


class TestAnImage:
    async def test_is_made_anew_before_anybody_gets_it(self, ann: Api, meeting: str) -> None:
        source = png(3000, 20) + b"<script>alert(1)</script>"
        file = await brought(ann, meeting, source, "photo.png", media_type="image/png")
        assert (file["width"], file["height"], file["is_inline"]) == (3000, 20, True)
        answer = await got(ann, file)
        assert (answer.headers["Content-Type"], len(answer.body)) == ("image/png", file["size_bytes"])
        assert answer.body.startswith(b"\x89PNG")
        assert b"script" not in answer.body
        names = await blobs_of(ann)
        assert len(names) == 1 + len(limits.THUMBNAIL_PX), "what was sent is gone"

    async def test_has_thumbnails(self, ann: Api, meeting: str) -> None:
        file = await brought(ann, meeting, png(3000, 1500), "photo.png", media_type="image/png")
        for px in limits.THUMBNAIL_PX:
            answer = await ann.get(f"/files/{file['id']}/thumbnail", params={"px": str(px)})
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
            assert size_of(answer.body) == (px, px // 2)
        text = await brought(ann, meeting)
        assert (await ann.get(f"/files/{text['id']}/thumbnail")).code == "not_found"

    async def test_that_is_broken_is_refused(self, ann: Api, meeting: str) -> None:
        answer = await ann.bring(meeting, png(300, 20)[:60], "photo.png", "image/png")
        assert (answer.status, answer.code) == (422, "bad_file")
        assert await blobs_of(ann) == []


class TestAVirusScanner:
    @pytest.fixture
    def scanner(self) -> MemoryScanner:
        return MemoryScanner()

    def inspects(self, who: Api, scanner: MemoryScanner, *, holds: bool = True) -> Inspection:
        uploads = who.services.uploads
        uploads._inspection = Inspection(uploads._blobs, scanner, holds=holds)
        return uploads._inspection

    async def test_keeps_out_what_it_finds(self, ann: Api, meeting: str, scanner: MemoryScanner) -> None:
        self.inspects(ann, scanner)
        answer = await ann.bring(meeting, EICAR, "harmless.txt")
        assert (answer.status, answer.code) == (422, "bad_file")
        assert await blobs_of(ann) == []
        assert (await ann.bring(meeting, TEXT)).status == 201

    async def test_that_is_away_holds_files_back_until_it_is_there(
        self, ann: Api, meeting: str, scanner: MemoryScanner
    ) -> None:
        inspection = self.inspects(ann, scanner)
        scanner.is_away = True
        clean, bad = await brought(ann, meeting), await brought(ann, meeting, EICAR)
        assert (clean["is_held"], (await got(ann, clean)).code) == (True, "unavailable")
        await held_files(ann, inspection).run()
        assert (await got(ann, clean)).code == "unavailable"
        scanner.is_away = False
        await held_files(ann, inspection).run()
        assert (await got(ann, clean)).body == TEXT
        assert (await got(ann, bad)).code == "not_found"

    async def test_looks_at_all_that_is_held_though_one_of_them_is_broken(
        self, ann: Api, meeting: str, scanner: MemoryScanner
    ) -> None:
        inspection = self.inspects(ann, scanner)
        scanner.is_away = True
        files = [await brought(ann, meeting, TEXT + bytes([number])) for number in b"ab"]
        broken, clean = sorted(files, key=lambda file: str(file["id"]))
        for name in await blobs_of(ann):
            if name.startswith(broken["id"]):
                await ann.services.files._blobs.delete(name)
        scanner.is_away = False
        await held_files(ann, inspection).run()
        assert [(await got(ann, file)).status for file in (broken, clean)] == [503, 200]

    async def test_that_finds_something_later_has_who_brought_it_told(
        self, ann: Api, meeting: str, scanner: MemoryScanner
    ) -> None:
        inspection = self.inspects(ann, scanner)
        scanner.is_away = True
        bad = await brought(ann, meeting, EICAR, "a <b>&.txt")
        scanner.is_away = False
        before = len(await ann.mails("ann@example.com"))
        for _ in range(2):
            await held_files(ann, inspection).run()
        mail = (await ann.mails("ann@example.com"))[before:][0]
        assert len(await ann.mails("ann@example.com")) == before + 1
        assert bad["name"] in mail.text
        assert f"/m/{meeting}" in mail.text
        event = ann.recorded[-1]
        assert (event.type, event.subject, event.actor) == ("file.infected", bad["id"], bad["uploaded_by"])
        assert event.data["meeting"] == meeting

    async def test_that_is_away_may_be_done_without(self, ann: Api, meeting: str, scanner: MemoryScanner) -> None:
        self.inspects(ann, scanner, holds=False)
        scanner.is_away = True
        assert (await got(ann, await brought(ann, meeting))).body == TEXT


@pytest.mark.both_databases
async def test_an_image_that_no_database_could_name_is_left_out(ann: Api, meeting: str) -> None:
    """Elements of a board name whatever people want."""
    image = await brought(ann, meeting, png(20, 10), "a.png", media_type="image/png")
    wanted = ["a\0", "half \ud83d", image["id"]]
    found = ann.services.files.thumbnails(MeetingId(meeting), wanted, limits.THUMBNAIL_PX[-1])
    assert [id_ async for id_, _ in found] == [image["id"]]


class TestALink:
    async def test_does_for_anybody_for_a_while(self, ann: Api, meeting: str, clock: ManualClock) -> None:
        file = await brought(ann, meeting)
        link = (await ann.post(f"/files/{file['id']}/link")).body
        anybody, path = ann.signed_in(None), link["url"].partition("/api/v1")[2]
        assert (await anybody.get(path)).body == TEXT
        assert (await anybody.get(path, headers={"Range": "bytes=2-4"})).body == TEXT[2:5]
        clock.advance(limits.FILE_LINK_LIFE_S - 1)
        assert (await anybody.get(path)).status == 200
        clock.advance(1)
        assert (await anybody.get(path)).code == "not_found"

    async def test_is_for_this_file_and_as_it_was_made(self, ann: Api, meeting: str) -> None:
        one, other = await brought(ann, meeting), await brought(ann, meeting)
        path = (await ann.post(f"/files/{one['id']}/link")).body["url"].partition("/api/v1")[2]
        longer = path[:-50] + ("B" if path[-50] == "A" else "A") + path[-49:]
        for wrong in (path.replace(one["id"], other["id"]), longer, path[:-1], path + "A", path.lower(), path + "1"):
            assert (await ann.get(wrong)).code == "not_found"

    async def test_ends_with_the_meeting(self, ann: Api, meeting: str) -> None:
        file = await brought(ann, meeting)
        path = (await ann.post(f"/files/{file['id']}/link")).body["url"].partition("/api/v1")[2]
        assert (await ann.get(path)).body == TEXT
        assert (await ann.delete(f"/meetings/{meeting}")).status == 204
        assert (await ann.get(path)).code == "not_found"

    async def test_ends_with_the_file(self, ann: Api, meeting: str) -> None:
        file = await brought(ann, meeting)
        path = (await ann.post(f"/files/{file['id']}/link")).body["url"].partition("/api/v1")[2]
        await ann.delete(f"/files/{file['id']}")
        assert (await ann.get(path)).code == "not_found"


class TestHowMuchFits:
    async def test_one_file(self, make_api: Make) -> None:
        ann = await (await make_api(file_max_bytes=10)).given_user()
        meeting = str((await ann.given_meeting())["id"])
        assert (await ann.bring(meeting, b"0123456789")).status == 201
        answer = await ann.bring(meeting, b"0123456789x")
        assert (answer.status, answer.code) == (413, "too_large")
        assert len(await blobs_of(ann)) == 1

    @pytest.mark.parametrize("whose", ["files_per_user_bytes", "files_per_meeting_bytes"])
    async def test_all_of_one_account_or_meeting(self, make_api: Make, whose: str) -> None:
        ann = await (await make_api(**{whose: 10})).given_user()
        meeting = str((await ann.given_meeting())["id"])
        file = await brought(ann, meeting, b"0123456")
        assert (await ann.bring(meeting, b"012")).status == 201
        assert (await ann.bring(meeting, b"0")).code == "conflict"
        assert (await ann.delete(f"/files/{file['id']}")).status == 204
        assert (await ann.bring(meeting, b"0")).status == 201

    async def test_how_many(self, ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "FILES_PER_MEETING", 2)
        answers = [await ann.bring(meeting, TEXT) for _ in range(3)]
        assert [answer.status for answer in answers] == [201, 201, 409]

    @pytest.mark.both_databases
    async def test_all_at_once(self, make_api: Make) -> None:
        ann = await (await make_api(files_per_meeting_bytes=30)).given_user()
        meeting = str((await ann.given_meeting())["id"])
        answers = await all_at_once(*(ann.bring(meeting, bytes([65 + number]) * 10) for number in range(6)))
        assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 3
        assert len(await blobs_of(ann)) == 3


def held_files(who: Api, inspection: Inspection) -> HeldFiles:
    services, clock = who.services, who.services.clock
    random, keys = services.random, services.keys
    post = Post(Letters(services.config.url), Outbox(keys, clock, random, sender="meetserver <no-reply@example.com>"))
    findings = Findings(services.database, post, services.security_log, clock)
    return HeldFiles(services.database, keys, inspection, findings)


async def blobs_of(who: Api) -> list[str]:
    return [name async for name in who.services.files._blobs.names()]


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


def size_of(image: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(image)).size
