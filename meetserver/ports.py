"""What the domains need from outside, as protocols. Each has an in-memory twin in adapters/memory and a suite
in tests/contract that both pass.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from meetserver.access import ServerRole
from meetserver.errors import Refusal, StoreError
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId, UserId
from meetserver.limits import Rate
from meetserver.messages import Command, Role


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall clock, aware, in UTC."""


class Random(Protocol):
    def id(self) -> str:
        """A fresh public id: 20 characters of base32, unguessable enough to not be listed (100 bits)."""

    def secret(self) -> str:
        """A fresh secret: 43 URL-safe characters (256 bits)."""

    def uniform(self, low: float, high: float) -> float: ...


# --- who asks, from where, and how often


class Origin(Struct, frozen=True):
    """Where a request came from. `address` is the client's, proxies that are trusted seen through; "" where there is
    none (the command line). `visitor` is the id in a browser's visitor cookie, of people without an account."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    visitor: str = ""


SecurityEventType: TypeAlias = Literal[
    "account.registered", "account.verified", "account.created", "account.deleted", "account.exported",
    "account.disabled", "account.enabled", "account.email_changed", "account.updated",
    "login.succeeded", "login.failed", "login.delayed", "login.factor_failed", "session.confirmed",
    "session.revoked", "sessions.revoked", "refresh.reused",
    "password.changed", "password.reset_asked", "password.reset", "password.rehashed",
    "factor.added", "factor.removed", "recovery_codes.made", "recovery_code.used",
    "identity.linked", "identity.unlinked",
    "token.created", "token.changed", "token.revoked", "signing_key.rotated",
    "role.granted", "role.taken", "access.refused",
    "ip_rules.changed", "ip.refused", "rate.limited",
    "meeting.passcode_failed", "link.created", "link.revoked",
    "file.infected",
    "participant.removed", "participant.banned", "participant.unbanned",
    "shard.drained", "room.moved", "room.put_to_sleep", "room.quarantined", "room.released",
]  # fmt: skip


class SecurityLog(Protocol):
    """The append-only record of what matters to security (audit/)."""

    async def record(
        self, type_: SecurityEventType, origin: Origin, *, actor: str | None, subject: str = "", **data: str | int
    ) -> None:
        """Write it down; on return it is durable. `actor` is a user's id, None for who is not signed in; `subject`
        is what it was done to (an id, never a secret, never a password). Raises Unavailable, Busy."""


class Allowance(Struct, frozen=True):
    is_allowed: bool
    limit: int
    remaining: int
    reset_s: float
    """Seconds until there is something left again, or until all is."""


class RateLimiter(Protocol):
    """Counts in memory, or in Redis where there is one; when Redis is away, in memory."""

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        """Take `cost`, if there is that much left; what is refused takes nothing."""

    async def peek(self, rate: Rate, key: str) -> Allowance:
        """As it stands, without taking."""

    async def clear(self, rate: Rate, key: str) -> None:
        """Forget what was taken."""


class Cache(Protocol):
    """Bytes that all processes share in Redis, or that this one keeps in memory where there is none. They may be gone
    at any time: whoever asks knows another way. Nothing here raises; a Redis that is away or slow has nothing."""

    async def get(self, key: str) -> bytes | None: ...

    async def add(self, key: str, value: bytes, life_s: float) -> None:
        """Keep it, where there is nothing and nothing was forgotten within limits.CACHE_FORGET_S: what was read before
        a change does not come back after it."""

    async def put(self, key: str, value: bytes, life_s: float) -> None:
        """Keep it in the place of whatever is there."""

    async def forget(self, keys: Sequence[str]) -> bool:
        """False: Redis did not hear of all of them, and is to be told again."""


class Eraser(Protocol):
    """What a package does when somebody wants their data, or wants it gone. accounts/erasure knows them all."""

    name: str

    async def erase(self, user: UserId) -> Mapping[str, int]:
        """Remove what is about this user; how many of what. Called again after a crash: what is gone stays gone."""

    async def export(self, user: UserId) -> Mapping[str, object]:
        """All that is about this user, as JSON can say it, without secrets."""


# --- the room log


class Entry(Struct, frozen=True):
    """One fact of a room's log. `data` is the event as JSON; `to` its addressees beside `by`, None for everybody."""

    epoch: int
    seq: int
    at: datetime
    by: ParticipantId
    type: str
    v: int
    data: bytes
    to: tuple[ParticipantId, ...] | None = None
    txn: str | None = None
    body_hash: bytes | None = None


