"""What a file is, and whether it is what it says. tests/files/hostile.py has those that mean harm."""

import io
import zipfile

import pytest

from meetserver.errors import BadFile
from meetserver.files.kinds import KINDS, UNKNOWN, Kind, kind_of_type, recognize
from meetserver.files.sniffing import OCTETS
from tests.files.hostile import ELF, PE
from tests.files.pictures import animation, picture

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
ODT = "application/vnd.oasis.opendocument.text"
GZIP = "application/gzip"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def iso(brand: bytes, *others: bytes) -> bytes:
    brands = brand + bytes(4) + b"".join(others)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + bytes(16)


def zipped(*names: str, content: bytes = b"x") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def kind(content: bytes, name: str = "", declared: str = "") -> Kind:
    return recognize(content[:4096], content[-4096:], name, declared)


# Content, and all that an honest upload of it may be called -> what it then is.
HONEST = [
    (picture("PNG"), {"a.png": "image/png", "": "image/png", "a.dat": "image/png"}),
    (animation("PNG"), {"a.png": "image/png"}),
    (picture("JPEG"), {"A.JPG": "image/jpeg", "a.jpeg": "image/jpeg", "a.png.jpg": "image/jpeg"}),
    (picture("GIF"), {"a.gif": "image/gif"}),
    (picture("WEBP"), {"a.webp": "image/webp"}),
    (picture("BMP"), {"a.bmp": "image/bmp"}),
    (picture("TIFF"), {"a.tif": "image/tiff", "a.tiff": "image/tiff"}),
    (picture("ICO"), {"a.ico": "image/x-icon"}),
    (picture("AVIF"), {"a.avif": "image/avif"}),
    (iso(b"mif1", b"heic"), {"a.heic": "image/heic"}),
    (iso(b"mif1", b"avif"), {"a.avif": "image/avif"}),
    (iso(b"isom", b"avc1"), {"a.mp4": "video/mp4", "a.m4a": "audio/mp4", "a.mov": "video/quicktime"}),
    (iso(b"dash", b"iso6"), {"a.mp4": "video/mp4", "": "video/mp4"}),
    (iso(b"M4A ", b"isom"), {"a.m4a": "audio/mp4", "": "audio/mp4", "a.mp4": "video/mp4"}),
    (iso(b"qt  "), {"a.mov": "video/quicktime"}),
    (iso(b"what"), {"a.bin": OCTETS}),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(40), {"a.webm": "video/webm", "a.mkv": "video/x-matroska"}),
    (b"OggS\0\2" + bytes(40), {"a.ogg": "audio/ogg", "a.ogv": "video/ogg", "a.opus": "audio/ogg"}),
    (b"ID3\4" + bytes(40), {"a.mp3": "audio/mpeg"}),
    (b"\xff\xfb\x90\0" + bytes(40), {"a.mp3": "audio/mpeg"}),
    (b"RIFF\x24\0\0\0WAVEfmt " + bytes(40), {"a.wav": "audio/wav"}),
    (b"fLaC\0\0\0\x22" + bytes(40), {"a.flac": "audio/flac"}),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {"a.pdf": "application/pdf"}),
    (rb"{\rtf1 x}", {"a.rtf": "application/rtf", "a.doc": "application/msword"}),
    (OLE, {"a.doc": "application/msword", "a.xls": "application/vnd.ms-excel", "a.docx": WORD}),
    (zipped("[Content_Types].xml", "word/document.xml"), {"a.docx": WORD, "": WORD, "a.zip": "application/zip"}),
    (zipped("word/numbering.xml", "[Content_Types].xml"), {"a.docx": WORD}),
    (zipped("custom", "[Content_Types].xml"), {"a.docx": WORD, "": "application/zip"}),
    (zipped("[Content_Types].xml", "xl/workbook.xml"), {"": EXCEL, "a.xlsx": EXCEL}),
    (zipped("a" * 200, "b" * 200, "[Content_Types].xml", content=bytes(4000)), {"a.docx": WORD}),
    (zipped("mimetype", content=ODT.encode()), {"a.odt": ODT}),
    (zipped("mimetype", content=ODT.encode() + b"-template"), {"": "application/zip"}),
    (zipped("mimetype", content=b"application/epub+zip"), {"a.epub": "application/epub+zip"}),
    (zipped("a.txt"), {"a.zip": "application/zip", "a.jar": "application/java-archive", "a.xyz": "application/zip"}),
    (b"PK\5\6" + bytes(18), {"a.zip": "application/zip"}),
    (b"7z\xbc\xaf\x27\x1c\0\4", {"a.7z": "application/x-7z-compressed"}),
    (b"Rar!\x1a\x07\1\0", {"a.rar": "application/vnd.rar"}),
    (b"\xfd7zXZ\0\0\4", {"a.xz": "application/x-xz"}),
    (b"BZh91AY&SY\0", {"a.bz2": "application/x-bzip2"}),
    (b"\x28\xb5\x2f\xfd\0", {"a.zst": "application/zstd"}),
    (b"a".ljust(257, b"\0") + b"ustar\x0000", {"a.tar": "application/x-tar"}),
    (b"8BPS\0\1" + bytes(20), {"a.psd": "image/vnd.adobe.photoshop"}),
    (b"RIFF\x24\0\0\0AVI LIST", {"a.avi": "video/x-msvideo"}),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(40), {"a.mkv": "video/x-matroska"}),
    (b"\0asm\1\0\0\0", {"a.wasm": "application/wasm"}),
    (b"\x1f\x8b\x08" + bytes(20), {"a.gz": GZIP, "a.tgz": GZIP, "a.svgz": GZIP}),
    (ELF, {"run": "application/x-executable", "a.so": "application/x-executable"}),
    (PE, {"a.exe": "application/x-executable", "a.dll": "application/x-executable"}),
    (b"hello", {"a.txt": "text/plain", "": "text/plain", "a.md": "text/markdown", "a.js": "text/javascript"}),
    ("\ufeffхорошо".encode("utf-16-le"), {"a.txt": "text/plain"}),
    ("βρήκα".encode(), {"a.txt": "text/plain"}),
    (b"MZ is for Mark Zbikowski", {"a.txt": "text/plain", "": "text/plain"}),
    ("caf\xe9".encode("latin-1"), {"a.txt": "text/plain"}),
    (b"#!/usr/bin/python3", {"a.sh": "text/x-script", "": "text/x-script", "a.py": "text/x-script"}),
    (b" \n<HTML >", {"a.html": "text/html", "": "text/html", "a.txt": "text/plain"}),
    (b"<!-- x --><svg >", {"a.svg": "image/svg+xml", "": "image/svg+xml", "a.xml": "application/xml"}),
    (b"<?xml version='1.0'?><a/>", {"a.xml": "application/xml", "": "application/xml"}),
    (b"<3", {"": "text/plain"}),
    (b"\0\1\2\3", {"a.bin": OCTETS, "": OCTETS, "a.verylongending": OCTETS}),
]  # fmt: skip


