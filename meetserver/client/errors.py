"""What can go wrong for a client, as one tree.

ClientError
├── ApiError           HTTP said no: status and the stable code of the problem
├── FactorNeeded       the password was right, and something more is asked for
├── CommandRefused     the room answered with an error
├── Unanswered         no answer came: a durable command may or may not be in the log
├── RoomClosed         the server closed the socket for good (3500 and above)
├── ConnectionLost     the server could not be reached again in time
└── ProtocolViolation  the server said what the protocol does not allow
"""

from collections.abc import Sequence

from msgspec import Struct


class WireRefusal(Struct, frozen=True):
    """The `error` of a reply. `code` is an open set: a newer server may know more."""

    code: str
    message: str = ""
    temporary: bool = False
    retry_after_s: float | None = None


class ClientError(Exception):
    """Root of the tree."""


class ApiError(ClientError):
    """An answer of HTTP other than 2xx."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


class FactorNeeded(ClientError):
    """The account has a second factor: go on with `Api.answer_factor(token, …)` and one of `methods`."""

    def __init__(self, token: str, methods: Sequence[str]) -> None:
        super().__init__(f"the account asks for one of {', '.join(methods)}")
        self.token = token
        self.methods = tuple(methods)


class CommandRefused(ClientError):
    """The room refused a command. With `refusal.temporary` the same command, same txn, may work later."""

    def __init__(self, refusal: WireRefusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}")
        self.refusal = refusal
        self.code = refusal.code


class Unanswered(ClientError):
    """No answer in time. Ask again with the same `txn`: the answer is the first one's, if there was one."""

    def __init__(self, txn: str | None, why: str) -> None:
        super().__init__(why)
        self.txn = txn


class RoomClosed(ClientError):
    """The server ended this client's time in the room; `reason` is the error code, where there is one."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class ConnectionLost(ClientError):
    """The server could not be reached, or not again within the time that the caller gave."""


class ProtocolViolation(ClientError):
    """A frame of the server that the protocol does not allow: seq not rising, a reply to nothing, bad JSON."""
