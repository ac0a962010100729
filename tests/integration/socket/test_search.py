"""What is said in a room can be found a moment later, and what is deleted cannot; on a whole server."""

from typing import Any

from sqlalchemy import func, select

from meetserver.rooms.models import message_text
from tests.contract.eventually import eventually
from tests.integration.socket.conftest import Meeting, Socket


class Searcher:
    def __init__(self, meeting: Meeting, token: str) -> None:
        self._url = meeting.base.make_url(f"/api/v1/meetings/{meeting.id}/messages")
        self._meeting = meeting
        self._headers = {"Authorization": f"Session {token}"}

    async def finds(self, q: str) -> list[str]:
        http = self._meeting.http
        async with http.get(self._url, params={"q": q}, headers=self._headers) as response:
            body: Any = await response.json()
            assert response.status == 200, body
            return [one["text"] for one in body["items"]]

    async def rows(self) -> int:
        count = select(func.count()).select_from(message_text)
        return int((await self._meeting.server.core.database.fetch(count))[0][0])


async def command(socket: Socket, id_: int, type_: str, **data: Any) -> dict[str, Any]:
    await socket.say(id=id_, type=type_, txn=f"t{id_}", data=data)
    answer = await socket.reply(id_)
    assert "ok" in answer, answer
    ok: dict[str, Any] = answer["ok"]
    return ok


async def test_a_search_follows_what_is_said(meeting: Meeting) -> None:
    socket, hello = await meeting.enter()
    searcher = Searcher(meeting, hello["resume_token"])
    sent = await command(socket, 2, "chat.send", text="The unmistakable word")
    assert await eventually(lambda: searcher.finds("unmistak")) == ["The unmistakable word"]
    await command(socket, 3, "chat.edit", message_id=sent["message_id"], text="Another one")
    assert await eventually(lambda: searcher.finds("another")) == ["Another one"]
    assert await searcher.finds("unmistakable") == []
    await command(socket, 4, "chat.delete", message_id=sent["message_id"])
    assert await searcher.finds("another") == []

    async def is_gone() -> bool:
        return await searcher.rows() == 0

    assert await eventually(is_gone)
