"""What is done where a virus is found in a file that was held back until somebody could look at it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.files import store, usage_store
from meetserver.files.store import File
from meetserver.ports import Clock, Origin, SecurityLog

Post: TypeAlias = Callable[[AsyncConnection, str, str, Mapping[str, object]], Awaitable[None]]
"""Has a letter sent to an address once the transaction commits."""


class Findings:
    def __init__(self, database: Database, post: Post, security_log: SecurityLog, clock: Clock) -> None:
        self._database = database
        self._post = post
        self._security_log = security_log
        self._clock = clock

    async def take_away(self, file: File) -> None:
        """The file is deleted, whoever brought it is told by mail if that is an account, and it is on record, first of
        all: rather twice than never."""
        account = await usage_store.account_of(self._database, file.uploader)
        brought_by = None if account is None else account.id
        told = {"content": file.content_id, "meeting": file.meeting_id or ""}
        await self._security_log.record("file.infected", Origin(), actor=brought_by, subject=file.id, **told)

        async def delete(connection: AsyncConnection) -> None:
            is_there = await store.mark_deleted(connection, store.of_id(file.id), self._clock.now())
            if is_there and account is not None:
                values = {"name": account.name, "file": file.name, "meeting": file.meeting_id}
                await self._post(connection, "file_infected", account.email, values)

        await self._database.run(delete)
