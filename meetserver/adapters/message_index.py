"""ports.MessageIndex in SQL: a tsvector with a GIN index on PostgreSQL, FTS5 on SQLite.

Before each word stands what stands for its room, so that a word that all rooms have in common costs a search in one of
them nothing. Words are letters, digits, marks and signs (chat/words.py): no word means anything to either database's
query language, and each is quoted besides.
"""

import hashlib
from base64 import b32encode
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    false,
    func,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.adapters.commit_path import about_entry
from meetserver.adapters.room_log import entry_of
from meetserver.database import Database
from meetserver.errors import NotFound
from meetserver.ids import ParticipantId, RoomId
from meetserver.meetings.models import meeting
from meetserver.ports import Entry, IndexChange, IndexPlace, Phrase, Sealer, Sought, Words
from meetserver.rooms.indexing import TYPES, is_searchable
from meetserver.rooms.models import message_cursor, message_text, room, room_event
from meetserver.turns import Turns, in_turns

Rows: TypeAlias = list[dict[str, Any]]

_END: Final = 2**62
_GOING: Final = -1
"""A cursor of which some messages may have been taken out."""
PERSON: Final = "\ue000"
"""Nothing that a word may have in it."""
_WORDS: Final = table("message_words", column("rowid"), column("words"))
"""On SQLite. It has no rows of its own, and follows `message_text` by triggers."""


class SqlMessageIndex:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._is_sqlite = database.dialect == "sqlite"

    async def find(
        self,
        room_id: RoomId,
        sought: Sought,
        readers: Collection[ParticipantId],
        *,
        before: int | None,
        after: int | None,
        limit: int,
    ) -> list[int]:
        keys = Keys(room_id)
        if self._is_sqlite:
            query = _in_sqlite(room_id, _match(keys, sought, readers), before, after)
        else:
            wanted = cast(_tsquery(keys, sought, readers), TSQUERY)
            query = select(message_text.c.seq).where(message_text.c.words.op("@@")(wanted))
        order: Any = _WORDS.c.rowid if self._is_sqlite else message_text.c.seq
        query = query.where(message_text.c.room_id == room_id)
        if before is not None:
            query = query.where(message_text.c.seq < before)
        if after is not None:
            query = query.where(message_text.c.seq > after)
        rows = await self._database.fetch(query.order_by(order.desc() if after is None else order).limit(limit))
        return [row.seq for row in rows]

    async def place(self, room_id: RoomId) -> IndexPlace:
        rows = await self._database.fetch(_places().where(room.c.id == room_id))
        if not rows:
            raise NotFound("no such room")
        return _place(rows[0])

    async def places(self, after: RoomId, limit: int) -> list[IndexPlace]:
        query = _places().where(room.c.id > after).order_by(room.c.id).limit(limit)
        return [_place(row) for row in await self._database.fetch(query)]

    async def standing(self, room_id: RoomId) -> tuple[int, bool]:
        until = func.coalesce(
            select(message_cursor.c.until).where(message_cursor.c.room_id == room_id).scalar_subquery(), 0
        )
        later = or_(false(), *(_later(room_id, type_, until).exists() for type_ in TYPES))
        ((seq, is_behind),) = await self._database.fetch(select(until, later))
        return max(0, seq), bool(is_behind)

    async def stretch(self, room_id: RoomId, after: int, until: int) -> Sequence[Entry]:
        of_room = room_event.c.room_id == room_id, room_event.c.type.in_(TYPES)
        between = room_event.c.seq > after, room_event.c.seq <= until
        rows = await self._database.fetch(select(room_event).where(*of_room, *between).order_by(room_event.c.seq))
        return [entry_of(row, self._sealer.unseal(row.data, about_entry(room_id, row.seq))) for row in rows]

    async def bring_on(self, room_id: RoomId, seen: int | None, until: int, change: IndexChange) -> bool:
        rows = await in_turns(self._rows(Keys(room_id), change))

        async def unit(connection: AsyncConnection) -> bool:
            if not (await connection.execute(self._moved(room_id, seen, until))).first():
                return False
            await self._carry_out(connection, room_id, change, *rows)
            return True

        try:
            return await self._database.run(unit)
        except IntegrityError:  # the room went in this very moment
            return False

    def _moved(self, room_id: RoomId, seen: int | None, until: int) -> Any:
        if seen is None:
            insert: Any = (sqlite if self._is_sqlite else postgresql).insert(message_cursor)
            first = insert.values(room_id=room_id, until=until).on_conflict_do_nothing()
            return first.returning(message_cursor.c.until)
        mine = and_(message_cursor.c.room_id == room_id, message_cursor.c.until == seen)
        return update(message_cursor).where(mine).values(until=until).returning(message_cursor.c.until)

    def _rows(self, keys: "Keys", change: IndexChange) -> Turns[tuple[Rows, Rows]]:
        """Of new messages, and of those that say something else now."""
        new, now = list[dict[str, Any]](), list[dict[str, Any]]()
        for at, one in change.new.items():
            yield
            people = self._row(keys.people(one.people))
            new.append({"at": at, "by": one.by, "its_people": people, **self._said(keys, one.words)})
        for at, words in change.now.items():
            yield
            now.append({"at": at, **self._said(keys, words)})
        return new, now

    async def _carry_out(
        self, connection: AsyncConnection, room_id: RoomId, change: IndexChange, new: Rows, now: Rows
    ) -> None:
        of_room = message_text.c.room_id == room_id
        if new:
            columns = {"room_id": room_id, "seq": bindparam("at"), "author": bindparam("by")}
            told = {"people": bindparam("its_people"), "words": self._words(bindparam("its_people", type_=Text))}
            insert: Any = (sqlite if self._is_sqlite else postgresql).insert(message_text)
            await connection.execute(insert.values(columns | told).on_conflict_do_nothing(), new)
        if now:
            this = update(message_text).where(of_room, message_text.c.seq == bindparam("at"))
            await connection.execute(this.values(words=self._words(message_text.c.people)), now)
        for gone in _gone(change):
            await connection.execute(delete(message_text).where(of_room, gone))

    def _words(self, people: Any) -> Any:
        words = bindparam("its_words", type_=Text)
        return words.op("||")(people) if self._is_sqlite else cast(words, TSVECTOR).op("||")(cast(people, TSVECTOR))

    def _said(self, keys: "Keys", words: Words) -> dict[str, str]:
        if self._is_sqlite:
            return {"its_words": "".join(f"{key} " for key in keys.words(words))}
        return {"its_words": " ".join(f"'{key}':{place}" for place, key in enumerate(keys.words(words), 1))}

    def _row(self, keys: Iterable[str]) -> str:
        return " ".join(keys if self._is_sqlite else (f"'{key}'" for key in keys))

    async def clear(self, room_id: RoomId) -> None:
        # The cursor last: while it is there, somebody will come again, and begins anew then. With it goes, at once,
        # what was brought on meanwhile by who did not know yet.
        of_room, its_cursor = message_text.c.room_id == room_id, message_cursor.c.room_id == room_id

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(delete(message_cursor).where(its_cursor))
            await connection.execute(delete(message_text).where(of_room))

        await self._database.write(update(message_cursor).where(its_cursor).values(until=_GOING))
        await self._database.sweep(message_text, of_room)
        await self._database.run(unit)

    async def tidy(self) -> None:
        if self._is_sqlite:
            await self._database.write(text("INSERT INTO message_words (message_words) VALUES ('optimize')"))


