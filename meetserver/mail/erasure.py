"""Letters to somebody that have not been sent: those that wait, and dead ones, which are kept until somebody looks.

Of sent ones nothing is left that says whose they were.
"""

from collections.abc import AsyncIterator, Mapping

import msgspec

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import MeetError
from meetserver.ids import UserId
from meetserver.mail import store
from meetserver.mail.outbox import about
from meetserver.ports import Mail, Sealer
from meetserver.wire import timestamp


class MailEraser:
    """ports.Eraser. Letters are known by the account's address, so that it must come before the account's own."""

    name = "mail"

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def erase(self, user: UserId) -> Mapping[str, int]:
        count = 0
        async for row, _ in self._letters_to(user):
            await store.delete_row(self._database, row.id)
            count += 1
        return {"letters": count}

    async def export(self, user: UserId) -> Mapping[str, object]:
        """Without their text: there are links in it that one could sign in with."""
        return {
            "unsent": [
                {"subject": mail.subject, "created_at": timestamp(row.created_at)}
                async for row, mail in self._letters_to(user)
            ]
        }

    async def _letters_to(self, user: UserId) -> AsyncIterator[tuple[store.Claimed, Mail]]:
        addresses = {address.lower() for address in await store.addresses_of(self._database, user)}
        after = ""
        while page := await store.unsent(self._database, after, limits.PAGE_ITEMS):
            for row in page:
                mail = self._read(row)
                if mail is not None and mail.to.lower() in addresses:
                    yield row, mail
            after = page[-1].id

    def _read(self, row: store.Claimed) -> Mail | None:
        """None: nobody can read it, whoever it was for."""
        try:
            return msgspec.json.decode(self._sealer.unseal(row.payload, about(row.id)), type=Mail)
        except (MeetError, msgspec.DecodeError):
            return None
