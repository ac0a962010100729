"""What the server does by itself: its jobs, those that are asked for and those that come again and again."""

from meetserver import limits
from meetserver.accounts.erasure import ERASE
from meetserver.accounts.signing_keys import ROTATE as ROTATE_SIGNING
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.adapters.mailer import open_mailer
from meetserver.adapters.room_log import SqlRoomLog
from meetserver.core import Core
from meetserver.files.claims import SWEEP_UNSENT, Claims
from meetserver.files.direct_jobs import TAKE_IN, DirectIntake
from meetserver.files.findings import Findings
from meetserver.files.jobs import SCAN_HELD, SWEEP, HeldFiles, Sweeper
from meetserver.files.orphans import ORPHANS, Orphans
from meetserver.files.retention import EXPIRE as EXPIRE_FILES
from meetserver.http.idempotency import forget_answers
from meetserver.http.services import Services
from meetserver.jobs.kinds import Job
from meetserver.keys.ring import ROTATE
from meetserver.mail.jobs import DELIVER, Delivery
from meetserver.ports import Rooms
from meetserver.rooms.emptier import EMPTY_DELETED, Emptier
from meetserver.rooms.gone_guests import FORGET_GUESTS, GoneGuests
from meetserver.rooms.indexer import INDEX, Indexer
from meetserver.rooms.thinner import EXPIRE as EXPIRE_PAST
from meetserver.rooms.thinner import Thinner

DAY_S = 86_400


def register_chores(core: Core, services: Services, store: SqlRoomLog, indexer: Indexer) -> None:
    """Tell the runner who does what, and how often."""
    mailer = open_mailer(core.config, core.clock, core.random)
    delivery = Delivery(core.database, mailer, core.keys, core.clock, core.random)

    async def forget(_: object) -> None:
        await forget_answers(services, core.clock.now())
        await core.accounts.forget_ended()
        await core.factors.forget_expired()
        await core.accounts.guard.forget_old()

    async def erase(job: Job) -> None:
        await services.erasure.run(job.payload)
        core.runner.kick(INDEX)  # what they said goes out of it, too

    core.runner.register(ERASE, erase, max_attempts=limits.ERASE_ATTEMPTS)
    every = core.runner.register_periodic
    every(DELIVER, delivery.run, every_s=limits.MAIL_POLL_S)
    every(ROTATE, core.keys.rotate_if_due, every_s=DAY_S)
    every(ROTATE_SIGNING, core.accounts.sessions.signing_keys.rotate_if_due, every_s=DAY_S)
    every("http.forget", forget, every_s=limits.IDEMPOTENCY_SWEEP_S)
    _for_files(core, services)
    _for_logs(core, store, services.rooms, indexer)


def _for_files(core: Core, services: Services) -> None:
    every = core.runner.register_periodic
    findings = Findings(core.database, core.post, core.security_log, core.clock)
    held = HeldFiles(core.database, core.keys, core.inspection, findings)
    intake = DirectIntake(core.database, core.blobs, services.uploads, core.clock)
    every(SCAN_HELD, held.run, every_s=limits.SCAN_HELD_S)
    every(TAKE_IN, intake.run, every_s=limits.DIRECT_RETRY_S)
    every(EXPIRE_FILES, services.retention.run, every_s=limits.FILE_SWEEP_S)
    every(SWEEP, Sweeper(core.database, core.blobs, core.clock).run, every_s=limits.FILE_SWEEP_S)
    every(SWEEP_UNSENT, Claims(core.database, core.clock).sweep, every_s=limits.FILE_UNSENT_SWEEP_S)
    every(ORPHANS, Orphans(core.database, core.blobs).run, every_s=limits.FILE_ORPHANS_S)


def _for_logs(core: Core, store: SqlRoomLog, rooms: Rooms, indexer: Indexer) -> None:
    every = core.runner.register_periodic
    past = thinner(core, store, rooms)

    async def thin(job: object) -> None:
        await past.run(job)
        core.runner.kick(INDEX)  # what has expired goes out of it, too

    every(EMPTY_DELETED, emptier(core, store).run, every_s=limits.DELETED_SWEEP_S)
    every(EXPIRE_PAST, thin, every_s=limits.RETENTION_SWEEP_S)
    every(INDEX, indexer.run, every_s=limits.INDEX_SWEEP_S)
    every(FORGET_GUESTS, GoneGuests(core.database).run, every_s=limits.GUESTS_SWEEP_S)


def emptier(core: Core, store: SqlRoomLog) -> Emptier:
    return Emptier(store, SqlLogErasure(core.database, core.keys), Claims(core.database, core.clock), core.clock)


def thinner(core: Core, store: SqlRoomLog, rooms: Rooms) -> Thinner:
    expiry, erasure = SqlLogExpiry(core.database, core.keys), SqlLogErasure(core.database, core.keys)
    files = Claims(core.database, core.clock)
    return Thinner(core.config.retention_days, rooms, store, expiry, erasure, files, core.clock)
