"""Keys of end-to-end encrypted chat on the wire (docs/e2ee.md). The server passes them on and cannot use them."""

from typing import Annotated, ClassVar

from msgspec import Meta

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import DurableCommand, Event

PublicKey = Annotated[
    str, Meta(max_length=87, pattern=r"^B[A-Za-z0-9_-]{86}$", description="P-256 point, uncompressed, base64url")
]
KeyId = Annotated[str, Meta(max_length=22, pattern=r"^[A-Za-z0-9_-]{22}$", description="16 random bytes, base64url")]
Wrapped = Annotated[
    str, Meta(max_length=80, pattern=r"^[A-Za-z0-9_-]{80}$", description="nonce and wrapped key, base64url")
]
Receiver = Annotated[str, Meta(min_length=1, max_length=64)]


class Publish(DurableCommand, frozen=True):
    """The sender's identity key, which makes them a member; another one than before begins anew."""

    type: ClassVar[str] = "e2ee.publish"
    key: PublicKey


class Share(DurableCommand, frozen=True):
    """A new sender key, wrapped for each participant who is to read what comes under it, the sender among them."""

    type: ClassVar[str] = "e2ee.share"
    key_id: KeyId
    wrapped: Annotated[dict[Receiver, Wrapped], Meta(min_length=1, max_length=limits.E2EE_MEMBERS)]


class Published(Event, frozen=True):
    type: ClassVar[str] = "e2ee.published"
    participant: ParticipantId
    key: str


class Shared(Event, frozen=True):
    """For those in `wrapped`; `by` is whose key it is."""

    type: ClassVar[str] = "e2ee.shared"
    key_id: str
    wrapped: dict[str, str]

    def addressees(self) -> frozenset[ParticipantId]:
        return frozenset(ParticipantId(receiver) for receiver in self.wrapped)
