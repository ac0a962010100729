"""Forms that bring files: what is none, breaks off, or says too much."""

import pytest

from meetserver import limits
from tests.integration.http.conftest import Api
from tests.integration.http.test_files import blobs_of


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


async def test_a_body_that_is_no_form(ann: Api, meeting: str) -> None:
    answer = await ann.post(f"/meetings/{meeting}/files", {"file": "x"})
    assert answer.status == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n\r\n",
        b"no form at all",
        b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\nhi\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi',
    ],
)
async def test_a_form_that_is_broken(ann: Api, meeting: str, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await ann.request("POST", f"/meetings/{meeting}/files", data=body, headers=headers)
    assert (answer.status, answer.code) == (400, "bad_message")
    assert await blobs_of(ann) == []


async def test_a_form_that_has_more_beside_the_file_than_a_form_may(ann: Api, meeting: str) -> None:
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhi\r\n'
    more = b'--x\r\nContent-Disposition: form-data; name="more"\r\n\r\n' + bytes(3 * limits.BODY_BYTES)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (file + more + b"\r\n--x--\r\n", bytes(3 * limits.BODY_BYTES) + b"\r\n" + file + b"--x--\r\n"):
        answer = await ann.request("POST", f"/meetings/{meeting}/files", data=body, headers=headers)
        assert (answer.status, answer.code) == (413, "too_large")
    assert await blobs_of(ann) == []


async def test_a_form_or_any_other_body_that_is_not_packed_as_it_says(ann: Api, meeting: str) -> None:
    for path, kind in ((f"/meetings/{meeting}/files", "multipart/form-data; boundary=x"), ("/meetings", "")):
        headers = {"Content-Type": kind or "application/json", "Content-Encoding": "gzip"}
        answer = await ann.request("POST", path, data=b"hello", headers=headers)
        assert (answer.status, answer.code) == (400, "bad_message")
