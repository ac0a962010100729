"""The doors of a whole server: what HTTP let in, the room lets in, and what the room keeps out, HTTP does too."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer

from meetserver.bootstrap import open_server
from meetserver.config import load_config

PASSWORD = "correct horse battery"
DENY_GUESTS = {"effect": "deny", "network": "127.0.0.0/8", "roles": ["guest"]}


class House:
    """One server, its administrator, and a meeting of theirs."""

    def __init__(self, client: "TestClient[Any, Any]") -> None:
        self.client = client
        self._headers: dict[str, str] = {}
        self.meeting: dict[str, Any] = {}

    async def call(self, method: str, path: str, body: Any = None, *, as_guest: bool = False) -> tuple[int, Any]:
        headers = {} if as_guest else self._headers
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=headers) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def open(self, **settings: Any) -> None:
        login = {"email": "root@example.com", "password": PASSWORD}
        _, tokens = await self.call("POST", "/auth/login", login)
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        _, self.meeting = await self.call("POST", "/meetings", {"title": "T", "settings": settings})

    async def join(self, **wish: Any) -> tuple[int, Any]:
        """As a guest; without a name as the administrator."""
        return await self.call("POST", f"/meetings/{self.meeting['id']}/join", wish, as_guest="name" in wish)

    async def hello(self, **hello: Any) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
        path = f"/ws/v1/rooms/{self.meeting['room_id']}"
        socket = await self.client.ws_connect(path, protocols=["meet.v1.json"])
        assert (await socket.receive_json())["type"] == "welcome"
        await socket.send_json({"id": 1, "type": "hello", "data": hello})
        return socket, await answer(socket, 1)

    async def enter(self, **wish: Any) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
        status, admission = await self.join(**wish)
        assert status == 200, admission
        socket, reply = await self.hello(ticket=admission["ticket"])
        return socket, reply["ok"]


async def answer(socket: ClientWebSocketResponse, id_: int) -> dict[str, Any]:
    while True:
        frame = await socket.receive_json(timeout=10)
        if frame.get("re") == id_:
            return dict(frame)


def way_back(ok: dict[str, Any]) -> dict[str, Any]:
    return {"session": ok["session"], "token": ok["resume_token"], "epoch": ok["epoch"], "seq": ok["seq"]}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    config = load_config(
        {}, data_dir=str(tmp_path), admin_email="root@example.com", admin_password=PASSWORD, bcrypt_cost=4
    )
    async with open_server(config) as server, TestClient(TestServer(server.app)) as client:
        yield House(client)


async def test_rules_about_addresses_hold_at_the_resume(house: House) -> None:
    await house.open()
    guest, ok = await house.enter(name="Cy")
    host, _ = await house.enter()
    assert (await house.call("PUT", "/admin/ip-rules", {"rules": [DENY_GUESTS]}))[0] == 200
    await guest.close()
    again, reply = await house.hello(resume=way_back(ok))
    assert reply["error"]["code"] == "forbidden"
    assert (await house.join(name="Cy"))[0] == 403
    await house.call("PUT", "/admin/ip-rules", {"rules": []})
    back, reply = await house.hello(resume=way_back(ok))
    assert reply["ok"]["participant"] == ok["participant"]
    for socket in (host, again, back):
        await socket.close()


async def test_a_guest_link_passes_the_lobby_only_where_it_says_so(house: House) -> None:
    await house.open(lobby=True, passcode="1234")
    states = []
    for skips_lobby in (False, True):
        _, link = await house.call("POST", f"/meetings/{house.meeting['id']}/links", {"skips_lobby": skips_lobby})
        socket, ok = await house.enter(name="Cy", link=link["url"].rpartition("/")[2])
        states.append(ok["state"])
        await socket.close()
    assert states == ["waiting", "joined"]


async def test_a_ban_is_heard_at_the_door_and_lifted_there(house: House) -> None:
    await house.open()
    host, _ = await house.enter()
    guest, ok = await house.enter(name="Mallory")
    await host.send_json({"id": 2, "type": "participant.ban", "txn": "b", "data": {"participant": ok["participant"]}})
    assert "ok" in await answer(host, 2)
    status, problem = await house.join(name="Somebody else")
    assert (status, problem["code"]) == (403, "forbidden")
    _, bans = await house.call("GET", f"/meetings/{house.meeting['id']}/bans")
    (ban,) = bans["items"]
    assert (ban["name"], ban["kind"]) == ("Mallory", "banned")
    assert (await house.call("DELETE", f"/meetings/{house.meeting['id']}/bans/{ban['id']}"))[0] == 204
    assert (await house.join(name="Somebody else"))[0] == 200
    for socket in (host, guest):
        await socket.close()
