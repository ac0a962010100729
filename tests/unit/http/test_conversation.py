"""A room's chat as its readers get it: looking through long messages leaves the loop to others in between."""

import asyncio
import time
from typing import Any

from meetserver import limits
from meetserver.chat.messages import Message, Sent
from meetserver.http.conversation import Conversation
from meetserver.http.readers import Reader
from meetserver.ids import MeetingId, ParticipantId, RoomId, UserId
from meetserver.meetings.store import Meeting
from meetserver.ports import Entry
from meetserver.wire import encode
from tests.builders import NOON
from tests.unit.test_turns import others_during

ANN = ParticipantId("ann")
MEETING = Meeting(
    MeetingId("m"), UserId("ann"), "Weekly", "", None, None, None, {}, 1, NOON, NOON, RoomId("room"), "Ann"
)


class History:
    """A log at hand, which nobody waits for."""

    async def entries_of_type(self, *_: object, **__: object) -> list[Entry]:
        return [
            Entry(epoch=1, seq=seq, at=NOON, by=ANN, type=Sent.type, v=1, data=encode(Sent(f"{seq}-k", "Ann", "long")))
            for seq in range(1, 5)
        ]

    async def entries_about(self, *_: object, **__: object) -> list[Entry]:
        return []


async def test_others_go_on_while_messages_are_looked_through() -> None:
    history: Any = History()
    reader = Reader(MEETING, frozenset({ANN}), user=UserId("ann"))

    def is_wanted(_: Message) -> bool:
        until = time.monotonic() + limits.TURN_S * 1.1
        while time.monotonic() < until:
            pass
        return True

    page = Conversation(history, reader).page(before=None, after=None, limit=10, is_wanted=is_wanted)
    assert await others_during(asyncio.ensure_future(page)) >= 3
