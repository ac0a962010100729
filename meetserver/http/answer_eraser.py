"""Answers that are kept for repeated requests: they hold what somebody has made, and tickets with their name."""

from collections.abc import Mapping

from meetserver.database import Database
from meetserver.http import store
from meetserver.ids import UserId


class AnswerEraser:
    """ports.Eraser."""

    name = "answers"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, user: UserId) -> Mapping[str, int]:
        principal = store.principal_of(user)
        return {"answers": await self._database.run(lambda connection: store.delete_claims_of(connection, principal))}

    async def export(self, user: UserId) -> Mapping[str, object]:
        """Nothing: they are copies of what others tell, and are gone within a day."""
        return {}