class OpenSession(Struct, frozen=True):
    """A session as the database keeps it: whoever has the token (its SHA-256 here) may resume it."""

    session: SessionId
    participant: ParticipantId
    token_hash: bytes
    ticket: str
    user: UserId | None = None
    auth_session: str | None = None
    """The account's session that the ticket was asked for with: when that is revoked, this one ends."""
    keys: tuple[str, ...] = ()
    """What tells this person from others, for bans; opaque, made for this room (meetings/persons.py)."""
    is_waiting: bool = False
    """Whether it was opened into the lobby: until it is admitted, it may read nothing of the room."""
    roles: tuple[ServerRole, ...] = ()
    """In the whole server, when the ticket was asked for: rules about addresses look at them."""


class Commit(Struct, frozen=True):
    """Entries of one room, to be written whole if the room's epoch and last seq still are these, else not at all."""

    room: RoomId
    epoch: int
    after_seq: int
    entries: tuple[Entry, ...]
    opened: tuple[OpenSession, ...] = ()
    admitted: tuple[SessionId, ...] = ()
    closed: tuple[SessionId, ...] = ()


class Started(Struct, frozen=True):
    epoch: int
    last_seq: int


class Whereabouts(Struct, frozen=True):
    """Who took the room last and has not released it; it may be dead by now. None: it sleeps."""

    owner: ShardId | None
    epoch: int
    is_quarantined: bool


class SnapshotRow(Struct, frozen=True):
    seq: int
    data: bytes


class Loaded(Struct, frozen=True):
    """All that a room needs to go on: its newest snapshot, the log after it, its open sessions, its calendar entry."""

    meeting: MeetingId
    title: str
    settings: Mapping[str, object]
    snapshot: SnapshotRow | None
    entries: tuple[Entry, ...]
    sessions: tuple[OpenSession, ...]


class RoomLog(Protocol):
    """The truth about rooms. All times are given, none is read here."""

    async def start(self, room: RoomId, shard: ShardId, now_ms: int) -> Started:
        """Take the room: bump `epoch = greatest(epoch + 1, now_ms)`, set the owner. Raises NotFound, and Unavailable
        as every call here but `commit` does."""

    async def load(self, room: RoomId) -> Loaded:
        """In a statement after `start`'s. Raises NotFound."""

    async def commit(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        """Write many rooms' entries at once; one answer per commit, in order: None is committed, else Stale,
        Duplicate, BadEntry, Locked or UnknownOutcome. One room's trouble never fails or delays another's."""

    async def commit_alone(self, commit: Commit) -> StoreError | None:
        """What was Locked: wait for whoever holds the room, for a while. Then as `commit`, and never Locked."""

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        """Entries after `after_seq` (up to and including `until_seq`), rising, at most `limit`."""

    async def epoch_at(self, room: RoomId, seq: int) -> int | None:
        """Epoch of the entry at `seq`; None when there is none."""

    async def receipts(self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]) -> dict[tuple[str, str], Entry]:
        """Which of these (by, txn) are in the log, with their entries."""

    async def save_snapshot(self, room: RoomId, seq: int, data: bytes) -> None:
        """Keep a snapshot as of `seq`; an older one goes."""

    async def release(self, room: RoomId, epoch: int) -> None:
        """Give the room up, if the epoch still is mine."""

    async def had_session(self, room: RoomId, session: SessionId, token_hash: bytes) -> bool:
        """Whether this session with this token is, or ever was, one of the room."""

    async def rooms_with_sessions(self) -> list[tuple[RoomId, ShardId | None]]:
        """Rooms that somebody may come back to, for they have open sessions, and who owned them last. Without those in
        quarantine."""

    async def whereabouts(self, room: RoomId) -> Whereabouts:
        """Raises NotFound."""

    async def epochs(self, rooms: Sequence[RoomId]) -> dict[RoomId, int]:
        """Of those that are there."""

    async def quarantined(self) -> dict[RoomId, Whereabouts]:
        """All rooms that rest."""

    async def quarantine(self, room: RoomId, *, on: bool) -> None:
        """Remember that the room rests, or that it need not any more. Raises NotFound."""


