"""What an administrator does from the command line, beside a running server or without one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from meetserver import demo
from meetserver.accounts import store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.messages import Register
from meetserver.accounts.store import Account
from meetserver.adapters.blobs import blobs_place
from meetserver.adapters.engine import open_database
from meetserver.adapters.log_resealing import reseal_logs as reseal
from meetserver.adapters.migrations import migrate
from meetserver.adapters.room_log import open_room_log
from meetserver.audit.verification import Verdict, read_head, verify
from meetserver.bootstrap import Server, open_server
from meetserver.client import ClientError, JoinOffer, RoomClient
from meetserver.config import Config
from meetserver.core import Core, open_core, store_identity
from meetserver.errors import BadMessage, ConfigError, Conflict
from meetserver.http.services import SERVICES
from meetserver.limits import PAGE_ITEMS
from meetserver.meetings.store import Meeting
from meetserver.messages import Role
from meetserver.names import clean_name
from meetserver.ports import Origin


class Seeded(Struct):
    """What `seed` did. `password` is None when the account was there; `room` says what became of the first room."""

    email: str
    password: str | None
    made: list[str]
    links: list[tuple[str, str]]
    room: str


async def seed(config: Config, password: str | None = None) -> Seeded:
    """An account, meetings, and a room in which something happened; what is there already stays as it is.

    Raises BadMessage for a password that an account may not have, ConfigError, Unavailable.
    """
    async with open_core(config) as core:
        password = password or core.random.secret()[:20]
        is_new = await core.accounts.add(_wish(demo.EMAIL, password, demo.HOST))
        account = await store.read_account_by_key(core.database, address_key(demo.EMAIL))
        assert account is not None
        made, meetings = await _meetings(core, account)
        needs_filling = not await _has_chat(core, meetings[0])
        name = f"admin-{core.random.id()}"  # its own: a running server's would be taken from it
    room = await _fill(replace(config, shard_id=name), account, meetings[0]) if needs_filling else "is as it was"
    return Seeded(
        email=account.email,
        password=password if is_new else None,
        made=made,
        links=[(one.title, f"{config.url}/m/{one.id}") for one in meetings],
        room=room,
    )


async def create_user(config: Config, email: str, name: str, password: str | None, *, is_admin: bool) -> str:
    """A verified account; its password. Raises BadMessage, Conflict when the address has an account."""
    async with open_core(config) as core:
        password = password or core.random.secret()[:20]
        if not await core.accounts.add(_wish(email, password, name), is_admin=is_admin):
            raise Conflict("there is an account with this address")
        return password


async def rotate_keys(config: Config) -> int:
    """A new data key; its id."""
    async with open_core(config) as core:
        return await core.keys.rotate()


async def reseal_logs(config: Config) -> int:
    """Rooms' logs and snapshots under the key that seals now; how many values had another. Raises Unavailable."""
    async with open_core(config) as core:
        return await reseal(core.database, core.keys)


async def adopt_files(config: Config) -> str:
    """Let the store of the settings be the database's from now on; where it is. Raises ConfigError, Unavailable."""
    async with open_core(config) as core:
        await store_identity(core).adopt()
        return blobs_place(config)


async def rotate_signing_key(config: Config, *, revoke: bool) -> str:
    """A new key for access tokens; its id. `revoke`: what the older ones signed is worth nothing from now on."""
    async with open_core(config) as core:
        made = await core.accounts.sessions.signing_keys.rotate(revoke=revoke)
        await core.security_log.record(
            "signing_key.rotated", Origin(), actor=None, subject=made, revoked="yes" if revoke else "no"
        )
        return made


async def verify_audit(config: Config, first: int, last: int | None, kept: str) -> Verdict:
    """Whether the security log is as it was written; `kept` is the head that was printed once, or "".

    Raises BadMessage for a `kept` that is none, Unavailable.
    """
    head = read_head(kept) if kept else None
    await migrate(config)
    database = open_database(config)
    try:
        return await verify(database, first, last, kept=head)
    finally:
        await database.close()


def _wish(email: str, password: str, name: str) -> Register:
    wish = {"email": clean_address(email), "password": password, "name": clean_name(name)}
    try:
        return msgspec.convert(wish, Register)
    except msgspec.ValidationError as error:
        raise BadMessage(str(error).replace("$.", "")) from None


async def _meetings(core: Core, owner: Account) -> tuple[list[str], list[Meeting]]:
    """Titles of those made now, and all of the demo's, as `demo.meetings` orders them."""
    known = {meeting.title: meeting async for meeting in _own_meetings(core, owner)}
    made = []
    meetings = []
    for wish in demo.meetings(core.clock.now()):
        if wish.title not in known:
            known[wish.title] = await core.meetings.create(owner.id, owner.name, wish)
            made.append(wish.title)
        meetings.append(known[wish.title])
    return made, meetings


async def _own_meetings(core: Core, owner: Account) -> AsyncIterator[Meeting]:
    cursor: str | None = None
    while True:
        page, cursor = await core.meetings.list_own(owner.id, PAGE_ITEMS, cursor)
        for meeting in page:
            yield meeting
        if cursor is None:
            return


async def _has_chat(core: Core, meeting: Meeting) -> bool:
    log = open_room_log(core.config, core.database, core.keys)
    try:
        sent = await log.entries_of_type(meeting.room_id, "chat.sent", before_seq=None, after_seq=None, limit=1)
        return bool(sent)
    finally:
        await log.close()


async def _fill(config: Config, host: Account, meeting: Meeting) -> str:
    """Have people meet in the room, by the way that everybody takes: a server, tickets, sockets. What became of it.

    Where another server runs, its rooms are its own.
    """
    try:
        async with open_server(config) as server, _listening(server) as address, AsyncExitStack() as stack:
            people = {}
            for name in demo.PEOPLE:
                offer = _offer(server, address, meeting, host if name == demo.HOST else None, name)
                people[name] = await stack.enter_async_context(RoomClient.join(offer, on_event=lambda _: None))
            for doing in demo.happenings():
                await people[doing.who].send(doing.command)
    except ConfigError as error:
        return f"is empty: {error}. Then run this again"
    except ClientError as error:
        return f"took no guests: {error}"
    return "has a conversation and a drawing"


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[str]:
    """The server's sockets on a port that nobody else knows."""
    runner = web.AppRunner(server.app, access_log=None, shutdown_timeout=1.0, handler_cancellation=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"ws://{host}:{port}"
    finally:
        await runner.cleanup()


def _offer(server: Server, address: str, meeting: Meeting, user: Account | None, name: str) -> JoinOffer:
    role: Role = "participant" if user is None else "host"
    ticket = server.app[SERVICES].tickets.issue(
        room=meeting.room_id, meeting=meeting.id, user=None if user is None else user.id, name=name, role=role
    )
    return JoinOffer(ticket, f"{address}/ws/v1/rooms/{meeting.room_id}", meeting.room_id)
