"""The whiteboard over sockets: undo that lasts over a resume and a restart, versions, pages, pens."""

from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from meetserver.bootstrap import open_server
from meetserver.config import Config
from tests.integration.socket.conftest import Meeting, Socket

_numbers = count(10)


async def ask(socket: Socket, type_: str, **data: Any) -> dict[str, Any]:
    number = next(_numbers)
    await socket.say(id=number, type=type_, txn=f"txn{number}", data=data)
    reply = await socket.reply(number)
    assert "ok" in reply, reply
    ok: dict[str, Any] = reply["ok"]
    return ok


def put(id_: str, **element: Any) -> dict[str, Any]:
    return {"op": "put", "id": id_, "element": element}


async def test_undo_is_told_to_all_as_new_ops(meeting: Meeting) -> None:
    host, _ = await meeting.enter(as_host=True)
    guest, _ = await meeting.enter()

    drawn = await ask(guest, "whiteboard.apply", ops=[put("a", x=1), put("b")])
    assert (await host.hear_type("whiteboard.applied"))["data"] == {"ops": [put("a", x=1), put("b")]}
    await ask(host, "whiteboard.apply", ops=[{"op": "patch", "id": "b", "fields": {"y": 1}}])
    await host.hear_type("whiteboard.applied")
    await ask(guest, "whiteboard.undo")
    undone = await host.hear_type("whiteboard.applied")
    assert undone["data"] == {"ops": [{"op": "delete", "id": "a"}], "undo": drawn["seq"]}
    await ask(guest, "whiteboard.redo")
    redone = await host.hear_type("whiteboard.applied")
    assert redone["data"] == {"ops": [put("a", x=1) | {"z": 0}], "redo": undone["seq"]}
    nothing = await ask(guest, "whiteboard.redo")
    assert nothing["seq"] == redone["seq"], "nothing to do again"


async def test_versions_pages_and_pens_are_in_the_snapshot(meeting: Meeting) -> None:
    host, ok = await meeting.enter(as_host=True)
    await ask(host, "whiteboard.add_page", page="plan", name="Plan", background="grid", index=0)
    await ask(host, "whiteboard.apply", ops=[put("a")], page="plan")
    version = (await ask(host, "whiteboard.save", name="first"))["version"]
    await ask(host, "whiteboard.clear", page="plan")
    await ask(host, "whiteboard.restore", version=version)
    pen = {"tool": "pen", "color": "#123456", "width": 2.5, "page": "plan"}
    await host.say(id=9, type="presence.set", data={"board": pen})
    assert "ok" in await host.reply(9)

    _, entered = await meeting.enter()

    board = entered["snapshot"]["whiteboard"]
    assert board["pages"] == {"plan": [{"id": "a", "element": {}, "z": 0}]}
    assert board["order"] == ["plan", "1"]
    assert board["sheets"]["plan"] == {"name": "Plan", "background": "grid"}
    assert [(one["id"], one["name"], one["by"]) for one in board["versions"]] == [(version, "first", ok["participant"])]
    assert entered["snapshot"]["participants"][0]["board"] == pen


async def test_who_comes_back_after_a_restart_takes_back_what_they_drew_before(
    meeting: Meeting, config: Config, tmp_path: Path
) -> None:
    guest, ok = await meeting.enter()
    drawn = await ask(guest, "whiteboard.apply", ops=[put("a"), put("b")])
    await guest.say(id=9, type="presence.set", data={"board": {"tool": "eraser"}})
    await guest.reply(9)
    room = meeting.room
    await meeting.server.router.drain()

    async with open_server(config) as server, aiohttp.ClientSession() as http:
        base = TestServer(server.app)
        await base.start_server(shutdown_timeout=0.1)
        restarted = Meeting(server, base, http)
        restarted.id = meeting.id
        again = await restarted.welcomed(room)
        point = {"token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}
        await again.say(id=1, type="hello", data={"resume": point})
        assert (await again.reply(1))["ok"]["recovered"]
        await ask(again, "whiteboard.undo")
        undone = await again.hear_type("whiteboard.applied")
        while "undo" not in undone["data"]:
            undone = await again.hear_type("whiteboard.applied")
        assert undone["data"]["undo"] == drawn["seq"]
        await server.router.drain()
        await base.close()
