"""Sockets that are open and have not said who they are: few of one address, and not many in all.

With all places taken, who has waited longest goes: clients say hello at once, and who never will makes room.
"""

from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address

from meetserver import limits
from meetserver.errors import RateLimited
from meetserver.network.addresses import address_block


class Newcomer:
    """One socket from its upgrade to its hello. `cut` ends it, once there is something to end."""

    def __init__(self, address: str, leave: Callable[["Newcomer"], None]) -> None:
        self.address = address
        self.block = address_block(address)
        self.cut: Callable[[], None] | None = None
        self._leave = leave

    def leave(self) -> None:
        """It has said hello, or is gone. Said twice it does no harm."""
        self._leave(self)


class Newcomers:
    def __init__(self) -> None:
        self._waiting: dict[Newcomer, None] = {}
        self._of_block: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, address: str) -> Newcomer:
        """Raises RateLimited."""
        newcomer = Newcomer(address, self._leave)
        if self._of_block[newcomer.block] >= _most_of(address):
            raise RateLimited(
                "too many sockets of this address have not said hello", retry_after_s=limits.HELLO_TIMEOUT_S
            )
        if len(self._waiting) >= limits.WAITING_SOCKETS:
            self._make_room()
        self._waiting[newcomer] = None
        self._of_block[newcomer.block] += 1
        return newcomer

    def _make_room(self) -> None:
        eldest = next(iter(self._waiting))
        self._leave(eldest)
        if eldest.cut is not None:
            eldest.cut()

    def _leave(self, newcomer: Newcomer) -> None:
        if newcomer in self._waiting:
            del self._waiting[newcomer]
            self._of_block[newcomer.block] -= 1
            if not self._of_block[newcomer.block]:
                del self._of_block[newcomer.block]


def _most_of(address: str) -> int:
    is_own = bool(address) and ip_address(address).is_loopback
    return limits.WAITING_SOCKETS_PER_ADDRESS * (limits.OWN_MACHINE_FACTOR if is_own else 1)
