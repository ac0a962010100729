"""The end of an account: asked for once, then carried out by a job that goes on until every package has done its part.

From the moment it is asked for nobody can sign in; the receipt says how far it is, and in the end what was removed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import erasure_store, role_store, session_store, store
from meetserver.accounts.erasure_store import ErasureRow
from meetserver.accounts.jobs import Enqueue
from meetserver.database import Database
from meetserver.errors import Conflict, NotFound
from meetserver.ids import UserId
from meetserver.messages import Json
from meetserver.ports import Clock, Eraser, Origin, Random, SecurityLog
from meetserver.wire import timestamp

ERASE: Final = "accounts.erase"
"""The kind of the jobs that `Erasure.run` handles."""


class Receipt(Struct, frozen=True):
    """How an erasure goes. Whoever has its id may see it: nothing in it says who it was."""

    id: str
    state: Literal["under_way", "done"]
    requested_at: str
    finished_at: str | None
    report: dict[str, dict[str, int]]
    """What was removed, by package and kind."""


class Export(Struct, frozen=True):
    """All that is known about somebody, by package."""

    exported_at: str
    data: dict[str, Any]


class Erasure:
    """`erasers` are asked in order; the account's own must be the last."""

    def __init__(
        self,
        erasers: Sequence[Eraser],
        enqueue: Enqueue,
        database: Database,
        clock: Clock,
        random: Random,
        security_log: SecurityLog,
    ) -> None:
        self._erasers = erasers
        self._enqueue = enqueue
        self._database = database
        self._clock = clock
        self._random = random
        self._security_log = security_log

    async def ask(self, user: UserId, origin: Origin) -> Receipt:
        """Raises Conflict for the last administrator."""
        row = ErasureRow(id=self._random.id(), user_id=user, requested_at=self._clock.now())

        async def begin(connection: AsyncConnection) -> ErasureRow:
            begun = await erasure_store.erasure_of_user(connection, user)
            if begun is not None:
                return begun  # asked twice at once
            if await role_store.is_last_admin(connection, user):
                raise Conflict("the last administrator stays: make somebody else administrator first")
            await erasure_store.insert_erasure(connection, row)
            await self._shut(connection, user, row.requested_at)
            await self._enqueue(connection, ERASE, {"erasure": row.id, "user": user})
            return row

        receipt = _receipt(await self._database.run(begin))
        await self._security_log.record("account.deleted", origin, actor=user, subject=user)
        return receipt

    async def receipt(self, id_: str) -> Receipt:
        """Raises NotFound."""
        row = await erasure_store.read_erasure(self._database, id_)
        if row is None:
            raise NotFound("there is no such erasure")
        return _receipt(row)

    async def run(self, payload: Json) -> None:
        """The handler of ERASE. What was done before a crash stands in the report, and is not done again."""
        id_, user = payload["erasure"], UserId(payload["user"])
        row = await erasure_store.read_erasure(self._database, id_)
        if row is None or row.finished_at is not None:
            return
        report = dict(row.report)
        for eraser in self._erasers:
            if eraser.name not in report:
                report[eraser.name] = dict(await eraser.erase(user))
                await erasure_store.update_erasure(self._database, id_, report, None)
        await self._database.forget_deleted()
        await erasure_store.update_erasure(self._database, id_, report, self._clock.now())

    async def export(self, user: UserId, origin: Origin) -> Export:
        data = {eraser.name: await eraser.export(user) for eraser in self._erasers}
        await self._security_log.record("account.exported", origin, actor=user, subject=user)
        return Export(timestamp(self._clock.now()), dict(data))

    async def _shut(self, connection: AsyncConnection, user: UserId, at: datetime) -> None:
        await store.update_account(connection, user, disabled_at=at)
        await session_store.revoke_sessions(connection, user, at, kinds=("token", "cookie", "personal"))


class AccountEraser:
    """ports.Eraser: the account itself, with all that hangs on it."""

    name = "account"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, user: UserId) -> Mapping[str, int]:
        return await self._database.run(lambda connection: erasure_store.delete_account(connection, user))

    async def export(self, user: UserId) -> Mapping[str, object]:
        return await erasure_store.read_account_data(self._database, user)


def _receipt(row: ErasureRow) -> Receipt:
    return Receipt(
        id=row.id,
        state="under_way" if row.finished_at is None else "done",
        requested_at=timestamp(row.requested_at),
        finished_at=None if row.finished_at is None else timestamp(row.finished_at),
        report=row.report,
    )
