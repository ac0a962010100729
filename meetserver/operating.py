"""What operators do from the command line, by the API of a server that runs. Whoever has the database may: a session of
an administrator is opened in it for as long as the command takes.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

import meetserver
from meetserver import limits
from meetserver.accounts import store, user_store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.messages import Tokens
from meetserver.accounts.store import Account
from meetserver.adapters.tls import verifying
from meetserver.client.api import Api
from meetserver.client.api import Tokens as ClientTokens
from meetserver.client.errors import ApiError, ClientError
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.errors import BadMessage, NotFound, Refused, Unavailable
from meetserver.files.messages import Usage, UsageReport
from meetserver.http.operations import RoomPage, ShardList
from meetserver.ports import Origin, RoomStatus, ShardStatus

T = TypeVar("T")

ORIGIN: Final = Origin(user_agent=f"meetserver/{meetserver.__version__} admin")
METHOD: Final = "command_line"
"""How the session's owner has shown who they are: by having the database."""
UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


class Operator:
    """Somebody who is signed in at a server that runs. Each call raises Refused with the server's reason, Unavailable
    where no server answers."""

    def __init__(self, api: Api, server: str) -> None:
        self._api = api
        self._server = server

    async def shards(self) -> list[ShardStatus]:
        return (await self._call("GET", "/admin/shards", ShardList)).items

    async def rooms(self, shard: str | None, limit: int) -> tuple[list[RoomStatus], int]:
        """The busiest, at most `limit`, and how many there are. A room whose place changes meanwhile is there once."""
        found: dict[str, RoomStatus] = {}
        query = {"limit": str(limits.PAGE_ITEMS), **({} if shard is None else {"shard": shard})}
        while True:
            page = await self._call("GET", f"/admin/rooms?{urlencode(query)}", RoomPage)
            found |= {room.id: room for room in page.items}
            if page.next is None or len(found) >= limit:
                return list(found.values())[:limit], page.total
            query["cursor"] = page.next

    async def file_usage(self) -> UsageReport:
        return await self._call("GET", "/admin/files/usage", UsageReport)

    async def drain(self, shard: str) -> None:
        await self._do(f"/admin/shards/{quote(shard, safe='')}/drain")

    async def move(self, room: str, shard: str) -> None:
        await self._do(f"/admin/rooms/{quote(room, safe='')}/move", {"shard": shard})

    async def sleep(self, room: str) -> None:
        await self._do(f"/admin/rooms/{quote(room, safe='')}/sleep")

    async def quarantine(self, room: str) -> None:
        await self._do(f"/admin/rooms/{quote(room, safe='')}/quarantine")

    async def release(self, room: str) -> None:
        await self._do(f"/admin/rooms/{quote(room, safe='')}/release")

    async def _do(self, path: str, body: dict[str, str] | None = None) -> None:
        await self._call("POST", path, type(None), body)

    async def _call(self, method: str, path: str, into: type[T], body: dict[str, str] | None = None) -> T:
        try:
            return await self._api.call(method, path, into, body)
        except ApiError as error:
            raise Refused(error.message) from None
        except ClientError as error:
            raise Unavailable(f"no meetserver answers at {self._server}: {error}") from None


@asynccontextmanager
async def operating(config: Config, server: str | None = None, email: str | None = None) -> AsyncIterator[Operator]:
    """Signed in at `server` (else the configured address) as the account with this address, else as the administrator
    whose account is the oldest; both are in the security log. Raises ConfigError, Unavailable, and NotFound where there
    is no such account, or no administrator."""
    address = (server or config.url).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise BadMessage("the server's address must start with http:// or https://")
    async with open_core(config) as core, _http(config) as http:
        account = await _account(core, email)
        tokens = await _signed_in(core, account)
        session = tokens.refresh_token.partition(".")[0]
        try:
            api = Api(address, http=http)
            api.tokens = ClientTokens(tokens.access_token, tokens.refresh_token, tokens.expires_in)
            yield Operator(api, address)
        finally:
            await core.accounts.sessions.revoke(session, ORIGIN)


