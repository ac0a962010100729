"""The hostile uploads over HTTP: each is refused, or harmless to whoever gets it."""

import pytest

from meetserver import limits
from meetserver.adapters.memory.scanner import MemoryScanner
from meetserver.files.inspection import Inspection
from tests.files.hostile import Upload, uploads
from tests.integration.http.conftest import Api
from tests.integration.http.test_files import blobs_of

RUNNING = ("text/html", "image/svg+xml", "application/xml", "text/xml", "text/javascript", "application/pdf")


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    return str((await ann.given_meeting())["id"])


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
async def test_each_is_refused_or_harmless(ann: Api, meeting: str) -> None:
    service = ann.services.uploads
    service._inspection = Inspection(service._blobs, MemoryScanner(), holds=True)
    wrong = [f"{one.title}: {said}" for one in uploads() if (said := await verdict(ann, meeting, one))]
    assert wrong == [], "\n".join(wrong)


async def verdict(ann: Api, meeting: str, one: Upload) -> str:
    """What is wrong with what became of it; empty: nothing."""
    before = await blobs_of(ann)
    headers = {"Content-Type": "multipart/form-data; boundary=hostile"}
    answer = await ann.request("POST", f"/meetings/{meeting}/files", data=_form(one), headers=headers)
    # Of an image nothing is left but its pixels.
    wanted: str = "bad_file" if one.infected and one.becomes != "remade" else one.becomes
    if answer.status != 201:
        left = set(await blobs_of(ann)) - set(before)
        if not one.name.isprintable() or len(one.declared) > limits.HEAD_LINE_BYTES:
            wanted = answer.code if answer.code == "bad_message" else wanted  # no form can say that
        return "" if answer.code == wanted and not left else f"{answer.code}, not {wanted}; left {left}"
    if wanted not in ("attachment", "remade", "inline"):
        return f"taken, not {wanted}"
    file = answer.body
    got = await ann.get(f"/files/{file['id']}/content")
    headers, body = got.headers, got.body if isinstance(got.body, bytes) else b""
    faults = {
        "sniffed": headers["X-Content-Type-Options"] != "nosniff",
        "not in a sandbox": "sandbox" not in headers["Content-Security-Policy"],
        "runs": headers["Content-Type"].partition(";")[0] in RUNNING,
        "shown": wanted == "attachment" and not headers["Content-Disposition"].startswith("attachment"),
        "as it was": wanted == "remade" and body == one.content,
        "a long name": len(file["name"].encode()) > limits.FILE_NAME_BYTES,
        "another name": one.shown is not None and file["name"] != one.shown,
        "a path": "/" in file["name"] or "\\" in file["name"] or file["name"].startswith("."),
    }
    return ", ".join(fault for fault, is_so in faults.items() if is_so)


def _form(one: Upload) -> bytes:
    """As browsers write it (HTML, 4.10.22.8); what they never would, in the media type, is sent as it is."""
    name = one.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    disposition = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    head = f"--hostile\r\n{disposition}\r\nContent-Type: {one.declared}\r\n\r\n"
    return head.encode("utf-8", "surrogatepass") + one.content + b"\r\n--hostile--\r\n"
