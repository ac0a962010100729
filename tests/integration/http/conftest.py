"""The real application over a real database; only the rooms are a stand-in that notes what it is asked.

On which database: tests marked `both_databases` run on SQLite and on PostgreSQL. They are those in which the two
could differ: things that happen at once, searches, pages, erasures, the room log. Of each other test one half of
its cases runs, on the two in turn, so that half of every module is shown on each; the adapters' own suites in
tests/contract run wholly on both. The long run (tests/long.py) runs everything on both.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import GrantedRole
from meetserver.accounts.erasure import ERASE, AccountEraser, Erasure
from meetserver.accounts.factor_settings import open_factors
from meetserver.accounts.jobs import MAIL_REQUEST
from meetserver.accounts.messages import Register
from meetserver.accounts.oidc import open_sso
from meetserver.accounts.service import open_accounts
from meetserver.accounts.store import grant
from meetserver.adapters.blobs import open_blobs, open_presigner
from meetserver.adapters.engine import open_database
from meetserver.adapters.limiter import open_limiter
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.memory.blobs import MemoryBlobs
from meetserver.adapters.memory.boards import BoardsHere
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.images import ImagesHere
from meetserver.adapters.memory.operations import MemoryOperations
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.memory.security_log import MemorySecurityLog, Recorded
from meetserver.adapters.message_index import SqlMessageIndex
from meetserver.adapters.outgoing import HttpWeb
from meetserver.adapters.random import SystemRandom
from meetserver.adapters.room_log import open_room_log
from meetserver.cache.cached import Cached
from meetserver.cache.occupancy import Occupancy
from meetserver.config import load_config
from meetserver.database import after_commit
from meetserver.errors import Refusal
from meetserver.files.claims import Claims
from meetserver.files.direct import DirectTransfers
from meetserver.files.erasure import FileEraser
from meetserver.files.inspection import Inspection
from meetserver.files.retention import Retention
from meetserver.files.service import Files
from meetserver.files.uploads import Uploads
from meetserver.files.usage import FileUsage
from meetserver.http.answer_eraser import AnswerEraser
from meetserver.http.app import create_app
from meetserver.http.services import Services
from meetserver.ids import ParticipantId, RoomId, ShardId, UserId
from meetserver.mail.models import outbox
from meetserver.mail.outbox import Outbox, about
from meetserver.mail.post import Post
from meetserver.mail.render import Letters
from meetserver.meetings.erasure import MeetingEraser
from meetserver.meetings.invitees import Invitees
from meetserver.meetings.links import GuestLinks
from meetserver.meetings.service import Meetings
from meetserver.meetings.tickets import Tickets
from meetserver.messages import Command, Json, Role
from meetserver.network.service import IpRules
from meetserver.ports import Eraser, Mail, Pieces, RoomReply
from meetserver.rooms.eraser import RoomEraser
from meetserver.rooms.messages import End
from tests.long import IS_LONG
from tests.servers import migrated

PASSWORD = "correct horse battery"
SHARD = ShardId("shard-1")
HERE = Path(__file__).parent
KIND = re.compile(r"(?<=[\[-])(sqlite|postgres)(?=[\]-])")

postgres_database = migrated.postgres_database
postgres_url = migrated.postgres_url
sqlite_file = migrated.sqlite_file
sqlite_url = migrated.sqlite_url


class NotingRooms:
    """ports.Rooms that carries nothing out."""

    def __init__(self) -> None:
        self.asked: list[tuple[RoomId, Command]] = []
        self.asked_by: list[ParticipantId | None] = []
        self.live: dict[RoomId, bytes] = {}
        self.parts: dict[RoomId, Pieces] = {}
        self.people: dict[RoomId, int] = {}
        self.refusal: Refusal | None = None

    async def ask(
        self, room: RoomId, command: Command, *, role: Role = "host", by: ParticipantId | None = None
    ) -> RoomReply | None:
        self.asked.append((room, command))
        self.asked_by.append(by)
        return RoomReply(len(self.asked), "")

    async def state(self, room: RoomId) -> bytes | None:
        return self.live.get(room)

    async def part(self, room: RoomId, part: str) -> Pieces | None:
        return self.parts.get(room)

    async def is_awake(self, room: RoomId) -> bool:
        return room in self.live

    async def would_admit(self, room: RoomId, join: Command, address: str) -> Refusal | None:
        return self.refusal


class HeldJobs:
    """Jobs that were asked for, which run when the test looks at what they do."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Json], Awaitable[None]]] = {}
        self.waiting: list[tuple[str, Json]] = []

    async def enqueue(self, connection: AsyncConnection, kind: str, payload: Json) -> None:
        after_commit(connection, lambda: self.waiting.append((kind, payload)))

    async def run(self) -> None:
        while self.waiting:
            kind, payload = self.waiting.pop(0)
            await self.handlers[kind](payload)