@pytest.mark.parametrize("content", [content for content, _ in HONEST], ids=lambda content: repr(content[:12]))
def test_an_honest_file_is_what_it_is_called(content: bytes) -> None:
    called = dict(HONEST)[content]
    assert {name: kind(content, name).media_type for name in called} == called


@pytest.mark.parametrize(
    "declared", ["image/png", "IMAGE/PNG", "image/png; x=y", "", "application/octet-stream", "x/y"]
)
def test_a_declared_type_that_fits_or_says_nothing_changes_nothing(declared: str) -> None:
    assert kind(picture("PNG"), "a.png", declared).media_type == "image/png"


def test_what_excel_makes_of_declared_types_is_known() -> None:
    assert kind(b"a;b", "a.csv", "application/vnd.ms-excel").media_type == "text/csv"


@pytest.mark.parametrize(
    "claimed", [claimed for claimed in KINDS if claimed != UNKNOWN], ids=lambda one: one.media_type
)
def test_whoever_claims_a_kind_must_be_it(claimed: Kind) -> None:
    """Bytes that are nothing are none of them, by name or by type."""
    for ending in claimed.endings:
        with pytest.raises(BadFile) as caught:
            kind(b"\0\1\2\3", f"a.{ending}")
        assert caught.value.code == "bad_file"
    for declared in (claimed.media_type, *claimed.declared):
        with pytest.raises(BadFile):
            kind(b"\0\1\2\3", "", declared)


@pytest.mark.parametrize("name", ["a.png.", "a.png ", "a.png\u200b", "a.\u202epng", "a.txt/b.png"])
def test_a_name_claims_what_people_will_see(name: str) -> None:
    with pytest.raises(BadFile):
        kind(b"hello", name)


def test_a_kind_is_found_again_by_its_media_type() -> None:
    assert [kind_of_type(one.media_type) for one in KINDS] == list(KINDS)
    assert kind_of_type("image/new") == UNKNOWN


def test_only_films_sound_and_images_made_anew_are_shown_and_all_else_has_no_type_of_its_own() -> None:
    shown = {one.media_type for one in KINDS if one.is_inline}
    assert shown == {
        "image/png", "image/jpeg", "image/gif", "image/webp",
        "video/mp4", "video/webm", "video/ogg", "video/quicktime",
        "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/flac",
    }  # fmt: skip
    assert {one.media_type for one in KINDS if one.is_image} == {one for one in shown if one.startswith("image/")}
    assert {one.served_as for one in KINDS if not one.is_inline} == {OCTETS}
    assert all(one.served_as == one.media_type for one in KINDS if one.is_inline)
