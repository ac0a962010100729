"""What the HTTP layer is given. Built by bootstrap, read by handlers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from meetserver.accounts.erasure import Erasure
from meetserver.accounts.factor_settings import FactorSettings
from meetserver.accounts.factors import Factors
from meetserver.accounts.oidc import SingleSignOn
from meetserver.accounts.service import Accounts
from meetserver.cache.occupancy import Occupancy
from meetserver.config import Config
from meetserver.database import Database
from meetserver.files.direct import DirectTransfers
from meetserver.files.retention import Retention
from meetserver.files.service import Files
from meetserver.files.uploads import Uploads
from meetserver.files.usage import FileUsage
from meetserver.http.at_once import AtOnce, exports_at_once
from meetserver.ids import RoomId
from meetserver.meetings.invitees import Invitees
from meetserver.meetings.links import GuestLinks
from meetserver.meetings.service import Meetings
from meetserver.meetings.tickets import Tickets
from meetserver.network.service import IpRules
from meetserver.ports import (
    BoardPrinter,
    ChatFiles,
    Clock,
    MessageIndex,
    Operations,
    Origin,
    Random,
    RateLimiter,
    RoomHistory,
    Rooms,
    Sealer,
    SecurityLog,
)


class Keys(Sealer, Protocol):
    """The key ring, as the HTTP layer uses it."""

    def derive(self, purpose: str, length: int = 32) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    config: Config
    clock: Clock
    random: Random
    database: Database
    keys: Keys
    accounts: Accounts
    factors: Factors
    factor_settings: FactorSettings
    sso: SingleSignOn
    erasure: Erasure
    meetings: Meetings
    invitees: Invitees
    guest_links: GuestLinks
    ip_rules: IpRules
    tickets: Tickets
    files: Files
    chat_files: ChatFiles
    uploads: Uploads
    boards: BoardPrinter
    direct: DirectTransfers
    file_usage: FileUsage
    retention: Retention
    rooms: Rooms
    occupancy: Occupancy
    operations: Operations
    history: RoomHistory
    message_index: MessageIndex
    index_soon: Callable[[RoomId], None]
    """Told of a room of which the message index has not all, or more than it should."""
    security_log: SecurityLog
    limiter: RateLimiter
    ready: Callable[[], list[str]]
    """Why the server should get no requests now; empty when it may."""
    exports: AtOnce = field(default_factory=exports_at_once)


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
ORIGIN: web.RequestKey[Origin] = web.RequestKey("origin", Origin)
USER_ID: web.RequestKey[str] = web.RequestKey("user_id", str)
"""The caller's account, for the access log."""
