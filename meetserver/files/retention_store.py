"""The SQL of how long meetings keep their files."""

from sqlalchemy import column, select, table, text

from meetserver.database import Database, JsonDocument
from meetserver.ids import MeetingId

SETTING = "files_kept_days"
"""Of a meeting."""
# As much of these rows as files see: their table is described in a package beside this one, with an index of those that
# have the setting, by the same condition.
meeting = table("meeting", column("id"), column("settings", JsonDocument))
HAS_SETTING = text("settings ->> 'files_kept_days' IS NOT NULL")


async def meetings_with_days(database: Database, after: str, limit: int) -> list[tuple[MeetingId, int]]:
    """By id, those that say how long they keep files, and for how many days."""
    query = select(meeting).where(HAS_SETTING, meeting.c.id > after).order_by(meeting.c.id).limit(limit)
    return [(MeetingId(row.id), row.settings[SETTING]) for row in await database.fetch(query)]
