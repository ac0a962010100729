"""The board over HTTP: as it is, as it was, as it was kept; as data and as pictures."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from aiohttp import FormData

from meetserver import limits
from meetserver.errors import Refusal, refused
from meetserver.rooms.messages import RoleSet
from meetserver.whiteboard.messages import AddPage, Applied, Apply, Delete, PageAdded, PageRemoved, Put, Saved, Sheet
from tests.files.pictures import picture
from tests.integration.http.conftest import Answer, Api, NotingRooms
from tests.integration.http.statements import statements_of
from tests.integration.http.test_history import BO, Room

LINE = {"kind": "line", "x1": 0, "y1": 0, "x2": 10, "y2": 10, "color": "#d6336c", "width": 4}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
async def room(api: Api) -> Room:
    ann = await api.given_user()
    return Room(ann, await ann.given_meeting(title="Plans / 2026"))


async def draws(room: Room, *ids: str, page: str = "1") -> None:
    await room.happens(BO, Applied([Put(id_, LINE) for id_ in ids], page))


async def test_the_board_as_it_is(room: Room) -> None:
    await draws(room, "a", "b")
    await room.happens(BO, PageAdded("two", 1, Sheet(name="Ideas", width=800, height=600, background="grid")))
    board = (await room.owner.get(f"{room.path}/whiteboard")).body
    assert [(page["id"], page["name"], page["width"]) for page in board["pages"]] == [
        ("1", "", 1600),
        ("two", "Ideas", 800),
    ]
    assert [shown["id"] for shown in board["pages"][0]["elements"]] == ["a", "b"]
    assert (board["seq"], board["versions"]) == (2, [])
    only = (await room.owner.get(f"{room.path}/whiteboard?page=two")).body
    assert [page["id"] for page in only["pages"]] == ["two"]


async def test_pages_that_nobody_made_are_pages(room: Room) -> None:
    await draws(room, "a", page="by-hand")
    board = (await room.owner.get(f"{room.path}/whiteboard")).body
    assert [page["id"] for page in board["pages"]] == ["1", "by-hand"]
    answer = await room.owner.get(f"{room.path}/whiteboard.svg?page=by-hand")
    assert b"#d6336c" in answer.body
    assert (await room.owner.get(f"{room.path}/minutes")).body["pages"] == 1

    await room.happens(BO, PageRemoved("1"))
    assert b"#d6336c" in (await room.owner.get(f"{room.path}/whiteboard.svg")).body
    await room.happens(BO, Applied([Delete("a")], "by-hand"))
    assert (await room.owner.get(f"{room.path}/whiteboard.png")).status == 200
    board = (await room.owner.get(f"{room.path}/whiteboard")).body
    assert [(page["id"], page["elements"]) for page in board["pages"]] == [("1", [])]


async def test_the_board_as_it_was(room: Room) -> None:
    await draws(room, "a")
    await room.happens(BO, Saved("v1", "first draft"))
    await room.happens(BO, Applied([Delete("a")]))
    await draws(room, "b")

    async def ids(query: str) -> list[str]:
        answer = await room.owner.get(f"{room.path}/whiteboard?{query}")
        return [shown["id"] for page in answer.body["pages"] for shown in page["elements"]]

    assert (await ids("at=1"), await ids("version=v1"), await ids("at=3"), await ids("")) == (["a"], ["a"], [], ["b"])
    board = (await room.owner.get(f"{room.path}/whiteboard")).body
    assert [(version["id"], version["name"], version["by"]) for version in board["versions"]] == [
        ("v1", "first draft", BO)
    ]


@pytest.mark.parametrize("query", ["page=none", "version=none", "at=1&version=v1"])
async def test_what_is_not_there(room: Room, query: str) -> None:
    await draws(room, "a")
    await room.happens(BO, Saved("v1", "later"))
    for path in ("whiteboard", "whiteboard.svg", "whiteboard.png", "whiteboard.pdf"):
        assert (await room.owner.get(f"{room.path}/{path}?{query}")).status == 404


async def test_a_picture_is_an_attachment_that_no_browser_runs(room: Room) -> None:
    await draws(room, "a")
    answer = await room.owner.get(f"{room.path}/whiteboard.svg")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    svg = ElementTree.fromstring(answer.body)
    assert [path.get("stroke") for path in svg.iter(f"{SVG}path")] == ["#d6336c"]
    assert svg.findtext(f"{SVG}title") == "Plans / 2026"


async def test_images_on_the_board_are_in_its_pictures(room: Room) -> None:
    async def brought(meeting: str) -> str:
        return str((await room.owner.bring(meeting, picture("PNG"), "cat.png", "image/png")).body["id"])

    meeting = room.path.rpartition("/")[2]
    place = {"kind": "image", "x": 0, "y": 0, "w": 10, "h": 10}
    files = [
        "of-nobody",
        await brought((await room.owner.given_meeting())["id"]),
        *[await brought(meeting) for _ in range(3)],
    ]
    costs = set()
    for count in (3, 5):
        await room.happens(BO, Applied([Put(file, {**place, "file": file}) for file in files[:count]]))
        with statements_of(room.owner.services.database) as sent:
            svg = ElementTree.fromstring((await room.owner.get(f"{room.path}/whiteboard.svg")).body)
        images = [str(image.get("href")) for image in svg.iter(f"{SVG}image")]
        assert len(images) == count - 2, "those that are nobody's, or another meeting's, are frames"
        assert all(image.startswith("data:image/webp;base64,") for image in images)
        costs.add(len(sent))
    assert len(costs) == 1, "all of them are read at once"


RECTANGLE = {"type": "rectangle", "x": 5, "y": 5, "width": 30, "height": 20}


async def imports(somebody: Api, path: str, elements: Any, **headers: Any) -> Answer:
    form = FormData()
    content = json.dumps({"type": "excalidraw", "version": 2, "elements": elements})
    form.add_field("file", content, filename="Plan.excalidraw", content_type="application/json")
    return await somebody.request("POST", f"{path}/whiteboard/import", data=form, headers=headers)


async def test_a_drawing_is_put_on_a_new_page(room: Room) -> None:
    answer = await imports(room.owner, room.path, [RECTANGLE] * 250 + [{**RECTANGLE, "type": "frame"}, "broken"])
    assert answer.status == 201, answer
    page = answer.body.pop("page")
    assert answer.body == {"elements": 250, "unknown": {"frame": 1}, "broken": 1, "images": 0}
    rooms: Any = room.owner.services.rooms
    added, *applied = [command for _, command in rooms.asked]
    assert added == AddPage(page, "Plan")
    assert [(type(one), one.page, len(one.ops), one.follows) for one in applied] == [
        (Apply, page, 200, None),
        (Apply, page, 50, 2),
    ]
    assert set(rooms.asked_by) == {None}


async def test_who_is_in_the_room_draws_it_there(room: Room) -> None:
    token = await room.joins(BO)
    answer = await imports(room.owner.signed_in(None), room.path, [RECTANGLE], Authorization=f"Session {token}")
    assert answer.status == 201
    rooms: Any = room.owner.services.rooms
    assert rooms.asked_by == [BO, BO]


async def test_what_is_no_drawing_is_refused(room: Room) -> None:
    for elements in ([], ["broken"], "none"):
        answer = await imports(room.owner, room.path, elements)
        assert (answer.status, answer.code) == (400, "bad_message")
    answer = await imports(room.owner, room.path, [RECTANGLE] * (limits.IMPORT_ELEMENTS + 1))
    assert (answer.status, answer.code) == (413, "too_large")
    rooms: Any = room.owner.services.rooms
    assert rooms.asked == []


async def test_what_the_room_refuses_leaves_no_page(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def ask(_: NotingRooms, __: object, command: Any, *, role: str = "host", by: object = None) -> None:
        asked.append(command.type)
        if isinstance(command, Apply):
            raise refused(Refusal("too_large", "the board is full"))

    monkeypatch.setattr(NotingRooms, "ask", ask)
    assert (await imports(room.owner, room.path, [RECTANGLE])).status == 413
    assert asked == ["whiteboard.add_page", "whiteboard.apply", "whiteboard.remove_page"]


async def test_who_imports(room: Room) -> None:
    stranger = await room.owner.signed_in(None).given_user("dee@example.com", "Dee")
    assert (await imports(stranger, room.path, [RECTANGLE])).status == 404
    token = await room.joins(BO)
    guest = room.owner.signed_in(None)
    assert (await imports(guest, room.path, [RECTANGLE], Authorization=f"Session {token}")).status == 201
    await room.happens(BO, RoleSet(BO, "viewer"))
    answer = await imports(guest, room.path, [RECTANGLE], Authorization=f"Session {token}")
    assert (answer.status, answer.code) == (403, "forbidden")