class LogErasure(Protocol):
    """What may change in a log, and in who its sessions were, when somebody's data is erased. Nothing else may."""

    async def participants_of(self, user: UserId) -> dict[RoomId, list[ParticipantId]]:
        """Who this account is, or ever was, in each room."""

    async def rewrite(self, room: RoomId, entries: Sequence[Entry]) -> None:
        """Put them in the place of those of the same seqs. Only `data`, `v` and `body_hash` change."""

    async def forget(self, user: UserId) -> None:
        """Their sessions are nobody's from now on."""


class RoomHistory(Protocol):
    """Reading a room's past, for HTTP."""

    async def snapshot_at(self, room: RoomId, seq: int) -> SnapshotRow | None:
        """The newest snapshot at or before `seq`."""

    async def seq_at(self, room: RoomId, at: datetime) -> int:
        """The last seq at or before this time; 0 when the log begins later."""

    async def last_seq(self, room: RoomId) -> int: ...

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        """As `RoomLog.page`."""

    async def entries_of_type(
        self, room: RoomId, type_: str, *, before_seq: int | None, after_seq: int | None, limit: int
    ) -> list[Entry]:
        """Rising; the newest `limit` before `before_seq`, or the oldest `limit` after `after_seq`."""


# --- ownership


class Lease(Struct, frozen=True):
    """A live process. One that drains hands its rooms over and gets none; `weight` is its share of new rooms: 1 a whole
    one, 0 none. `address` is http://host:port of this very process, for operators; "" when it did not say."""

    shard: ShardId
    incarnation: str
    expires_at: datetime
    is_draining: bool = False
    weight: float = 1.0
    address: str = ""


class LeaseStore(Protocol):
    """A row per live process, by the store's own clock. Leases serve liveness; safety is the room's fence."""

    async def acquire(self, shard: ShardId, incarnation: str, ttl_s: float, address: str = "") -> Lease:
        """Become this shard now; an older incarnation of it is superseded at once."""

    async def renew(
        self, shard: ShardId, incarnation: str, ttl_s: float, *, is_draining: bool = False, weight: float = 1.0
    ) -> bool:
        """False: the lease ran out or was superseded; start a new incarnation."""

    async def release(self, shard: ShardId, incarnation: str) -> None: ...

    async def live(self) -> list[Lease]:
        """Those that have not run out, by shard id."""

    async def mark_dead(self, shard: ShardId, incarnation: str) -> bool:
        """Before taking its rooms over: end the lease if it has run out. False: it lives."""


# --- hints and live frames


class Bus(Protocol):
    """Carries hints and live frames between processes, never the only copy of anything."""

    @property
    def is_up(self) -> bool:
        """Whether, as far as is known, what is published now goes out, and all that is subscribed to comes in."""

    async def publish(self, channel: str, message: bytes) -> None: ...

    async def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> Callable[[], Awaitable[None]]:
        """Call `handler` for each message from now on; the answer ends it. In order per publisher."""

    async def close(self) -> None: ...


# --- outside


class Mail(Struct, frozen=True):
    to: str
    subject: str
    text: str
    html: str | None = None
    message_id: str = ""
    headers: Mapping[str, str] = {}


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand it over. Raises adapters' SendFailed with `permanent` for a 5xx."""


