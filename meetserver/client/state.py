"""What a client knows of its own place in the room, and what it gets for a command."""

from typing import Any

from msgspec import Struct

from meetserver.messages import Role


class RoomState(Struct):
    """Who this client is in the room and how far it has followed the log; `seq` is the last event it has handed on."""

    session: str = ""
    participant: str = ""
    role: Role = "participant"
    state: str = ""
    epoch: int = 0
    seq: int = 0
    recovered: bool = False
    snapshot: bytes = b""


class Receipt(Struct, frozen=True):
    """The ok to a command. `seq` and `at` stand in every ok to a durable one; `fields` is all of it."""

    fields: dict[str, Any]

    @property
    def seq(self) -> int:
        return int(self.fields["seq"])

    @property
    def at(self) -> str:
        return str(self.fields["at"])
