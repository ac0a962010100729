"""How far guests had read goes when they are gone: they come back as somebody else, if at all."""

from meetserver import limits
from meetserver.database import Database
from meetserver.rooms import mark_store

FORGET_GUESTS = "rooms.forget_guests"


class GoneGuests:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, _: object = None) -> None:
        """Through all marks, a page at a time. Safe to be done again, and by several at once."""
        after = ("", "")
        while rows := await mark_store.page(self._database, after, limits.SWEEP_ROWS):
            if gone := [row.key for row in rows if row.is_gone]:
                await mark_store.remove(self._database, gone)
            after = rows[-1].key