class Keys:
    """What stands in the index for the words and the people of a room."""

    def __init__(self, room_id: RoomId) -> None:
        self._sign = _digest(room_id)

    def words(self, words: Words) -> list[str]:
        return [self._sign + word for word in words]

    def people(self, people: Iterable[ParticipantId] | None) -> list[str]:
        """None: all of them. No word begins like these."""
        some = [""] if people is None else [_digest(who) for who in sorted(people)]
        return [f"{self._sign}{PERSON}{one}" for one in some]

    def readers(self, readers: Collection[ParticipantId]) -> list[str]:
        return self.people(None) + self.people(readers)


def _digest(id_: str) -> str:
    return b32encode(hashlib.blake2b(id_.encode(), digest_size=5).digest()).decode().lower()


def _tsquery(keys: Keys, sought: Sought, readers: Collection[ParticipantId]) -> str:
    def of(phrase: Phrase) -> str:
        in_order = " <-> ".join(f"'{key}'" for key in keys.words(phrase.words))
        return f"({in_order}:*)" if phrase.is_prefix else f"({in_order})"

    seen = " | ".join(f"'{key}'" for key in keys.readers(readers))
    return " & ".join([*map(of, sought.wanted), *(f"!{of(phrase)}" for phrase in sought.unwanted), f"({seen})"])


def _match(keys: Keys, sought: Sought, readers: Collection[ParticipantId]) -> str:
    def of(phrase: Phrase) -> str:
        return f'"{" ".join(keys.words(phrase.words))}"' + ("*" if phrase.is_prefix else "")

    seen = " OR ".join(f'"{key}"' for key in keys.readers(readers))
    wanted = " AND ".join([*map(of, sought.wanted), f"({seen})"])
    return " NOT ".join([f"({wanted})", *map(of, sought.unwanted)])


def _in_sqlite(room_id: RoomId, match: str, before: int | None, after: int | None) -> Select[Any]:
    """In the order of rowids, in which FTS5 has them; they rise in a room as seqs do."""
    query = select(message_text.c.seq).join_from(_WORDS, message_text, _WORDS.c.rowid == message_text.c.id)
    query = query.where(_WORDS.c.words.op("MATCH")(match))
    of_room = select(message_text.c.id).where(message_text.c.room_id == room_id).limit(1)
    if before is not None:
        end = of_room.where(message_text.c.seq >= before).order_by(message_text.c.seq).scalar_subquery()
        query = query.where(_WORDS.c.rowid < func.coalesce(end, _END))
    if after is not None:
        start = of_room.where(message_text.c.seq <= after).order_by(message_text.c.seq.desc()).scalar_subquery()
        query = query.where(_WORDS.c.rowid > func.coalesce(start, 0))
    return query


def _gone(change: IndexChange) -> Iterable[Any]:
    if change.gone:
        yield message_text.c.seq.in_(change.gone)
    if change.erased:
        yield message_text.c.author.in_(change.erased)
    if change.expired:
        yield message_text.c.seq <= change.expired


def _places() -> Select[Any]:
    joined = room.join(meeting, meeting.c.id == room.c.meeting_id)
    joined = joined.outerjoin(message_cursor, message_cursor.c.room_id == room.c.id)
    return select(room.c.id, room.c.last_seq, message_cursor.c.until, meeting.c.settings).select_from(joined)


def _place(row: Any) -> IndexPlace:
    return IndexPlace(row.id, row.until, row.last_seq, row.until != _GOING and is_searchable(row.settings))


def _later(room_id: RoomId, type_: str, until: Any) -> Select[Any]:
    of_type = room_event.c.room_id == room_id, room_event.c.type == type_
    return select(room_event.c.seq).where(*of_type, room_event.c.seq > until)
