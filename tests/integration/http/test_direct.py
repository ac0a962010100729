"""Files that go between clients and a real S3 server: put there by a presigned URL and taken in; sealed parts got from
there, and opened by what docs/direct.md says."""

import asyncio
import http.client
import struct
from base64 import b64decode
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Busy
from meetserver.files.direct_jobs import DirectIntake
from meetserver.files.inspection import Inspection
from meetserver.files.jobs import Sweeper
from meetserver.files.uploads import Uploads
from tests.files.pictures import picture
from tests.integration.http.conftest import Answer, Api, Make
from tests.integration.http.test_files import blobs_of
from tests.servers.s3 import S3Server

DATA = bytes(range(256)) * 400


Settings = dict[str, Any]


@pytest.fixture
def settings(s3_server: S3Server) -> Settings:
    """Of a server with a bucket."""
    config = s3_server.config(uuid4().hex)
    names = ("files_url", "s3_endpoint", "s3_access_key", "s3_secret_key")
    return {"files_direct": True} | {name: getattr(config, name) for name in names}


@pytest.fixture
async def api(make_api: Make, settings: Settings) -> Api:
    return await make_api(**settings)


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


async def ask(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Of the store itself."""

    def asked() -> tuple[int, bytes]:
        parts = urlsplit(url)
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)) as connection:
            connection.request(method, f"{parts.path}?{parts.query}", body)
            response = connection.getresponse()
            return response.status, response.read()

    return await asyncio.to_thread(asked)


async def begun(who: Api, meeting: str, size: int = len(DATA), name: str = "some.dat", **more: Any) -> Answer:
    return await who.post(f"/meetings/{meeting}/files/direct", {"name": name, "size_bytes": size} | more)


async def given_staged(who: Api, meeting: str, data: bytes = DATA, name: str = "some.dat") -> str:
    """Put into the store, and nothing said yet."""
    answer = await begun(who, meeting, len(data), name)
    assert answer.status == 201, answer
    assert await ask("PUT", answer.body["url"], data) == (200, b"")
    return str(answer.body["id"])


async def completed(who: Api, upload: str) -> Answer:
    return await who.post(f"/files/direct/{upload}/complete")


async def take_in(who: Api) -> None:
    services = who.services
    await DirectIntake(services.database, services.files._blobs, services.uploads, services.clock).run()


async def sweep(who: Api) -> None:
    await Sweeper(who.services.database, who.services.files._blobs, who.services.clock).run()


async def again(who: Api) -> Api:
    """Signed in anew."""
    return who.signed_in((await who.log_in()).body["access_token"])


async def state_of(who: Api, upload: str) -> Any:
    return (await who.get(f"/files/direct/{upload}")).body["state"]


async def test_what_was_put_into_the_store_becomes_a_file(ann: Api, meeting: str) -> None:
    upload = await given_staged(ann, meeting)
    assert await state_of(ann, upload) == "waiting"
    assert (await ann.get(f"/meetings/{meeting}/files")).body["items"] == []
    answer = await completed(ann, upload)
    assert (answer.status, answer.body["state"]) == (202, "taking_in")
    await take_in(ann)
    assert await state_of(ann, upload) == "done"
    assert (await completed(ann, upload)).body["id"] == upload
    assert (await ann.get(f"/files/{upload}/content")).body == DATA
    assert [file["id"] for file in (await ann.get(f"/meetings/{meeting}/files")).body["items"]] == [upload]
    assert f"{upload}/staged" not in await blobs_of(ann)


async def test_it_is_known_by_what_it_holds_and_images_are_made_anew(ann: Api, meeting: str) -> None:
    photo = picture("JPEG", comment=b"<script>alert(1)</script>")
    upload = await given_staged(ann, meeting, photo, "photo.jpg")
    await completed(ann, upload)
    await take_in(ann)
    file = (await ann.get(f"/files/{upload}")).body
    assert (file["media_type"], file["is_inline"]) == ("image/jpeg", True)
    assert b"script" not in (await ann.get(f"/files/{upload}/content")).body
    assert (await ann.get(f"/files/{upload}/thumbnail")).status == 200


async def test_the_same_bytes_again_share_a_content_and_leave_nothing(ann: Api, meeting: str) -> None:
    one, other = await given_staged(ann, meeting), await given_staged(ann, meeting)
    for upload in (one, other):
        await completed(ann, upload)
        await take_in(ann)
    assert (await ann.get(f"/files/{other}/content")).body == DATA
    assert not [name for name in await blobs_of(ann) if name.startswith(other)]


async def test_completing_before_anything_is_there_says_so(ann: Api, meeting: str) -> None:
    upload = (await begun(ann, meeting)).body["id"]
    answer = await completed(ann, upload)
    assert (answer.status, answer.code) == (409, "conflict")
    assert await state_of(ann, upload) == "waiting"


@pytest.mark.parametrize(("data", "code"), [(DATA + b"x", "too_large"), (DATA[:-1], "bad_file")])
async def test_what_is_not_as_large_as_was_said_goes_and_may_be_put_again(
    ann: Api, meeting: str, data: bytes, code: str
) -> None:
    answer = (await begun(ann, meeting)).body
    await ask("PUT", answer["url"], data)
    assert (await completed(ann, answer["id"])).code == code
    assert await blobs_of(ann) == []
    await ask("PUT", answer["url"], DATA)
    await completed(ann, answer["id"])
    await take_in(ann)
    assert await state_of(ann, answer["id"]) == "done"


@pytest.mark.parametrize("after", [DATA + b"x", DATA[:-1]])
async def test_what_is_changed_after_it_was_completed_is_refused(ann: Api, meeting: str, after: bytes) -> None:
    answer = (await begun(ann, meeting)).body
    await ask("PUT", answer["url"], DATA)
    await completed(ann, answer["id"])
    await ask("PUT", answer["url"], after)
    await take_in(ann)
    assert await state_of(ann, answer["id"]) == "refused"
    assert await blobs_of(ann) == []


async def test_what_is_not_what_it_says_is_refused_and_why_can_be_read(
    ann: Api, meeting: str, clock: ManualClock
) -> None:
    upload = await given_staged(ann, meeting, name="photo.png")
    await completed(ann, upload)
    await take_in(ann)
    shown = (await ann.get(f"/files/direct/{upload}")).body
    assert (shown["state"], shown["refusal"]["code"]) == ("refused", "bad_file")
    assert (await completed(ann, upload)).body["state"] == "refused"
    assert await blobs_of(ann) == []
    clock.advance(limits.DIRECT_UPLOAD_LIFE_S)
    assert (await (await again(ann)).get(f"/files/direct/{upload}")).status == 404


async def test_it_weighs_in_quotas_from_its_beginning_until_it_is_refused(make_api: Make, settings: Settings) -> None:
    ann = await (await make_api(**settings, files_per_user_bytes=len(DATA))).given_user()
    meeting = str((await ann.given_meeting())["id"])
    upload = await given_staged(ann, meeting, name="photo.png")
    assert (await begun(ann, meeting, 1)).code == "conflict"
    await completed(ann, upload)
    await take_in(ann)
    assert (await begun(ann, meeting)).status == 201


async def test_a_file_that_is_too_large_is_refused_at_once(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await begun(ann, meeting, ann.services.config.file_max_bytes + 1)).code == "too_large"
    monkeypatch.setattr(limits, "DIRECT_UPLOAD_BYTES", 10)
    assert (await begun(ann, meeting, 10)).status == 201
    assert (await begun(ann, meeting, 11)).code == "too_large"


async def test_what_was_never_completed_is_swept(ann: Api, meeting: str, clock: ManualClock) -> None:
    upload = await given_staged(ann, meeting)
    clock.advance(limits.UPLOAD_LIFE_S - 1)
    await sweep(ann)
    assert await blobs_of(ann) == [f"{upload}/staged"]
    clock.advance(1)
    assert (await completed(await again(ann), upload)).status == 404
    await sweep(ann)
    assert await blobs_of(ann) == []


async def test_what_comes_after_it_was_given_up_is_swept_when_the_url_has_run_out(
    ann: Api, meeting: str, clock: ManualClock
) -> None:
    answer = (await begun(ann, meeting)).body
    await ask("PUT", answer["url"], DATA)
    assert (await ann.delete(f"/files/direct/{answer['id']}")).status == 204
    assert await blobs_of(ann) == []
    await ask("PUT", answer["url"], DATA)
    assert (await completed(ann, answer["id"])).body["state"] == "refused"
    clock.advance(limits.DIRECT_UPLOAD_LIFE_S)
    await sweep(ann)
    assert await blobs_of(ann) == []


async def test_what_is_being_taken_in_cannot_be_given_up(ann: Api, meeting: str) -> None:
    upload = await given_staged(ann, meeting)
    await completed(ann, upload)
    assert (await ann.delete(f"/files/direct/{upload}")).code == "conflict"
    await take_in(ann)
    assert await state_of(ann, upload) == "done"


async def test_it_is_only_whose_it_is(api: Api, ann: Api, meeting: str) -> None:
    upload = await given_staged(ann, meeting)
    ben = await api.given_user("ben@example.com", "Ben")
    await ann.post(f"/meetings/{meeting}/invitees", {"email": "ben@example.com", "role": "cohost"})
    for answer in (
        await ben.get(f"/files/direct/{upload}"),
        await completed(ben, upload),
        await ben.delete(f"/files/direct/{upload}"),
    ):
        assert (answer.status, answer.body["detail"]) == (404, "there is no such upload")
    tus = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert (await ann.request("PATCH", f"/files/uploads/{upload}", data=b"x", headers=tus)).status == 404


async def test_what_did_not_work_is_gone_on_with(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies, or the scanner is busy, behind the intake: no byte is read twice."""

    async def busy(*_: object) -> bool:
        raise Busy("too much to do")

    upload = await given_staged(ann, meeting)
    await completed(ann, upload)
    with monkeypatch.context() as patch:
        patch.setattr(Inspection, "is_to_be_held", busy)
        await take_in(ann)
    assert await state_of(ann, upload) == "taking_in"
    await ann.services.files._blobs.delete(f"{upload}/staged")
    await take_in(ann)
    assert (await ann.get(f"/files/{upload}/content")).body == DATA


async def test_who_takes_it_in_at_the_same_time_makes_one_file(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that hangs for longer than its lease, and then goes on."""
    upload = await given_staged(ann, meeting)
    await completed(ann, upload)
    both, finish = asyncio.Barrier(2), Uploads.try_to_finish

    async def together(self: Uploads, upload: Any) -> Any:
        await both.wait()
        return await finish(self, upload)

    monkeypatch.setattr(Uploads, "try_to_finish", together)
    first = asyncio.create_task(take_in(ann))
    while (stands := await ann.services.uploads.look_up(upload)) is None or not stands.offset_bytes:
        pass
    await asyncio.gather(first, take_in(ann))
    assert await state_of(ann, upload) == "done"
    assert (await ann.get(f"/files/{upload}/content")).body == DATA


async def test_a_few_are_taken_in_at_once_and_a_long_one_holds_up_nobody(
    ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DIRECT_INTAKES", 2)
    monkeypatch.setattr(limits, "DIRECT_LOOK_S", 0.01)
    uploads = [await given_staged(ann, meeting, bytes([number])) for number in range(4)]
    others, at_once, finish = asyncio.Event(), set[str](), Uploads.try_to_finish

    async def noted(self: Uploads, upload: Any) -> Any:
        at_once.add(upload.id)
        assert len(at_once) <= 2
        try:
            if upload.id == uploads[0]:
                await others.wait()
            return await finish(self, upload)
        finally:
            at_once.remove(upload.id)

    monkeypatch.setattr(Uploads, "try_to_finish", noted)
    await completed(ann, uploads[0])
    taking = asyncio.create_task(take_in(ann))
    for upload in uploads[1:]:
        await completed(ann, upload)
        while await state_of(ann, upload) != "done":
            pass
    others.set()
    await taking
    assert await state_of(ann, uploads[0]) == "done"


# --- downloads


def opened(sealed: bytes, key: bytes, content_id: str, number: int) -> bytes:
    """A part, as docs/direct.md says."""
    version, salt, rest = sealed[:1], sealed[1:33], sealed[33:]
    assert version == b"\x01"
    cipher = AESGCM(HKDF(SHA256(), 32, salt, b"meetserver file").derive(key))
    step = 64 * 1024 + 16
    chunks = [rest[at : at + step] for at in range(0, len(rest), step)]
    about, last = version + content_id.encode(), len(chunks) - 1
    nonces = [struct.pack(">I3xI?", number, counter, counter == last) for counter in range(len(chunks))]
    return b"".join(cipher.decrypt(nonce, chunk, about) for nonce, chunk in zip(nonces, chunks, strict=True))


async def test_parts_are_got_from_the_store_and_opened(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_PART_BYTES", 70_000)
    monkeypatch.setattr(limits, "DIRECT_PARTS", 1)
    file = (await ann.bring(meeting, DATA, "some.dat", "application/octet-stream")).body["id"]
    got = b""
    first: int | None = 0
    for _ in range(2):
        answer = await ann.get(f"/files/{file}/parts", params={"first": str(first)})
        assert answer.headers["Cache-Control"] == "no-store"
        (item,) = answer.body["parts"]
        status, sealed = await ask("GET", item["url"])
        assert status == 200
        assert DATA[:64] not in sealed
        part = opened(sealed, b64decode(answer.body["key"]), answer.body["content_id"], item["number"])
        assert len(part) == item["size_bytes"]
        got, first = got + part, answer.body["next"]
    assert got == DATA
    assert first is None
    assert (await ann.get(f"/files/{file}/parts", params={"first": "9"})).body["parts"] == []


async def test_nobody_gets_the_key_of_what_they_may_not_read(api: Api, ann: Api, meeting: str) -> None:
    file = (await ann.bring(meeting, DATA, "some.dat", "")).body["id"]
    ben = await api.given_user("ben@example.com", "Ben")
    assert (await ben.get(f"/files/{file}/parts")).status == 404
    assert (await ann.delete(f"/files/{file}")).status == 204
    assert (await ann.get(f"/files/{file}/parts")).status == 404


async def test_without_the_setting_nobody_reaches_the_store(make_api: Make, settings: Settings) -> None:
    ann = await (await make_api(**settings | {"files_direct": False})).given_user()
    meeting = str((await ann.given_meeting())["id"])
    file = (await ann.bring(meeting, DATA, "some.dat", "")).body["id"]
    for answer in (await begun(ann, meeting), await ann.get(f"/files/{file}/parts")):
        assert (answer.status, answer.code) == (422, "not_supported")


async def test_urls_name_the_bucket_as_clients_know_it(make_api: Make, settings: Settings) -> None:
    elsewhere = settings["s3_endpoint"].replace("127.0.0.1", "localhost")
    ann = await (await make_api(**settings, s3_public_endpoint=elsewhere)).given_user()
    meeting = str((await ann.given_meeting())["id"])
    url = (await begun(ann, meeting)).body["url"]
    assert urlsplit(url).hostname == "localhost"
    assert (await ask("PUT", url, DATA))[0] == 200
