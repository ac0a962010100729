"""Questions to another shard, and their answers. At most once: nobody asks again by himself."""

import asyncio
from itertools import count

from meetserver import limits
from meetserver.cluster import parcels
from meetserver.cluster.link import Link
from meetserver.cluster.parcels import Answer, Asked
from meetserver.errors import Timeout, Unavailable


class Calls:
    def __init__(self) -> None:
        self._numbers = count(1)
        self._waiting: dict[int, tuple[Link, asyncio.Future[Answer]]] = {}

    async def ask(self, link: Link | None, asked: Asked) -> Answer:
        """Raises Unavailable when the other side cannot be reached, or gets lost meanwhile; Timeout."""
        if link is None or not link.is_up:
            raise Unavailable("the shard cannot be reached", retry_after_s=1)
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = link, answer
        link.send(parcels.Call(number, asked))
        try:
            return await asyncio.wait_for(answer, limits.ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise Timeout("the shard did not answer in time", retry_after_s=1) from None
        finally:
            del self._waiting[number]

    def answered(self, answer: Answer) -> None:
        if (waiting := self._waiting.get(answer.number)) is not None and not waiting[1].done():
            waiting[1].set_result(answer)

    def lost(self, link: Link) -> None:
        """What was under way may have been done or not."""
        for other, answer in list(self._waiting.values()):
            if other is link and not answer.done():
                answer.set_exception(Unavailable("the shard was lost while it answered", retry_after_s=1))
