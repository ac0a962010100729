"""What the API says of files."""

from msgspec import Struct


class FileShown(Struct, frozen=True):
    """`is_inline`: a browser may show it; else it is only there to be saved. `is_held`: it cannot be had before it was
    looked at for viruses. `width` and `height`: an image's, in pixels; it has thumbnails."""

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
    created_at: str


class FilePage(Struct, frozen=True):
    items: list[FileShown]
    next: str | None


class LinkShown(Struct, frozen=True):
    """Whoever has `url` may get the file until then."""

    url: str
    expires_at: str
