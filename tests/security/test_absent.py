"""What is somebody else's answers as what is not there: status, body, headers, the work that goes before, and time.

Whole meetings: tests/integration/http/test_hidden.py. Here it is what stands below them, and below accounts.
"""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from sqlalchemy import insert

from meetserver.accounts.models import external_identity, passkey
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES
from meetserver.meetings import service
from tests.files.pictures import picture
from tests.integration.http.conftest import Answer, Api, Make
from tests.integration.http.test_access_matrix import BODIES
from tests.integration.http.test_enumeration import noted_work
from tests.integration.http.test_hidden import ABSENT, HIDING, ask, told
from tests.integration.http.test_uploads import BYTES, place_of
from tests.security.timing import SAME_WITHIN, difference

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HIDE_NOTHING: Final = {
    "name": "providers are listed for all",
    "erasure_id": "whoever has a receipt's number may read it",
    "user_id": "administrators see all, and others are turned away before anything is looked up",
    "role": "the same",
    "shard_id": "the same, of operators",
    "room_id": "the same, of operators",
    "ban_id": "the room itself is asked, and knows no bans but its own",
}
"""Parts of paths, and why there is nothing of others to be found by them."""
SOMEBODYS: Final = [
    (route, part)
    for route in ROUTES
    for part in route.path_parts
    if part not in {"meeting_id", *HIDE_NOTHING} and route.method != "HEAD" and "key" not in route.path_parts
]


UPLOADING: Final = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": BYTES}


class Others:
    """Ann has one of each thing; Bo, who asks, has a meeting too."""

    def __init__(self, ann: Api, bo: Api, meeting: str, ids: Mapping[str, str]) -> None:
        self.ann = ann
        self.bo = bo
        self.meeting = meeting
        self.ids = ids

    async def ask(self, route: AnyRoute, part: str, id_: str, who: Api | None = None) -> Answer:
        meeting = self.meeting if who is None else self.ids["meeting_id"]
        path = route.path.format_map({"meeting_id": meeting, part: id_})
        headers = UPLOADING if route.path.startswith("/files/uploads") else {}
        body = BODIES[route.body.__name__] if route.body else None
        return await (who or self.bo).request(route.method, path, body, headers=headers)


@pytest.fixture
async def others(make_api: Make) -> Others:
    api = await make_api(rate_factor=0)
    ann = await api.given_user()
    bo = await api.given_user("bo@example.com", "Bo")
    meeting = (await ann.given_meeting())["id"]
    invited = await ann.post(f"/meetings/{meeting}/invitees", {"email": "cy@example.com"})
    link = await ann.post(f"/meetings/{meeting}/links", {})
    token = await ann.post("/users/me/tokens", {"name": "Script", "scopes": ["profile:read"]})
    user, now = (await ann.get("/users/me")).body["id"], api.services.clock.now()
    row = {"user_id": user, "created_at": now}
    write = api.services.database.write
    await write(insert(passkey).values(id="annspasskey", credential_id=b"1", public_key=b"", name="Key", **row))
    about = {"provider": "corp", "issuer": "https://id.example", "subject": "ann", "last_used_at": now}
    await write(insert(external_identity).values(id="annsidentity", **about, **row))
    file = await ann.bring(meeting, picture("PNG"), "photo.png", "image/png")
    upload = await place_of(ann, meeting)
    direct = await ann.post(f"/meetings/{meeting}/files/direct", BODIES["NewDirectUpload"])
    ids = {
        "meeting_id": meeting,
        "file_id": file.body["id"],
        "upload_id": upload.rpartition("/")[2],
        "direct_id": direct.body["id"],
        "invitee_id": invited.body["id"],
        "link_id": link.body["id"],
        "token_id": token.body["id"],
        "session_id": (await ann.get("/auth/sessions")).body["items"][0]["id"],
        "passkey_id": "annspasskey",
        "identity_id": "annsidentity",
    }
    return Others(ann, bo, (await bo.given_meeting("Other"))["id"], ids)


