"""What the API says of files."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from meetserver.errors import Refusal


class FileShown(Struct, frozen=True):
    """`is_inline`: a browser may show it; else it is only there to be saved. `is_held`: it cannot be had before it was
    looked at for viruses. `width` and `height`: an image's, in pixels; it has thumbnails. `uploaded_by`: an account, or
    the participant of the room that a guest is; a guest has a name in the room alone, so that `uploader_name` is null.
    `expires_at`: it is deleted then, or minutes later; null: with its meeting."""

    id: str
    meeting_id: str | None
    name: str
    media_type: str
    size_bytes: int
    is_inline: bool
    is_held: bool
    width: int | None
    height: int | None
    uploaded_by: str
    uploader_name: str | None
    created_at: str
    expires_at: str | None


class FilePage(Struct, frozen=True):
    items: list[FileShown]
    next: str | None


class LinkShown(Struct, frozen=True):
    """Whoever has `url` may get the file until then."""

    url: str
    expires_at: str


class Usage(Struct, frozen=True):
    """So many files, and their bytes together."""

    files: int
    bytes: int

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.files + other.files, self.bytes + other.bytes)


class OwnUsage(Struct, frozen=True):
    """What counts in an account's quota: the files that it brought, and that guests brought to its meetings."""

    files: int
    bytes: int
    quota_bytes: int


class KindUsage(Struct, frozen=True):
    """`kind`: the first half of media types."""

    kind: str
    files: int
    bytes: int


class AccountUsage(Struct, frozen=True):
    id: str
    name: str
    email: str
    files: int
    bytes: int


class MeetingUsage(Struct, frozen=True):
    id: str
    owner_id: str
    files: int
    bytes: int


class UsageReport(Struct, frozen=True):
    """All files that were not deleted; the same bytes of one owner count each time, and are stored once.

    `quota_bytes`: of the whole server; null: none. `free_bytes`: of the disk, of which `reserve_bytes` are to stay
    free; null where the store cannot say. `deleted`: their bytes are in the store for another day at most; `held`:
    nobody could look at them for viruses yet; `uploads`: under way, and what has come of them. These three are counted
    up to `counted_up_to` files. `accounts` and `meetings`: those with most bytes first."""

    files: int
    bytes: int
    quota_bytes: int | None
    free_bytes: int | None
    reserve_bytes: int
    kinds: list[KindUsage]
    deleted: Usage
    held: Usage
    uploads: Usage
    counted_up_to: int
    accounts: list[AccountUsage]
    meetings: list[MeetingUsage]


DirectState: TypeAlias = Literal["waiting", "taking_in", "refused", "done"]
"""`waiting`: for the client to put it into the store, and say so."""


class NewDirectUpload(Struct, frozen=True, forbid_unknown_fields=True):
    """What it says that it is; `for_chat`: to be sent in a message, and until then nobody else's."""

    name: str
    size_bytes: Annotated[int, Meta(ge=0)]
    media_type: str = ""
    for_chat: bool = False


class DirectUploadBegun(Struct, frozen=True):
    """PUT the bytes to `url` until then, and complete it."""

    id: str
    url: str
    expires_at: str


class DirectUploadShown(Struct, frozen=True):
    """`id` is the file's, too, once it is `done`. `refusal`: why it is none. It is forgotten at `expires_at`."""

    id: str
    state: DirectState
    refusal: Refusal | None
    expires_at: str | None


class SealedPart(Struct, frozen=True):
    """`url` gives it for a while. `size_bytes` once it is opened; `number` is bound into it."""

    number: int
    size_bytes: int
    url: str


class SealedParts(Struct, frozen=True):
    """Parts of a file as they are in the store; `next`: the number of the one to go on with. `key` (base64) opens them,
    with `content_id` as what they are bound to (docs/direct.md)."""

    content_id: str
    key: str
    parts: list[SealedPart]
    next: int | None
    expires_at: str
