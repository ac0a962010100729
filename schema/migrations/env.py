"""Where Alembic meets our tables. It is run by adapters/migrations.py, which brings the connection.

Every models module stands here, so that `metadata` is whole; a test looks that none is missing.
"""

from typing import Any, Literal

from alembic import context
from sqlalchemy import DefaultClause
from sqlalchemy.sql.elements import False_, True_

import meetserver.accounts.models
import meetserver.audit.models
import meetserver.cluster.models
import meetserver.files.models
import meetserver.http.models
import meetserver.jobs.models
import meetserver.keys.models
import meetserver.mail.models
import meetserver.meetings.models
import meetserver.network.models
import meetserver.rooms.models  # noqa: F401
from meetserver.database import JsonDocument, UtcDateTime, metadata


def render_item(kind: str, thing: Any, autogenerate: Any) -> str | Literal[False]:
    """A migration must mean the same for ever and on both databases: it names SQLAlchemy's types and constants."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and thing is JsonDocument:
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if kind == "server_default" and isinstance(thing, DefaultClause) and isinstance(thing.arg, False_ | True_):
        return "sa.true()" if isinstance(thing.arg, True_) else "sa.false()"
    return False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """What an index by words needs is different on each database, and made by hand."""
    return not (name or "").startswith("message_words")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    include_name=include_name,
)
context.run_migrations()