class Answer(msgspec.Struct):
    """A response, read to its end."""

    status: int
    headers: Any
    body: Any

    @property
    def code(self) -> str:
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        assert set(self.body) >= {"type", "title", "status", "detail", "code", "request_id"}
        return str(self.body["code"])


class Api:
    """A client of the API: `await api.post("/meetings", {...})`. With `token` it is somebody."""

    def __init__(
        self,
        client: "TestClient[Any, Any]",
        services: Services,
        token: str | None = None,
        jobs: HeldJobs | None = None,
    ) -> None:
        self.client = client
        self.services = services
        self.jobs = jobs or HeldJobs()
        self.token = token

    def signed_in(self, token: str | None) -> "Api":
        return Api(self.client, self.services, token, self.jobs)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.request("POST", path, body, **options)

    async def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.request("PATCH", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.request("DELETE", path, **options)

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """`path` below /api/v1, or from the root when it starts with two slashes."""
        url = path[1:] if path.startswith("//") else f"/api/v1{path}"
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            options["data"] = msgspec.json.encode(body)
            headers.setdefault("Content-Type", "application/json")
        async with self.client.request(method, url, headers=headers, **options) as response:
            return await _read(response)

    # --- in the domain's words

    async def register(self, email: str = "ann@example.com", name: str = "Ann") -> Answer:
        return await self.post("/auth/register", {"email": email, "password": PASSWORD, "name": name})

    async def log_in(self, email: str = "ann@example.com", password: str = PASSWORD) -> Answer:
        return await self.post("/auth/login", {"email": email, "password": password})

    async def sign_up(self, email: str = "ann@example.com", name: str = "Ann") -> None:
        """As people do, with the link in the mail."""
        assert (await self.register(email, name)).status == 201
        assert (await self.post("/auth/verify", {"token": await self.mailed_token(email)})).status == 200

    async def given_user(self, email: str = "ann@example.com", name: str = "Ann") -> "Api":
        """Somebody with a verified account, signed in; as by the command line, which is quicker than signing up."""
        assert await self.services.accounts.add(Register(email=email, password=PASSWORD, name=name))
        answer = await self.log_in(email)
        assert answer.status == 200, answer
        return self.signed_in(answer.body["access_token"])

    async def given_meeting(self, title: str = "Weekly", **more: Any) -> dict[str, Any]:
        answer = await self.post("/meetings", {"title": title, **more})
        assert answer.status == 201, answer
        return dict(answer.body)

    async def bring(
        self, meeting: str, content: bytes, name: str = "notes.txt", media_type: str = "text/plain", **options: Any
    ) -> Answer:
        """Upload a file to the meeting."""
        form = FormData()
        form.add_field("file", content, filename=name, content_type=media_type)
        return await self.request("POST", f"/meetings/{meeting}/files", data=form, **options)

    async def grant(self, role: GrantedRole) -> str:
        """Give whoever this is a role, as an administrator would; their id."""
        user, now = UserId((await self.get("/users/me")).body["id"]), self.services.clock.now()
        await self.services.database.run(lambda connection: grant(connection, user, role, "", now))
        return user

    async def mails(self, to: str) -> list[Mail]:
        """What the outbox holds for this address, oldest first."""
        await self.jobs.run()
        rows = await self.services.database.fetch(select(outbox).order_by(outbox.c.created_at))
        mails = [msgspec.json.decode(self.services.keys.unseal(row.payload, about(row.id)), type=Mail) for row in rows]
        return [mail for mail in mails if mail.to == to]

    async def mailed_token(self, to: str, link: str = "verify|reset|email|invite") -> str:
        """Of the newest mail to this address with such a link."""
        pattern = re.compile(rf"/(?:{link})/(\S+)")
        return [found[1] for mail in await self.mails(to) if (found := pattern.search(mail.text))][-1]

    @property
    def recorded(self) -> list[Recorded]:
        """What the security log holds."""
        assert isinstance(self.services.security_log, MemorySecurityLog)
        return self.services.security_log.events


async def _read(response: ClientResponse) -> Answer:
    content = await response.read()
    is_json = response.content_type.endswith("json")
    return Answer(response.status, response.headers, msgspec.json.decode(content) if is_json and content else content)


Make = Callable[..., Awaitable[Api]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose one database for each case that need not run on both."""
    if IS_LONG:
        return
    by_case: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == HERE and not item.get_closest_marker("both_databases"):
            by_case.setdefault(KIND.sub("", item.nodeid), []).append(item)
    pairs = [cases for cases in by_case.values() if len(cases) == 2]
    spared = {pair[number % 2] for number, pair in enumerate(pairs)}
    config.hook.pytest_deselected(items=spared)
    items[:] = [item for item in items if item not in spared]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def make_api(database_url: str, clock: ManualClock) -> AsyncIterator[Make]:
    """`await make_api(require_verified_email=False, …)`: a client of an application with these settings."""
    async with AsyncExitStack() as stack:

        async def make(**settings: Any) -> Api:
            jobs = HeldJobs()
            services = await _services(stack, database_url, clock, jobs, settings)
            client = TestClient(TestServer(create_app(services)))
            await stack.enter_async_context(client)
            return Api(client, services, jobs=jobs)

        yield make


@pytest.fixture
async def api(make_api: Make) -> Api:
    return await make_api()


async def _services(
    stack: AsyncExitStack, url: str, clock: ManualClock, jobs: HeldJobs, settings: dict[str, Any]
) -> Services:
    config = load_config(
        {},
        **{
            "database_url": url,
            "secret_key": "a secret of 32 characters, or more",
            "bcrypt_cost": 4,
            # PostgreSQL ends a unit of work that does nothing for half of it; a busy machine may let one wait as long.
            "lease_ttl_s": 120,
            **settings,
        },
    )
    database = open_database(config)
    stack.push_async_callback(database.close)
    keys, random = PlainSealer(), SystemRandom()
    in_memory = MemoryBlobs()
    blobs, presigner = (open_blobs(config, random), open_presigner(config)) if config.files_url else (in_memory,) * 2
    cached = Cached(MemoryCache(), random)
    database.on_changed = cached.forget
    security_log = MemorySecurityLog()
    limiter = await stack.enter_async_context(open_limiter(config, clock))
    web = HttpWeb(config)
    stack.push_async_callback(web.close)
    history = open_room_log(config, database, keys)
    stack.push_async_callback(history.close)
    post = Post(Letters(config.url), Outbox(keys, clock, random, sender=config.mail_from))
    accounts = await open_accounts(config, database, cached, keys, post, jobs.enqueue, clock, random, security_log)
    jobs.handlers[MAIL_REQUEST] = accounts.mail_requests.run
    factors, factor_settings = open_factors(database, keys, post, clock, random, security_log, accounts.guard)
    meetings = Meetings(database, cached, keys, clock, random)
    rooms = NotingRooms()
    erasers: list[Eraser] = [
        MeetingEraser(database, lambda room: rooms.ask(room, End())),
        RoomEraser(rooms, history, SqlLogErasure(database, keys)),
        FileEraser(database, clock),
        AnswerEraser(database),
        AccountEraser(database),
    ]
    erasure = Erasure(erasers, jobs.enqueue, database, clock, random, security_log)
    jobs.handlers[ERASE] = erasure.run
    files = Files(database, blobs, keys, clock)
    uploads = Uploads(config, database, blobs, keys, clock, random, ImagesHere(), Inspection(blobs, None, holds=True))
    return Services(
        config=config,
        clock=clock,
        random=random,
        database=database,
        keys=keys,
        accounts=accounts,
        factors=factors,
        factor_settings=factor_settings,
        erasure=erasure,
        sso=open_sso(config, web, database, keys, post, clock, random, security_log),
        meetings=meetings,
        invitees=Invitees(database, meetings),
        guest_links=GuestLinks(database, meetings, keys, clock, random, security_log),
        ip_rules=IpRules(database, clock, random, security_log),
        tickets=Tickets(keys.derive("ticket"), clock, random),
        boards=BoardsHere(),
        files=files,
        chat_files=Claims(database, clock),
        uploads=uploads,
        direct=DirectTransfers(database, blobs, presigner, uploads, files, clock, lambda: None),
        file_usage=FileUsage(config, database, blobs, clock),
        retention=Retention(config.files_kept_days, database, clock),
        rooms=rooms,
        occupancy=Occupancy(cached, SHARD, lambda: [SHARD], lambda: rooms.people),
        operations=MemoryOperations(),
        history=history,
        message_index=SqlMessageIndex(database, keys),
        index_soon=lambda _: None,
        security_log=security_log,
        limiter=limiter,
        ready=list,
    )


async def all_at_once(*calls: Awaitable[Answer]) -> list[Answer]:
    return list(await asyncio.gather(*calls))
