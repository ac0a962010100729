"""What every part of the accounts' service works with."""

from dataclasses import dataclass

from meetserver.accounts.links import Links, Post
from meetserver.accounts.passwords import Passwords
from meetserver.config import Config
from meetserver.database import Database
from meetserver.ports import Clock, Random, SecurityLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    config: Config
    database: Database
    clock: Clock
    random: Random
    security_log: SecurityLog
    passwords: Passwords
    links: Links
    post: Post
