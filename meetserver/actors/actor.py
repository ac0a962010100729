"""An actor: a mailbox, and one handler that never awaits.

Messages wake it through one `call_soon` per batch, not a task per message. Whatever takes time (loading,
committing) happens outside and comes back as a message. `run` is the job that the supervisor keeps alive.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from meetserver import limits
from meetserver.actors.fair_queue import FairQueue
from meetserver.actors.mailbox import Mailbox
from meetserver.actors.senders import most_of, sender_of

BATCH = 256
"""Messages handled before the loop gets its turn."""


class Actor(ABC):
    def __init__(
        self,
        *,
        control_limit: int = limits.CONTROL_LANE_MESSAGES,
        data_limit: int = limits.DATA_LANE_COMMANDS,
    ) -> None:
        data = FairQueue[Any](data_limit, sender_of, most_of)
        self.mailbox = Mailbox(control_limit=control_limit, data=data)
        self._awake = False
        self._scheduled = False
        self._interruption: asyncio.Future[str] | None = None

    def tell_control(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.mailbox.put_control(message)
        self._wake()

    def tell(self, message: Any) -> None:
        """Raises MailboxFull."""
        self.mailbox.put_data(message)
        self._wake()

    @abstractmethod
    def receive(self, message: Any) -> None:
        """Handle one message; must not block. An exception ends the actor."""

    @abstractmethod
    async def run(self) -> None:
        """The actor's life: load, `await self.awake()`, clean up. Returns when it is done for good."""

    def after_batch(self) -> None:  # noqa: B027  (most actors have nothing to do here)
        """Called when a batch has been handled: the place to act on all of it at once."""

    async def awake(self) -> str:
        """Handle messages until `interrupt`; answers its reason. Raises what a handler raised."""
        self._interruption = asyncio.get_running_loop().create_future()
        self._awake = True
        self._wake()
        try:
            return await self._interruption
        finally:
            self._awake = False

    def interrupt(self, reason: str) -> None:
        """End `awake`. Messages that come later wait in the mailbox."""
        self._awake = False
        if self._interruption is not None and not self._interruption.done():
            self._interruption.set_result(reason)

    def fail(self, error: BaseException) -> None:
        """End `awake` by this exception: something that the actor waits for will not come."""
        self._awake = False
        if self._interruption is not None and not self._interruption.done():
            self._interruption.set_exception(error)

    def go_on(self) -> None:
        """Have `after_batch` called once more, after the loop has had its turn."""
        self._wake()

    def _wake(self) -> None:
        if self._awake and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._handle_batch)

    def _handle_batch(self) -> None:
        self._scheduled = False
        try:
            for _ in range(BATCH):
                if not self._awake or not self.mailbox:
                    break
                self.receive(self.mailbox.take())
            if self._awake:
                self.after_batch()
        except Exception as error:
            self.fail(error)
            return
        if self.mailbox:
            self._wake()
