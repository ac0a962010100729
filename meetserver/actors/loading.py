"""Taking a room and folding it from its log, again and again while the database is away."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from meetserver import limits
from meetserver.actors.batch import live_frame
from meetserver.actors.envelopes import LiveFrame
from meetserver.errors import NotFound, Unavailable, UnknownOutcome
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Clock, Entry, Mark, OpenSession, RoomLog
from meetserver.rooms.messages import Configure
from meetserver.rooms.settings import configure_from, is_configured
from meetserver.rooms.snapshot import refolding
from meetserver.rooms.state import RoomState
from meetserver.turns import in_turns

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.05
MAX_RETRY_S = 1.0


class Fresh(Struct, frozen=True):
    """The room as the log has it. `missed` is what the log has after the seq that was known before."""

    epoch: int
    state: RoomState
    sessions: dict[str, OpenSession]
    entries: tuple[Entry, ...]
    tail: list[LiveFrame]
    missed: list[LiveFrame]
    configure: Configure | None
    snapshot_bytes: int
    is_whole_log: bool
    marks: Mapping[str, Mark]


class Delayed(Struct, frozen=True):
    """The database cannot be reached; another try follows."""


class Missing(Struct, frozen=True):
    """There is no such room (any more)."""


async def load_room(
    store: RoomLog,
    room: RoomId,
    shard: ShardId,
    clock: Clock,
    known_seq: int | None,
    answer: Callable[[Any], None],
    pause_s: float = 0,
) -> None:
    """Bump the epoch, then load in a new statement, `pause_s` from now.

    `answer` gets Delayed for each failure, then Fresh or Missing.
    """
    await asyncio.sleep(pause_s)
    retry_s = FIRST_RETRY_S
    while True:
        try:
            answer(await _load(store, room, shard, clock, known_seq))
            return
        except NotFound:
            answer(Missing())
            return
        except (Unavailable, UnknownOutcome) as error:
            log.warning("action=room_load_delayed room=%s error=%s", room, error)
            answer(Delayed())
        await asyncio.sleep(retry_s)
        retry_s = min(MAX_RETRY_S, retry_s * 2)


async def _load(store: RoomLog, room: RoomId, shard: ShardId, clock: Clock, known_seq: int | None) -> Fresh:
    started = await store.start(room, shard, int(clock.now().timestamp() * 1000))
    loaded = await store.load(room)
    state = await in_turns(refolding(room, loaded))
    tail = await _tail(store, room, loaded.entries, state.seq, clock.now()) if loaded.sessions else []
    missed = [] if known_seq is None else await _missed(store, room, known_seq, state.seq)
    return Fresh(
        epoch=started.epoch,
        state=state,
        sessions={row.session: row for row in loaded.sessions},
        entries=loaded.entries,
        tail=tail,
        missed=missed,
        configure=_configure(state, loaded.title, loaded.settings),
        snapshot_bytes=0 if loaded.snapshot is None else len(loaded.snapshot.data),
        is_whole_log=loaded.snapshot is None,
        marks=loaded.marks,
    )


async def _tail(store: RoomLog, room: RoomId, read: Sequence[Entry], last_seq: int, now: datetime) -> list[LiveFrame]:
    """`read` are the newest entries, as far as they were read already. Who comes back and is further behind reads the
    log."""
    tail = await _newest(store, room, read, last_seq, limits.LOADED_EVENTS)
    if tail and now - tail[0].at < timedelta(seconds=limits.LOADED_EVENTS_AGE_S):
        tail = await _newest(store, room, read, last_seq, limits.EDGE_EVENTS)
    return [live_frame(entry) for entry in tail]


async def _newest(store: RoomLog, room: RoomId, read: Sequence[Entry], last_seq: int, count: int) -> Sequence[Entry]:
    before = last_seq - len(read)
    missing = min(before, count - len(read))
    if missing <= 0:
        return read[-count:]
    return [*await store.page(room, before - missing, missing, until_seq=before), *read]


async def _missed(store: RoomLog, room: RoomId, after_seq: int, last_seq: int) -> list[LiveFrame]:
    frames: list[LiveFrame] = []
    while after_seq < last_seq:
        page = await store.page(room, after_seq, limits.LOG_PAGE_EVENTS, until_seq=last_seq)
        if not page:
            break
        frames += [live_frame(entry) for entry in page]
        after_seq = page[-1].seq
    return frames


def _configure(state: RoomState, title: str, raw_settings: Any) -> Configure | None:
    """What the calendar entry says, where the room's log does not say it yet."""
    wanted = configure_from(title, raw_settings)
    return None if state.ended or is_configured(state, wanted) else wanted
