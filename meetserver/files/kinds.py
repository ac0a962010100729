"""Which kinds of files there are, and whether a file is what it says. Pure.

A file says what it is twice: by its name's ending, which is what people and their computers go by once they have
saved it, and by the type that the upload declares. Where either names a kind from the table, the content must be that
(BadFile if not); an ending or a type that is not in the table says nothing. What a file is comes from its content.

What a browser may show (`is_inline`) is this list and nothing else: raster images, which the server has made anew,
and films and sound, in which nothing runs. All else is saved, never shown, and goes out as application/octet-stream
with nosniff, so that no page can use it as a script or a style either (these ignore Content-Disposition):
- SVG, HTML, XML, scripts, and PDF, which runs scripts too, and whose viewer does not work in a sandbox.
- Text: there are a hundred kinds of it, and a browser would show it without the sandbox of a viewer of ours.
- AVIF, HEIC, TIFF and the like: to make them anew takes seconds, and few browsers show them.
- Programs are kept: refused, they come in an archive. A program that says that it is something else is refused.
- Archives are never opened here, so what is in them, and how large it would be, harms nobody.
A content that is two things at once (GIF and script, PDF and ZIP) is what its beginning says. The other half has no
effect: an image's is gone when it is made anew, and nosniff forbids to read something else into any file.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from msgspec import Struct

from meetserver.errors import BadFile
from meetserver.files.names import shown_name
from meetserver.files.sniffing import MATROSKA, MP4, OCTETS, OFFICE, OGG, OLE, PROGRAM, TEXT, ZIP, looks_like


class Kind(Struct, frozen=True):
    """`endings`: of names, without the dot. `declared`: other media types that uploads declare for it, among them
    what browsers take from a system that knows better. `contents`: one of these it must look like, if not like its own
    media type. `is_image`: it is made anew before anybody gets it."""

    media_type: str
    endings: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    is_inline: bool = False
    is_image: bool = False

    @property
    def served_as(self) -> str:
        """The Content-Type of its bytes."""
        return self.media_type if self.is_inline else OCTETS

    def fits(self, looks: Iterable[str]) -> bool:
        return self.media_type in looks or not set(self.contents).isdisjoint(looks)


def _image(subtype: str, *endings: str, declared: tuple[str, ...] = ()) -> Kind:
    return Kind(f"image/{subtype}", endings, declared, is_inline=True, is_image=True)


def _media(media_type: str, *endings: str, declared: tuple[str, ...] = (), contents: tuple[str, ...] = ()) -> Kind:
    return Kind(media_type, endings, declared, contents, is_inline=True)


def _text(media_type: str, *endings: str, declared: tuple[str, ...] = ()) -> Kind:
    return Kind(media_type, endings, declared, (TEXT,))


def _office(subtype: str, *endings: str) -> Kind:
    """With a password it is an OLE container."""
    return Kind(f"{OFFICE}.{subtype}", endings, contents=(OFFICE, OLE))


UNKNOWN: Final = Kind(OCTETS)

KINDS: Final = (
    UNKNOWN,
    _image("png", "png", declared=("image/x-png", "image/apng")),
    _image("jpeg", "jpg", "jpeg", "jpe", "jfif", declared=("image/jpg", "image/pjpeg")),
    _image("gif", "gif"),
    _image("webp", "webp"),
    _media(MP4, "mp4", "m4v", declared=("video/x-m4v",)),
    _media("video/webm", "webm", declared=("audio/webm",)),
    _media("video/ogg", "ogv", contents=(OGG,)),
    _media("video/quicktime", "mov", "qt", contents=(MP4,)),
    _media("audio/mpeg", "mp3", declared=("audio/mp3", "audio/x-mp3")),
    _media("audio/mp4", "m4a", declared=("audio/x-m4a", "audio/m4a"), contents=(MP4,)),
    _media(OGG, "ogg", "oga", "opus", declared=("audio/opus", "application/ogg")),
    _media("audio/wav", "wav", declared=("audio/x-wav", "audio/wave", "audio/vnd.wave")),
    _media("audio/flac", "flac", declared=("audio/x-flac",)),
    Kind("image/avif", ("avif",)),
    Kind("image/heic", ("heic", "heif"), ("image/heif",)),
    Kind("image/bmp", ("bmp",), ("image/x-ms-bmp",)),
    Kind("image/tiff", ("tif", "tiff")),
    Kind("image/x-icon", ("ico",), ("image/vnd.microsoft.icon",)),
    Kind("image/vnd.adobe.photoshop", ("psd",)),
    Kind(MATROSKA, ("mkv", "mka"), contents=("video/webm",)),
    Kind("video/x-msvideo", ("avi",)),
    Kind("application/pdf", ("pdf",)),
    Kind("application/rtf", ("rtf",), ("text/rtf",)),
    Kind("application/postscript", ("ps",)),
    # A .doc is often RTF, and a .xls a table in HTML or in text.
    Kind("application/msword", ("doc", "dot"), contents=(OLE, "application/rtf")),
    Kind("application/vnd.ms-excel", ("xls",), contents=(OLE, TEXT)),
    Kind("application/vnd.ms-powerpoint", ("ppt", "pps"), contents=(OLE,)),
    _office("wordprocessingml.document", "docx", "docm", "dotx"),
    _office("spreadsheetml.sheet", "xlsx", "xlsm", "xltx"),
    _office("presentationml.presentation", "pptx", "pptm", "ppsx", "potx"),
    Kind("application/vnd.oasis.opendocument.text", ("odt",)),
    Kind("application/vnd.oasis.opendocument.spreadsheet", ("ods",)),
    Kind("application/vnd.oasis.opendocument.presentation", ("odp",)),
    Kind("application/epub+zip", ("epub",)),
    Kind(ZIP, ("zip",), ("application/x-zip-compressed", "application/x-zip")),
    Kind("application/java-archive", ("jar",), contents=(ZIP,)),
    Kind("application/vnd.android.package-archive", ("apk",), contents=(ZIP,)),
    Kind("application/gzip", ("gz", "tgz"), ("application/x-gzip",)),
    Kind("application/x-bzip2", ("bz2",)),
    Kind("application/x-xz", ("xz",)),
    Kind("application/zstd", ("zst",)),
    Kind("application/x-tar", ("tar",)),
    Kind("application/x-7z-compressed", ("7z",)),
    Kind("application/vnd.rar", ("rar",), ("application/x-rar", "application/x-rar-compressed")),
    Kind(PROGRAM, ("exe", "dll", "elf", "scr"), ("application/x-msdownload", "application/x-mach-binary")),
    Kind("application/wasm", ("wasm",)),
    _text(TEXT, "txt", "text", "log"),
    _text("text/csv", "csv"),
    _text("text/markdown", "md", "markdown"),
    _text("text/calendar", "ics"),
    _text("text/vcard", "vcf"),
    _text("application/json", "json"),
    _text("text/html", "html", "htm", "xhtml", "hta", declared=("application/xhtml+xml",)),
    _text("image/svg+xml", "svg"),
    _text("application/xml", "xml", "xsl", "xslt", declared=("text/xml",)),
    _text("text/javascript", "js", "mjs", declared=("application/javascript", "application/x-javascript")),
    _text("text/css", "css"),
    _text("text/x-script", "sh", "bash", declared=("application/x-sh",)),
)

_BY_TYPE: Final = {kind.media_type: kind for kind in KINDS}


def recognize(head: bytes, tail: bytes, name: str, declared: str) -> Kind:
    """The kind of a content that begins and ends like this (limits.FILE_HEAD_BYTES of each, or all), and is called so.

    Raises BadFile where it is not what its name's ending or the declared type says.
    """
    looks = looks_like(head, tail)
    named = _by_ending(shown_name(name))
    for claimed in (named, _by_declared(declared)):
        if claimed and not any(kind.fits(looks) for kind in claimed):
            raise BadFile(f"its name or type says {claimed[0].media_type}, its content {_words(looks)}")
    if named:
        return next(kind for kind in named if kind.fits(looks))
    return next((_BY_TYPE[look] for look in looks if look in _BY_TYPE), UNKNOWN)


def kind_of_type(media_type: str) -> Kind:
    """The kind that has this media type, as `recognize` gave it."""
    return _BY_TYPE.get(media_type, UNKNOWN)


def _words(looks: tuple[str, ...]) -> str:
    return "nothing that is known" if looks == (OCTETS,) else looks[0]


def _by_ending(name: str) -> list[Kind]:
    _, dot, ending = name.rpartition(".")
    return _claims().get(f".{ending.lower()}", []) if dot else []


def _by_declared(declared: str) -> list[Kind]:
    claimed = declared.partition(";")[0].strip().lower()
    # Windows with Excel says so of each .csv; and TypeScript is a film there, which the table leaves out.
    return [] if claimed == OCTETS else _claims().get(claimed, [])


@cache
def _claims() -> dict[str, list[Kind]]:
    """By .ending, and by each type that may be declared."""
    claims: dict[str, list[Kind]] = {}
    for kind in KINDS:
        for claim in (*(f".{ending}" for ending in kind.endings), kind.media_type, *kind.declared):
            claims.setdefault(claim, []).append(kind)
    return claims
