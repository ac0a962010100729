"""The SQL of the job runner. Whoever holds a row's lease is named in it, and every later write asks for that name."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import CompoundSelect, Select, Update, case, insert, literal, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.jobs.models import DONE, RUNNING, UNFINISHED, WAITING, job, job_run
from meetserver.messages import Json

Outcome: TypeAlias = Literal["ok", "failed", "dead", "given_back"]
Claim: TypeAlias = tuple[str, str]
"""A job's id and whom it is leased by, a name made for this one claim."""
Change: TypeAlias = Mapping[str, Any]

_FREE: Change = {"leased_by": None, "lease_until": None}


class NewJob(Struct, frozen=True):
    """`key`: no second unfinished job has it."""

    id: str
    kind: str
    key: str | None
    payload: Json
    run_at: datetime
    max_attempts: int
    created_at: datetime


class ClaimedJob(Struct, frozen=True):
    """A job that `leased_by`, a name made for this one claim, may run until the lease ends.

    `attempts` counts this one.
    """

    id: str
    kind: str
    key: str | None
    payload: Json
    attempts: int
    max_attempts: int
    leased_by: str

    @property
    def claim(self) -> Claim:
        return self.id, self.leased_by


class JobRun(Struct, frozen=True):
    """One try, when it was over."""

    id: str
    job_id: str
    attempt: int
    runner: str
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    error: str | None


async def insert_job(connection: AsyncConnection, new: NewJob) -> bool:
    """False: an unfinished job has this key."""
    values = {field: getattr(new, field) for field in new.__struct_fields__}
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(job).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=[job.c.key], index_where=UNFINISHED)
    answer = await connection.execute(statement.returning(job.c.id))
    return answer.first() is not None


async def claim(
    database: Database,
    kinds: Collection[str],
    leased_by: str,
    now: datetime,
    until: datetime,
    limit: int,
    running: Collection[str] = (),
) -> list[ClaimedJob]:
    """At most `limit` jobs that are due, or whose runner let the lease run out; longest due first.

    `running`: ids that this process works on. After it was suspended it renews their leases, and claims them not.
    """
    parts = [part.with_for_update(skip_locked=True) for part in _due(kinds, now, running, limit)]
    found = _all(parts).cte("found")
    due = select(found.c.id).order_by(found.c.run_at).limit(limit)
    taken = {"state": "running", "leased_by": leased_by, "lease_until": until, "again": False}
    rows = await database.write(
        update(job)
        .where(job.c.id.in_(due))
        .values(**taken, attempts=job.c.attempts + 1)
        .returning(*[job.c[field] for field in ClaimedJob.__struct_fields__])
    )
    return [ClaimedJob(**row._mapping) for row in rows]


async def has_due(database: Database, kinds: Collection[str], now: datetime, running: Collection[str] = ()) -> bool:
    """Whether a claim is worth its write."""
    return bool(await database.fetch(_all(_due(kinds, now, running, 1))))


def _due(kinds: Collection[str], now: datetime, running: Collection[str], limit: int) -> list[Select[Any]]:
    """Of each kind the longest due, `limit` of them, and as many that were abandoned: found where they stand in an
    index, however many of other kinds wait beside them."""
    of_each_kind = [(WAITING, job.c.kind == kind, job.c.run_at <= now) for kind in kinds]
    abandoned = (RUNNING, job.c.kind.in_(kinds), job.c.lease_until <= now)
    there = select(job.c.id, job.c.run_at).where(job.c.id.not_in(running)).limit(limit)
    first = [there.where(*one).order_by(job.c.run_at) for one in of_each_kind]
    return [*first, there.where(*abandoned).order_by(job.c.lease_until)]


def _all(parts: Iterable[Select[Any]]) -> CompoundSelect[Any]:
    return union_all(*(select(part.subquery()) for part in parts))


