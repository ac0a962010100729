"""A mailer that keeps what it is given, and fails when told to."""

from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import SendFailed
from meetserver.mail.message import build_message
from meetserver.ports import Clock, Mail

SENDER = "meetserver <no-reply@meet.example>"


class MemoryMailer:
    """`sent` holds what was taken, in order. Each of `failures` makes one `send` fail, first come first."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.sent: list[Mail] = []
        self.failures: list[SendFailed] = []
        self._clock = clock or ManualClock()

    async def send(self, mail: Mail) -> None:
        build_message(mail, SENDER, self._clock.now())
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)