class BlobStore(Protocol):
    """Named bytes, whole or invisible."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int: ...
    def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """Whoever stops before its end closes it."""

    async def size(self, name: str) -> int | None: ...
    async def delete(self, name: str) -> None: ...
    def names(self, prefix: str = "") -> AsyncIterator[str]: ...
    async def sweep(self, before: datetime) -> int:
        """Take away what processes that died before then were putting; how many there were."""

    async def free_bytes(self) -> int | None:
        """How much more fits; None where nobody can say."""


class Presigner(Protocol):
    """URLs by which whoever has them reaches a blob in the store, without the server, for a while."""

    async def presigned_get(self, names: Sequence[str], expires_s: float) -> list[str]:
        """From each of these, in their order, it may be got as it is in the store. Raises Unavailable."""

    async def presigned_put(self, name: str, expires_s: float) -> str:
        """To it a blob of any size may be put, again and again. Raises Unavailable."""


class Remade(Struct, frozen=True):
    """An image made anew from its pixels alone. `width` and `height` in pixels, upright. `thumbnails`: by the longest
    side that they may have (limits.THUMBNAIL_PX), in WebP (image/webp), never larger than the image."""

    image: bytes
    media_type: str
    width: int
    height: int
    thumbnails: Mapping[int, bytes]


class ImageMaker(Protocol):
    """Makes images anew, apart from whoever asks: what an image does to its reader stays there."""

    async def remake(self, source: bytes) -> Remade:
        """The same picture, or animation, in the same format (PNG, JPEG, GIF or WebP), in sRGB, upright, without
        anything else that came with it. Raises BadFile for what is none of these or broken, TooLarge above
        limits.IMAGE_BYTES, IMAGE_PIXELS and the like, Busy when too many wait, Unavailable when it did not work and
        may another time."""


class Verdict(Struct, frozen=True):
    """`virus`: what was found, in the scanner's words; "" where nothing was. `is_whole`: all was looked at; not so
    where the scanner takes no stream of that length."""

    virus: str = ""
    is_whole: bool = True

    @property
    def is_clean(self) -> bool:
        return self.is_whole and not self.virus


class Scanner(Protocol):
    """Looks for viruses."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """What it says of a content; how much of `chunks` it took is left open. Raises Unavailable when it cannot be
        asked, and whatever `chunks` raises."""


class Sealer(Protocol):
    """Encryption at rest (keys/). `about` is bound in as associated data: the row's identity."""

    def seal(self, plain: bytes, about: str) -> bytes: ...
    def unseal(self, sealed: bytes, about: str) -> bytes: ...


# --- rooms, as services see them


class RoomReply(Struct, frozen=True):
    """What a room answers to a service's durable command. `at` as on the wire (RFC 3339)."""

    seq: int
    at: str


class Rooms(Protocol):
    async def ask(self, room: RoomId, command: Command, *, role: Role = "host") -> RoomReply | None:
        """Have the room's owner carry the command out, as the server. Raises Refused."""

    async def state(self, room: RoomId) -> bytes | None:
        """The live shared snapshot as JSON when the room is awake in this process, else None: the log has the rest."""

    async def is_awake(self, room: RoomId) -> bool:
        """Whether it runs, in whichever process."""

    async def would_admit(self, room: RoomId, join: Command, address: str) -> Refusal | None:
        """Why the room, if it is awake, would not take this `rooms.messages.Join` from this address; None: it would, or
        nobody can say yet. Nothing happens."""


# --- shards, as operators see them


class ShardStatus(Struct, frozen=True):
    """One live process. `weight` 1 takes its share of new rooms, 0 none; counts are its own, as of its last word."""

    id: ShardId
    address: str
    is_draining: bool
    weight: float
    rooms: int
    members: int
    level: int
    """0 calm … 3 sheds durable commands."""
    loop_lag_ms: float
    commit_lag_ms: float


class RoomStatus(Struct, frozen=True):
    """One room that is awake, or that rests in quarantine (`is_quarantined`, and then with no members)."""

    id: RoomId
    owner: ShardId
    epoch: int
    seq: int
    members: int
    mailbox: int
    """Commands that wait, decided or not."""
    commit_lag_ms: float
    """Age of the commit under way; 0 when there is none."""
    is_quarantined: bool = False


class Operations(Protocol):
    """What operators see and do, whichever shard they ask. Raises NotFound for a room that sleeps or a shard that is
    not live, Conflict for a shard that takes no rooms, Unavailable for a shard that does not answer."""

    async def shards(self) -> list[ShardStatus]: ...
    async def rooms(self) -> list[RoomStatus]:
        """Those that are awake, of all shards that answer, by id."""

    async def room(self, room: RoomId) -> RoomStatus: ...
    async def drain(self, shard: ShardId) -> None:
        """Have it hand its rooms over and end, as at SIGTERM."""

    async def move(self, room: RoomId, shard: ShardId) -> None:
        """Until the shards change next, the room is that one's."""

    async def sleep(self, room: RoomId) -> None:
        """Save it and let it go; whoever is in it wakes it again."""

    async def quarantine(self, room: RoomId) -> None:
        """Close it to everybody until it is released."""

    async def release(self, room: RoomId) -> None:
        """End its quarantine."""