async def take_back(database: Database, runner: str, now: datetime) -> None:
    """What this runner's predecessor of the same name, which is gone, left running waits again."""
    await database.write(
        update(job)
        .where(RUNNING, job.c.leased_by.startswith(f"{runner}/", autoescape=True))
        .values(state="waiting", run_at=now, **_FREE)
    )


async def renew(database: Database, claims: Collection[Claim], until: datetime) -> set[Claim]:
    """Which of the claims still hold; they now end at `until`."""
    ids, holders = zip(*claims, strict=True)
    rows = await database.write(
        update(job)
        .where(job.c.id.in_(ids), job.c.state == "running", job.c.leased_by.in_(holders))
        .values(lease_until=until)
        .returning(job.c.id, job.c.leased_by)
    )
    return {(row.id, row.leased_by) for row in rows}.intersection(claims)


async def report_progress(database: Database, mine: ClaimedJob, done: int, total: int | None) -> bool:
    """False: the lease was lost."""
    progress = {"progress_done": done, "progress_total": total}
    return bool(await database.write(_update(mine).values(progress).returning(job.c.id)))


# --- what a try may end in: the change of the job's row


def finished(state: Literal["done", "dead"], error: str | None, now: datetime) -> Change:
    return {"state": state, "last_error": error, "finished_at": now, **_FREE}


def repeated(run_at: datetime, now: datetime) -> Change:
    """A periodic job that went well waits until `run_at`, or not at all when it was kicked meanwhile."""
    kicked_or_later = case((job.c.again, now), else_=run_at)
    return {"state": "waiting", "run_at": kicked_or_later, "attempts": 0, "last_error": None, **_FREE}


def put_off(run_at: datetime, error: str) -> Change:
    return {"state": "waiting", "run_at": run_at, "last_error": error, **_FREE}


def given_back(now: datetime) -> Change:
    """Unfinished, and not counted as an attempt."""
    return {"state": "waiting", "run_at": now, "attempts": job.c.attempts - 1, **_FREE}


async def settle(database: Database, mine: ClaimedJob, change: Change, run: JobRun) -> bool:
    """Change the job's row and write its history. False: the lease was lost, and with it the say over the job."""

    values = {field: getattr(run, field) for field in run.__struct_fields__}
    changed = _update(mine).values(change).returning(job.c.id)
    if database.dialect == "postgresql":
        # One statement, since units of work are SERIALIZABLE: many that end at once would fail each other.
        done = changed.cte("done")
        row = select(*[literal(value, job_run.c[field].type) for field, value in values.items()]).select_from(done)
        return bool(await database.write(insert(job_run).from_select(list(values), row).returning(job_run.c.id)))

    async def both(connection: AsyncConnection) -> bool:
        if (await connection.execute(changed)).first() is None:
            return False
        await connection.execute(insert(job_run).values(values))
        return True

    return await database.run(both)


async def kick(database: Database, kinds: Collection[str], now: datetime) -> None:
    """Have periodic jobs run now; those that run already, once more."""
    await database.write(update(job).where(job.c.key.in_(kinds), UNFINISHED).values(run_at=now, again=True))


async def runs_of(database: Database, job_id: str, limit: int) -> list[JobRun]:
    """Newest first."""
    rows = await database.fetch(
        select(job_run).where(job_run.c.job_id == job_id).order_by(job_run.c.finished_at.desc()).limit(limit)
    )
    return [JobRun(**row._mapping) for row in rows]


async def delete_old(database: Database, before: datetime) -> None:
    """Done jobs with their history, and the history of those that go on. Dead jobs stay until somebody looks."""
    await database.sweep(job, DONE, job.c.finished_at < before)
    await database.sweep(job_run, job_run.c.finished_at < before)


def _update(mine: ClaimedJob) -> Update:
    is_mine = (job.c.id == mine.id, job.c.state == "running", job.c.leased_by == mine.leased_by)
    return update(job).where(*is_mine)
