"""What a content is, by its bytes alone. Pure.

A table of our own: the libraries for it know a hundred kinds that nobody here asks for, little of what is in a
container, and take texts for programs, as signatures of two letters ("MZ", "BM") begin words, too.
"""

import re
from typing import Final

OCTETS: Final = "application/octet-stream"
TEXT: Final = "text/plain"
PROGRAM: Final = "application/x-executable"
ZIP: Final = "application/zip"
OFFICE: Final = "application/vnd.openxmlformats-officedocument"
"""Office Open XML of any kind; no type of its own, but what all of its types are."""
OLE: Final = "application/x-ole-storage"
MP4: Final = "video/mp4"
MATROSKA: Final = "video/x-matroska"
OGG: Final = "audio/ogg"

# WHATWG MIME Sniffing, 3: binary data bytes; a text has none. Legacy 8-bit texts pass, as in browsers.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# … and 7.1, what begins like HTML.
_HTML = re.compile(
    r"<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[\s>]", re.IGNORECASE
)
_SVG = re.compile(r"<(\w+:)?svg[\s>]", re.IGNORECASE)
_XML = "<?xml"
_TEXTUAL: Final = (
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
"""What begins like this is that, also where all of it could be a text."""
_BINARY_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"8BPS\0\1", "image/vnd.adobe.photoshop"),
    (b"OggS\0", OGG),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\0asm", "application/wasm"),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    # Mach-O; the last one begins it for several machines, and Java's classes.
    (b"\xfe\xed\xfa\xce", PROGRAM),
    (b"\xfe\xed\xfa\xcf", PROGRAM),
    (b"\xce\xfa\xed\xfe", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_OFFICE_FOLDERS = {
    b"word/": f"{OFFICE}.wordprocessingml.document",
    b"xl/": f"{OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{OFFICE}.presentationml.presentation",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_PACKAGES = (
    f"{_OPEN_DOCUMENT}.text",
    f"{_OPEN_DOCUMENT}.spreadsheet",
    f"{_OPEN_DOCUMENT}.presentation",
    "application/epub+zip",
)
_TAR_AT = 257
_MPEG = re.compile(rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]")
"""A frame of MPEG audio, layers III and II (ISO/IEC 11172-3, 2.4.2.3)."""
_AVIF = {b"avif", b"avis"}
_HEIF = {b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_FILM = (b"mp4", b"iso", b"avc", b"M4V", b"dash", b"msdh", b"3g", b"f4v", b"mmp4", b"cmf", b"MSNV")


def looks_like(head: bytes, tail: bytes) -> tuple[str, ...]:
    """Media types of what a content with this beginning and end is, the most special one first: a Word document is
    Office Open XML, and a ZIP archive, too. Never empty."""
    if found := _signed(head, _TEXTUAL):
        return (found,)
    if is_text(head):
        return _text(head)
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip(head, tail)
    return (_signed(head, _BINARY_SIGNATURES) or _elsewhere(head),)


def is_text(head: bytes) -> bool:
    """Whether this beginning has nothing in it that no text has."""
    return head[:2] in _WIDE or not _BINARY.search(head)


def _signed(head: bytes, signatures: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((media_type for signature, media_type in signatures if head.startswith(signature)), None)


def _elsewhere(head: bytes) -> str:
    """By what does not stand at the very beginning, or not always."""
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], OCTETS)
    if head.startswith(b"\x1a\x45\xdf\xa3"):  # EBML; what it holds is said in its head (RFC 8794, 11.2.6)
        return "video/webm" if b"\x42\x82\x84webm" in head[:64] else MATROSKA
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "application/x-tar"
    return "audio/mpeg" if _MPEG.match(head) else OCTETS


def _text(head: bytes) -> tuple[str, ...]:
    if head.startswith(b"#!"):
        return ("text/x-script", TEXT)
    text = head.decode(_WIDE.get(head[:2], "utf-8"), errors="replace").lstrip("\ufeff \t\r\n\f")
    if text.startswith("<") and _SVG.search(text):
        return ("image/svg+xml", TEXT)
    if _HTML.match(text):
        return ("text/html", TEXT)
    return ("application/xml", TEXT) if text.startswith(_XML) else (TEXT,)


def _iso_media(head: bytes) -> tuple[str, ...]:
    """ISO/IEC 14496-12, 4.3: the first box says what brands of reader it is for. There are a hundred for films."""
    length = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(length, 256), 4))]
    if not _AVIF.isdisjoint(brands):
        return ("image/avif",)
    if brands[0] in _HEIF:
        return ("image/heic",)
    if brands[0].startswith(b"M4A"):
        return ("audio/mp4", MP4)
    if brands[0] == b"qt  ":
        return ("video/quicktime", MP4)
    return (MP4, "audio/mp4") if any(brand.startswith(_FILM) for brand in brands) else (OCTETS,)


def _zip(head: bytes, tail: bytes) -> tuple[str, ...]:
    """By its members' names, which stand in front of each of them, and in the directory at the end (APPNOTE, 4.3)."""
    if head[30:38] == b"mimetype":  # OpenDocument, EPUB: the first member, as it is, says what the archive is
        said = head[38 : 38 + int.from_bytes(head[18:22], "little")]
        return (*(media_type for media_type in _PACKAGES if media_type.encode() == said), ZIP)
    names = head + tail
    if b"[Content_Types].xml" not in names:
        return (ZIP,)
    return (*(media_type for folder, media_type in _OFFICE_FOLDERS.items() if folder in names), OFFICE, ZIP)
