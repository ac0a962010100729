"""So many of everything that the API lists, for one person who may read all of it."""

from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from meetserver.accounts import erasure_store, factor_store, identity_store
from meetserver.accounts.erasure_store import ErasureRow
from meetserver.accounts.factor_store import PasskeyRow
from meetserver.accounts.identity_store import IdentityRow
from meetserver.accounts.messages import Register
from meetserver.audit import store as security_log
from meetserver.audit.chain import Link, chained
from meetserver.chat.messages import Sent
from meetserver.ids import ParticipantId, RoomId, ShardId, UserId
from meetserver.ports import Commit, Entry
from meetserver.rooms.messages import Bar, Barred
from meetserver.wire import encode, timestamp
from tests.builders import NOON
from tests.integration.http.conftest import PASSWORD, Api

ADDRESS = "root@example.com"
HOST = ParticipantId("host")


class Items(Struct, frozen=True):
    """`reader` is an administrator, whose everything is; `parts` are for paths."""

    reader: Api
    user: UserId
    room: RoomId
    parts: dict[str, str]


async def given_items(api: Api, count: int) -> Items:
    wish = Register(email=ADDRESS, password=PASSWORD, name="Root")
    assert await api.services.accounts.add(wish, is_admin=True)
    logins = [await api.log_in(ADDRESS) for _ in range(count)]
    reader = api.signed_in(logins[-1].body["access_token"])
    user = UserId((await reader.get("/users/me")).body["id"])
    meeting = [await reader.given_meeting() for _ in range(count)][-1]
    people = [f"ann{number}@example.com" for number in range(count)]
    path = f"/meetings/{meeting['id']}"
    file = ""
    for number, address in enumerate(people):
        assert (await reader.post(f"{path}/invitees", {"email": address})).status < 300
        assert (await reader.post(f"{path}/links", {"label": f"link {number}"})).status == 201
        brought = await reader.bring(meeting["id"], b"notes", f"notes{number}.txt")
        assert brought.status == 201, brought
        file = brought.body["id"]
        token = {"name": f"token {number}", "scopes": ["meetings:read"]}
        assert (await reader.post("/users/me/tokens", token)).status == 201
        if number:
            wish = Register(email=address, password=PASSWORD, name="Ann")
            assert await api.services.accounts.add(wish, is_admin=True)
    await _given_ways_in(api, user, count)
    await given_log(api, RoomId(meeting["room_id"]), count, NOON)
    links = [Link(0, NOON, "password.changed", user, user, "::1", "", "r", "{}", b"") for _ in range(count)]
    await security_log.append(api.services.database, chained(links, *await security_log.head(api.services.database)))
    parts = {"meeting_id": meeting["id"], "user_id": user, "erasure_id": "erasure1", "file_id": file}
    return Items(reader, user, RoomId(meeting["room_id"]), parts)


async def _given_ways_in(api: Api, user: UserId, count: int) -> None:
    """Passkeys, accounts at providers, and somebody else's erasure."""
    database = api.services.database
    key = PasskeyRow("", user, b"", b"", 0, "key", False, NOON, None)
    identity = IdentityRow("", user, "sso", "https://sso.example.com", "", NOON, NOON)
    for number in range(count):
        one = replace(key, id=f"k{number}", credential_id=bytes([number]))
        await database.run(partial(factor_store.insert_passkey, row=one))
        other = replace(identity, id=f"i{number}", subject=f"s{number}")
        await database.run(partial(identity_store.insert_identity, row=other))
    row = ErasureRow("erasure1", UserId("gone"), NOON)
    await database.run(partial(erasure_store.insert_erasure, row=row))


async def given_log(api: Api, room: RoomId, count: int, at: datetime) -> None:
    """As many messages and bans."""
    events = [
        event
        for n in range(count)
        for event in (
            Sent(message_id=f"m{n}", name="Ann", text=f"ann {n}"),
            Barred(Bar(f"bar{n}", "Bo", "banned", (f"v:{n}",), HOST, timestamp(at))),
        )
    ]
    log: Any = api.services.history
    epoch, last = msgspec.structs.astuple(await log.start(room, ShardId("test"), 1))
    entries = tuple(
        Entry(epoch, seq, at, HOST, event.type, event.version, encode(event))
        for seq, event in enumerate(events, last + 1)
    )
    assert await log.commit([Commit(room, epoch, last, entries)]) == [None]
