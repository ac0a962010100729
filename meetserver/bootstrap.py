"""The composition root: the only file that knows every concrete part. It builds a server and takes it apart again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from socket import gethostname

from aiohttp import web

from meetserver import limits
from meetserver.accounts.erasure import AccountEraser, Erasure
from meetserver.actors.background import Background
from meetserver.actors.door_log import DoorLog
from meetserver.actors.emptying import Emptying
from meetserver.actors.indexing import Indexing
from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.blobs import open_presigner
from meetserver.adapters.boards import TypstBoards
from meetserver.adapters.bus import open_bus
from meetserver.adapters.images import PillowImages
from meetserver.adapters.leases import SqlLeases
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.message_index import SqlMessageIndex
from meetserver.adapters.room_log import SqlRoomLog, open_room_log
from meetserver.cache.occupancy import Occupancy
from meetserver.chores import emptier, register_chores
from meetserver.cluster.committer import Committer
from meetserver.cluster.membership import Membership
from meetserver.cluster.router import Router
from meetserver.config import Config
from meetserver.core import Core, open_core, store_identity
from meetserver.errors import MeetError
from meetserver.files.claims import Claims
from meetserver.files.direct import DirectTransfers
from meetserver.files.direct_jobs import TAKE_IN
from meetserver.files.erasure import FileEraser
from meetserver.files.retention import Retention
from meetserver.files.service import Files
from meetserver.files.uploads import Uploads
from meetserver.files.usage import FileUsage
from meetserver.http.answer_eraser import AnswerEraser
from meetserver.http.app import create_app
from meetserver.http.services import Services
from meetserver.http.session_watch import SessionWatch
from meetserver.http.websocket import RoomSockets
from meetserver.ids import RoomId, ShardId, UserId
from meetserver.mail.erasure import MailEraser
from meetserver.meetings.erasure import MeetingEraser
from meetserver.meetings.invitees import Invitees
from meetserver.meetings.links import GuestLinks
from meetserver.meetings.tickets import Tickets
from meetserver.messages import Event
from meetserver.ports import Eraser
from meetserver.rooms.eraser import RoomEraser
from meetserver.rooms.indexer import Indexer
from meetserver.rooms.messages import End

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready to be listened for. `stop` is set when it must go for a reason of its own."""

    core: Core
    router: Router
    app: web.Application
    stop: asyncio.Event


@asynccontextmanager
async def open_server(config: Config) -> AsyncIterator[Server]:
    """A whole server around an application that nobody listens for yet; leaving it drains.

    Raises ConfigError, Unavailable.
    """
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(config))
        await store_identity(core).check()
        stop = asyncio.Event()
        store = open_room_log(config, core.database, core.keys)
        stack.push_async_callback(store.close)
        committer = Committer(store)
        stack.push_async_callback(committer.close)
        pressure = Pressure(commit_lag_s=lambda: committer.lag_s, max_members=config.max_members)
        membership = Membership(
            SqlLeases(core.database),
            ShardId(config.shard_id),
            config.lease_ttl_s,
            core.random,
            stop.set,
            may_share=not config.is_sqlite and bool(config.redis_url),
            address=_own_address(config),
            weight=lambda: pressure.weight,
        )
        await membership.join()
        stack.push_async_callback(membership.leave)
        indexer = Indexer(SqlMessageIndex(core.database, core.keys))
        indexing = Indexing(indexer)
        stack.push_async_callback(indexing.close)
        router = await _router(core, store, committer, membership, pressure, indexing, stop, stack)
        tickets = Tickets(core.keys.derive("ticket"), core.clock, core.random)
        watch = SessionWatch(core.accounts.sessions.ended_among, router.desk)
        watch.start()
        stack.push_async_callback(watch.close)
        sockets = RoomSockets(router, tickets, watch, config, core.clock, core.random, pressure)
        stack.push_async_callback(sockets.close)
        occupancy = Occupancy(
            core.cached,
            membership.shard,
            lambda: [lease.shard for lease in membership.members],
            lambda: {ref.room: len(ref.actor.attendance) for ref in router.rooms.all()},
        )
        services = _services(core, store, router, tickets, membership, occupancy, committer, indexing)
        register_chores(core, services, store, indexer)
        await core.runner.start()
        stack.push_async_callback(core.runner.stop)
        app = create_app(services, sockets.routes())
        following = Background()
        following.start(pressure.watch())
        following.start(_refresh_keys(core))
        following.start(core.accounts.sessions.signing_keys.follow())
        following.start(core.ip_rules.follow())
        following.start(occupancy.tell())
        following.start(core.cached.keep_telling())
        stack.push_async_callback(following.close)
        woken = await router.start()
        stack.push_async_callback(router.drain)
        log.info("action=server_ready shard=%s rooms_woken=%d", config.shard_id, woken)
        yield Server(core, router, app, stop)


