"""Letters into the outbox: what services are given to write mails with."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.mail.outbox import Outbox
from meetserver.mail.render import Letters


class Post:
    def __init__(self, letters: Letters, outbox: Outbox) -> None:
        self._letters = letters
        self._outbox = outbox

    async def __call__(self, connection: AsyncConnection, letter: str, to: str, values: Mapping[str, object]) -> None:
        """Have the letter sent once the transaction of `connection` commits."""
        await self._outbox.put_mail(connection, self._letters.render(letter, to, values))