@on_sqlite
@pytest.mark.usefixtures("uncached")
async def test_anothers_is_as_absent_as_nobodys(others: Others, record_property: Any) -> None:
    database = others.bo.services.database
    for route, part in SOMEBODYS:
        await others.ask(route, part, ABSENT)  # what is prepared once is prepared
        answers, works = [], []
        for id_ in (others.ids[part], ABSENT):
            with noted_work(database) as work:
                answers.append(told(await others.ask(route, part, id_)))
            works.append(work)
        assert answers[0][0] == 404, route.name
        assert answers[0] == answers[1], route.name
        assert works[0] == works[1], route.name
        assert works[0], "something was looked up"
    record_property("counted", f"{len(SOMEBODYS)} calls to what is somebody else's")


@on_sqlite
@pytest.mark.usefixtures("uncached")
async def test_no_more_is_looked_up_for_a_hidden_meeting(others: Others, record_property: Any) -> None:
    for route in HIDING:
        await ask(others.bo, route, ABSENT)
        works = []
        for id_ in (others.ids["meeting_id"], ABSENT):
            with noted_work(others.bo.services.database) as work:
                await ask(others.bo, route, id_)
            works.append(work)
        assert works[0] == works[1], route.name
    record_property("counted", f"{len(HIDING)} calls to hidden meetings")


@on_sqlite
@pytest.mark.usefixtures("uncached")
async def test_a_made_up_token_of_a_room_does_not_tell_which_rooms_there_are(others: Others) -> None:
    answers, works = [], []
    for id_ in (ABSENT, others.ids["meeting_id"], ABSENT):
        with noted_work(others.bo.services.database) as work:
            headers = {"Authorization": "Session made.up"}
            answers.append(told(await others.bo.get(f"/meetings/{id_}/messages", headers=headers)))
        works.append(work)
    assert answers[1] == answers[2]
    assert answers[1][0] == 401
    assert works[1] == works[2]


@on_sqlite
async def test_there_is_something_that_they_do_not_see(others: Others) -> None:
    """Ann herself gets at each of them."""
    for route, part in sorted(SOMEBODYS, key=lambda one: (one[0].method == "DELETE", one[1] == "session_id")):
        answer = await others.ask(route, part, others.ids[part], others.ann)
        assert answer.status in (200, 204, 409), (route.name, answer)  # the last way to sign in stays


CALLS: Final[Mapping[str, tuple[str, str, Any]]] = {
    "a meeting": ("GET", "/meetings/{meeting_id}", None),
    "a change of it": ("PATCH", "/meetings/{meeting_id}", {"title": "Mine"}),
    "its chat": ("GET", "/meetings/{meeting_id}/messages", None),
    "a session": ("DELETE", "/auth/sessions/{session_id}", None),
    "a token": ("DELETE", "/users/me/tokens/{token_id}", None),
}


async def time_told(others: Others, method: str, path: str, body: Any, **options: Any) -> float:
    """How much a call to what is Ann's and one to what is nobody's differ, for Bo."""
    hers, nobodys = path.format_map(others.ids), path.format_map(dict.fromkeys(others.ids, ABSENT))
    return await difference(
        lambda: others.bo.request(method, hers, body), lambda: others.bo.request(method, nobodys, body), **options
    )


@on_sqlite
async def test_it_takes_as_long(others: Others, record_property: Any) -> None:
    found = {what: await time_told(others, *call) for what, call in CALLS.items()}
    shown = ", ".join(f"{what} {100 * part:.1f} %" for what, part in found.items())
    record_property("counted", f"hidden and absent differ in time by: {shown}")
    assert max(found.values()) < SAME_WITHIN, shown


@on_sqlite
async def test_one_more_look_would_be_noticed(others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure can fail, and so can the comparison of the work."""
    find = service.Meetings.find

    async def find_and_look_again(meetings: service.Meetings, *arguments: Any) -> Any:
        found = await find(meetings, *arguments)
        for _ in range(2):
            await find(meetings, *arguments)
        return found

    monkeypatch.setattr(service.Meetings, "find", find_and_look_again)
    assert await time_told(others, *CALLS["a meeting"], rounds=2) > SAME_WITHIN
    with noted_work(others.bo.services.database) as there:
        await others.bo.get(f"/meetings/{others.ids['meeting_id']}")
    with noted_work(others.bo.services.database) as nowhere:
        await others.bo.get(f"/meetings/{ABSENT}")
    assert there != nowhere
