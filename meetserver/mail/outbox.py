"""Where mails are put: in the transaction of the change that they tell of, so that there is both or neither."""

from collections.abc import Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import after_commit
from meetserver.errors import BadMessage, SendFailed
from meetserver.mail import store
from meetserver.mail.message import check_headers, sender_address
from meetserver.ports import Clock, Mail, Random, Sealer

MAIL = "mail"


class Outbox:
    """Takes mails. `wake` is called after the commit, so that a mail goes out at once and not at the next poll."""

    def __init__(
        self, sealer: Sealer, clock: Clock, random: Random, *, sender: str, wake: Callable[[], None] = lambda: None
    ) -> None:
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._domain = sender_address(sender).rpartition("@")[2] or "localhost"
        self._wake = wake

    async def put_mail(self, connection: AsyncConnection, mail: Mail) -> str:
        """Have `mail` sent once the transaction of `connection` commits; its outbox id.

        Its Message-ID is made here, and stays the same however often it is tried.
        Raises BadMessage when it could never be sent (a malformed address, a line break in the subject).
        """
        row_id = self._random.id()
        mail = msgspec.structs.replace(mail, message_id=f"<{row_id}@{self._domain}>")
        try:
            check_headers(mail)
        except SendFailed as error:
            raise BadMessage(str(error)) from None
        payload = self._sealer.seal(msgspec.json.encode(mail), about(row_id))
        await store.insert_row(connection, row_id, MAIL, payload, self._clock.now())
        after_commit(connection, self._wake)
        return row_id


def about(row_id: str) -> str:
    """What an outbox row's payload is bound to."""
    return f"outbox {row_id}"