def _own_address(config: Config) -> str:
    """Of this very process, whatever stands in front of it. One that listens everywhere is named by its machine."""
    host = gethostname() if config.host in ("0.0.0.0", "::") else config.host
    return f"{'https' if config.tls_cert else 'http'}://{host}:{config.port}"


async def _router(
    core: Core,
    store: SqlRoomLog,
    committer: Committer,
    membership: Membership,
    pressure: Pressure,
    indexing: Indexing,
    stop: asyncio.Event,
    stack: AsyncExitStack,
) -> Router:
    bus = await open_bus(core.config)
    stack.push_async_callback(bus.close)
    stack.push_async_callback(await core.cached.follow(bus))
    door_log = DoorLog(core.security_log)
    stack.push_async_callback(door_log.close)

    emptying = Emptying(emptier(core, store))
    stack.push_async_callback(emptying.close)

    def on_fact(room: RoomId, event: Event, user: UserId | None) -> None:
        door_log.on_fact(room, event, user)
        emptying.on_fact(room, event, user)
        indexing.on_fact(room, event, user)

    def make_actor(room: RoomId) -> RoomActor:
        return RoomActor(
            room,
            membership.shard,
            store=store,
            committer=committer,
            files=Claims(core.database, core.clock),
            clock=core.clock,
            random=core.random,
            resume_window_s=core.config.resume_window_s,
            admits=core.ip_rules.refusal,
            on_fact=on_fact,
            on_turned_away=door_log.on_turned_away,
            pressure=pressure,
        )

    router = Router(store, make_actor, Supervisor(), membership, bus, core.clock, pressure, stop.set)
    stack.push_async_callback(router.close)
    return router


def _services(
    core: Core,
    store: SqlRoomLog,
    router: Router,
    tickets: Tickets,
    membership: Membership,
    occupancy: Occupancy,
    committer: Committer,
    indexing: Indexing,
) -> Services:
    def why_not_ready() -> list[str]:
        reasons = [] if membership.is_held else ["the shard's lease is not held: the database may be away"]
        if committer.is_failing:
            reasons.append("the database does not take what is written")
        return [*reasons, "the server is about to stop"] if router.is_draining else reasons

    files = Files(core.database, core.blobs, core.keys, core.clock)
    uploads = Uploads(
        core.config, core.database, core.blobs, core.keys, core.clock, core.random, PillowImages(), core.inspection
    )
    return Services(
        config=core.config,
        clock=core.clock,
        random=core.random,
        database=core.database,
        keys=core.keys,
        accounts=core.accounts,
        factors=core.factors,
        factor_settings=core.factor_settings,
        sso=core.sso,
        erasure=_erasure(core, store, router),
        meetings=core.meetings,
        invitees=Invitees(core.database, core.meetings),
        guest_links=GuestLinks(core.database, core.meetings, core.keys, core.clock, core.random, core.security_log),
        ip_rules=core.ip_rules,
        tickets=tickets,
        files=files,
        chat_files=Claims(core.database, core.clock),
        uploads=uploads,
        direct=DirectTransfers(
            core.database,
            core.blobs,
            open_presigner(core.config),
            uploads,
            files,
            core.clock,
            lambda: core.runner.kick(TAKE_IN),
        ),
        boards=TypstBoards(),
        file_usage=FileUsage(core.config, core.database, core.blobs, core.clock),
        retention=Retention(core.config.files_kept_days, core.database, core.clock),
        rooms=router.desk,
        occupancy=occupancy,
        operations=router.operations,
        history=store,
        message_index=SqlMessageIndex(core.database, core.keys),
        index_soon=indexing.soon,
        security_log=core.security_log,
        limiter=core.limiter,
        ready=why_not_ready,
    )


def _erasure(core: Core, store: SqlRoomLog, router: Router) -> Erasure:
    erasers: list[Eraser] = [
        MeetingEraser(core.database, lambda room: router.desk.ask(room, End())),
        RoomEraser(router.desk, store, SqlLogErasure(core.database, core.keys)),
        MailEraser(core.database, core.keys),
        FileEraser(core.database, core.clock),
        AnswerEraser(core.database),
        AccountEraser(core.database),
    ]
    return Erasure(erasers, core.runner.enqueue, core.database, core.clock, core.random, core.security_log)


async def _refresh_keys(core: Core) -> None:
    """Another process (a command of the administrator's) may have made a key."""
    while True:
        await asyncio.sleep(limits.KEY_REFRESH_S)
        try:
            await core.keys.refresh()
        except MeetError as error:
            log.warning("action=keys_not_refreshed error=%s", error)
