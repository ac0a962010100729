"""What commands of the administrator need as well as the server: the database and what stands on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from meetserver.accounts.factor_settings import FactorSettings, open_factors
from meetserver.accounts.factors import Factors
from meetserver.accounts.jobs import MAIL_REQUEST
from meetserver.accounts.oidc import SingleSignOn, open_sso
from meetserver.accounts.service import Accounts, open_accounts
from meetserver.adapters.blobs import blobs_place, open_blobs
from meetserver.adapters.cache import open_cache
from meetserver.adapters.clamd import open_scanner
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.engine import open_database
from meetserver.adapters.limiter import open_limiter
from meetserver.adapters.migrations import migrate
from meetserver.adapters.outgoing import HttpWeb
from meetserver.adapters.random import SystemRandom
from meetserver.audit.service import SqlSecurityLog
from meetserver.cache.cached import Cached
from meetserver.config import Config
from meetserver.database import Database
from meetserver.files.identity import StoreIdentity
from meetserver.files.inspection import Inspection
from meetserver.jobs.runner import Runner
from meetserver.keys.master import master_secret
from meetserver.keys.ring import KeyRing
from meetserver.mail.jobs import DELIVER
from meetserver.mail.outbox import Outbox
from meetserver.mail.post import Post
from meetserver.mail.render import Letters
from meetserver.meetings.service import Meetings
from meetserver.network.service import IpRules
from meetserver.ports import BlobStore, Clock, Random, RateLimiter, SecurityLog


@dataclass(frozen=True, slots=True)
class Core:
    """What commands of the administrator need as well as the server: the database and what reads it."""

    config: Config
    clock: Clock
    random: Random
    database: Database
    cached: Cached
    keys: KeyRing
    runner: Runner
    post: Post
    security_log: SecurityLog
    limiter: RateLimiter
    blobs: BlobStore
    inspection: Inspection
    accounts: Accounts
    factors: Factors
    factor_settings: FactorSettings
    sso: SingleSignOn
    meetings: Meetings
    ip_rules: IpRules


@asynccontextmanager
async def open_core(config: Config) -> AsyncIterator[Core]:
    """Migrate the database and open what stands on it. Raises ConfigError, Unavailable."""
    clock, random = SystemClock(), SystemRandom()
    config.data_path.mkdir(parents=True, exist_ok=True)
    secret = master_secret(config)
    await migrate(config)
    async with AsyncExitStack() as stack:
        database = open_database(config)
        stack.push_async_callback(database.close)
        cached = Cached(await stack.enter_async_context(open_cache(config)), random)
        database.on_changed = cached.forget
        keys = await KeyRing.open(database, secret, clock, random)
        runner = Runner(database, clock, random, name=config.shard_id)
        outbox = Outbox(keys, clock, random, sender=config.mail_from, wake=lambda: runner.kick(DELIVER))
        post = Post(Letters(config.url), outbox)
        security_log = SqlSecurityLog(database, clock)
        stack.push_async_callback(security_log.close)
        limiter = await stack.enter_async_context(open_limiter(config, clock))
        accounts = await open_accounts(
            config, database, cached, keys, post, runner.enqueue, clock, random, security_log
        )
        runner.register(MAIL_REQUEST, lambda job: accounts.mail_requests.run(job.payload))
        web = HttpWeb(config)
        stack.push_async_callback(web.close)
        await accounts.ensure_admin()
        factors, factor_settings = open_factors(database, keys, post, clock, random, security_log, accounts.guard)
        ip_rules = IpRules(database, clock, random, security_log)
        await ip_rules.refresh()
        blobs = open_blobs(config, random)
        yield Core(
            config=config,
            clock=clock,
            random=random,
            database=database,
            cached=cached,
            keys=keys,
            runner=runner,
            post=post,
            security_log=security_log,
            limiter=limiter,
            blobs=blobs,
            inspection=Inspection(blobs, open_scanner(config), holds=config.clamd_when_away == "hold"),
            accounts=accounts,
            factors=factors,
            factor_settings=factor_settings,
            sso=open_sso(config, web, database, keys, post, clock, random, security_log),
            meetings=Meetings(database, cached, keys, clock, random),
            ip_rules=ip_rules,
        )


def store_identity(core: Core) -> StoreIdentity:
    return StoreIdentity(core.database, core.blobs, core.keys, core.random, blobs_place(core.config))