@asynccontextmanager
async def _http(config: Config) -> AsyncIterator[ClientSession]:
    async with ClientSession(
        connector=TCPConnector(ssl=verifying(config)),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=limits.OPERATOR_TIMEOUT_S),
        headers={"User-Agent": ORIGIN.user_agent},
    ) as http:
        yield http


async def _account(core: Core, email: str | None) -> Account:
    if email is None:
        found = await user_store.first_admin(core.database)
    else:
        found = await store.read_account_by_key(core.database, address_key(clean_address(email)))
    if found is None and email is None:
        raise NotFound("there is no administrator: `meetserver admin create-user --admin` makes one")
    if found is None:
        raise NotFound("there is no account with this address")
    return found


async def _signed_in(core: Core, account: Account) -> Tokens:
    """Raises Unauthenticated for a disabled account."""
    tokens = await core.accounts.sessions.open_tokens(account.id, ORIGIN, [METHOD], seen=account)
    await core.security_log.record("login.succeeded", ORIGIN, actor=account.id, subject=account.id, methods=METHOD)
    return tokens


# --- for people


def shards_table(shards: Sequence[ShardStatus]) -> str:
    head = ("SHARD", "ROOMS", "MEMBERS", "LEVEL", "WEIGHT", "LOOP LAG", "COMMIT LAG", "STATE", "ADDRESS")
    rows = [
        (
            shard.id,
            shard.rooms,
            shard.members,
            shard.level,
            shard.weight,
            f"{shard.loop_lag_ms:.0f} ms",
            f"{shard.commit_lag_ms:.0f} ms",
            "drains" if shard.is_draining else "up",
            shard.address or "-",
        )
        for shard in shards
    ]
    return _table(head, rows)


def rooms_table(rooms: Sequence[RoomStatus]) -> str:
    head = ("ROOM", "SHARD", "MEMBERS", "WAITING", "COMMIT LAG", "SEQ", "EPOCH", "STATE")
    rows = [
        (
            room.id,
            room.owner,
            room.members,
            room.mailbox,
            f"{room.commit_lag_ms:.0f} ms",
            room.seq,
            room.epoch,
            "quarantine" if room.is_quarantined else "awake",
        )
        for room in rooms
    ]
    return _table(head, rows)


def files_text(report: UsageReport) -> str:
    def some(usage: Usage) -> str:
        is_more = usage.files >= report.counted_up_to
        return f"{'at least ' if is_more else ''}{usage.files}, {_size(usage.bytes)}"

    facts = {
        "Files": f"{report.files}, {_size(report.bytes)}",
        "Quota": "none" if report.quota_bytes is None else _size(report.quota_bytes),
        "Free": "nobody can say"
        if report.free_bytes is None
        else f"{_size(report.free_bytes)}, of which {_size(report.reserve_bytes)} stay free",
        "Deleted": some(report.deleted),
        "Held": some(report.held),
        "Uploads": some(report.uploads),
    }
    kinds = [(one.kind, one.files, _size(one.bytes)) for one in report.kinds]
    accounts = [(one.email, one.files, _size(one.bytes), one.id) for one in report.accounts]
    meetings = [(one.id, one.files, _size(one.bytes), one.owner_id) for one in report.meetings]
    parts = [
        "\n".join(f"{name:<9} {fact}" for name, fact in facts.items()),
        _table(("KIND", "FILES", "SIZE"), kinds),
        _table(("ACCOUNT", "FILES", "SIZE", "ID"), accounts),
        _table(("MEETING", "FILES", "SIZE", "OWNER"), meetings),
    ]
    return "\n\n".join(parts)


def _size(size: int) -> str:
    power = min(max(size.bit_length() - 1, 0) // 10, len(UNITS) - 1)
    return f"{size / 1024**power:.{1 if power else 0}f} {UNITS[power]}"


def as_json(found: Sequence[ShardStatus] | Sequence[RoomStatus] | UsageReport) -> str:
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as they need to be; what counts something is right-aligned."""
    lines = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    counts = [column for column, cell in enumerate(rows[0]) if _is_count(cell)] if rows else []
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in counts else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _is_count(cell: object) -> bool:
    return isinstance(cell, int | float) or str(cell).endswith((" ms", " B", "iB"))
