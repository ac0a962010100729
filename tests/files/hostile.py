"""Uploads that mean harm, made by code, and what must become of each: no 5xx, no hang, nothing that runs."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Literal, TypeAlias

from msgspec import Struct

from meetserver.adapters.memory.scanner import EICAR
from tests.files import pictures
from tests.files.pictures import animation, chunk, gif, photo, picture, png, webp_header

Fate: TypeAlias = Literal["bad_file", "too_large", "attachment", "inline", "remade"]
"""Refused with that code; kept to be saved only; kept and shown as it is (films, sound); made anew and shown."""

SCRIPT = b"<script>alert(document.domain)</script>"
HTML = b"<!DOCTYPE html><html><body>" + SCRIPT
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">' + SCRIPT + b"</svg>"
PDF = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF\n"
ELF = b"\x7fELF\2\1\1" + bytes(57)
PE = b"MZ\x90\0" + bytes(56) + struct.pack("<I", 64) + b"PE\0\0" + bytes(64)
RUNS_AS_GIF = b"GIF89a/*" + b" " * 20 + b"*/=1;alert(document.domain)"
PLAIN = b"a file like any other"


class Upload(Struct, frozen=True):
    """`title`: what it tries. `infected`: a scanner finds something in what would be kept of it."""

    title: str
    content: bytes
    name: str
    declared: str
    becomes: Fate
    shown: str | None = None
    """The name that people see, where this is what it is about."""
    infected: bool = False


@cache
def uploads() -> tuple[Upload, ...]:
    return (*_polyglots(), *_active(), *_archives(), *_programs(), *_images(), *_names(), *_others())


def _zip(members: dict[str, bytes], *, deflate: bool = True) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
    return file.getvalue()


def _polyglots() -> Iterator[Upload]:
    inner = _zip({"index.html": HTML})
    yield Upload("GIF that is a script", RUNS_AS_GIF, "a.gif", "image/gif", "bad_file")
    yield Upload("script that is a GIF", RUNS_AS_GIF, "a.js", "text/javascript", "bad_file")
    yield Upload("GIF declared a script", RUNS_AS_GIF, "a.gif", "text/javascript", "bad_file")
    yield Upload("GIF with a script behind it", animation("GIF") + SCRIPT, "a.gif", "image/gif", "remade")
    yield Upload("GIF with a script as comment", picture("GIF", comment=SCRIPT), "a.gif", "image/gif", "remade")
    yield Upload("JPEG with HTML as comment", picture("JPEG", comment=HTML), "a.jpg", "image/jpeg", "remade")
    yield Upload("JPEG that is a ZIP too", photo() + inner, "a.jpeg", "image/jpeg", "remade")
    yield Upload("JPEG called ZIP", photo() + inner, "a.zip", "application/zip", "bad_file")
    yield Upload("PNG with a script as text", png(1, 1, chunk(b"tEXt", b"x\0" + SCRIPT)), "a.png", "", "remade")
    yield Upload("PNG with PHP behind it", picture("PNG") + b"<?php system($_GET[0]);", "a.png", "image/png", "remade")
    yield Upload("PNG called PHP", picture("PNG") + b"<?php", "a.php", "image/png", "remade")
    yield Upload("WebP with a page in it", picture("WEBP", xmp=HTML), "a.webp", "image/webp", "remade")
    yield Upload("PDF that is a ZIP too", PDF + inner, "a.pdf", "application/pdf", "attachment")
    yield Upload("PDF called ZIP", PDF + inner, "a.zip", "application/zip", "bad_file")
    yield Upload("PDF that is a page too", PDF + HTML, "a.html", "text/html", "bad_file")
    yield Upload("film that is a page too", _film(b"isom") + HTML, "a.mp4", "video/mp4", "inline")
    yield Upload("film called a page", _film(b"isom") + HTML, "a.html", "text/html", "bad_file")
    yield Upload("ZIP with a page before it", HTML + inner, "a.zip", "application/zip", "bad_file")


def _film(brand: bytes) -> bytes:
    return struct.pack(">I", 20) + b"ftyp" + brand + bytes(4) + brand + struct.pack(">I", 8) + b"mdat"


def _active() -> Iterator[Upload]:
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'
    outside = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
    yield Upload("SVG with a script", SVG, "a.svg", "image/svg+xml", "attachment")
    yield Upload("SVG without an ending", SVG, "a", "image/svg+xml", "attachment")
    yield Upload("SVG after an XML head", b'<?xml version="1.0"?>' + SVG, "a.svg", "image/svg+xml", "attachment")
    yield Upload("SVG called PNG", SVG, "a.png", "image/png", "bad_file")
    yield Upload("SVG, packed", gzip.compress(SVG), "a.svgz", "image/svg+xml", "bad_file")
    yield Upload("SVG, packed, with no type", gzip.compress(SVG), "a.svgz", "", "attachment")
    yield Upload("page", HTML, "a.html", "text/html", "attachment")
    yield Upload("page without an ending", HTML, "a", "", "attachment")
    yield Upload("page called PNG", HTML, "a.png", "image/png", "bad_file")
    yield Upload("page declared PNG", HTML, "a", "image/png", "bad_file")
    yield Upload("page called JPEG, declared as one", HTML, "a.jpg", "text/html", "bad_file")
    yield Upload("page called text", HTML, "a.txt", "text/plain", "attachment")
    yield Upload("page in UTF-16", b"\xff\xfe" + HTML.decode().encode("utf-16-le"), "a.txt", "", "attachment")
    yield Upload("page in UTF-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "a.txt", "text/plain", "attachment")
    yield Upload("page declared twice", HTML, "a.htm", "image/png, text/html", "attachment")
    yield Upload("page in MHTML", b"MIME-Version: 1.0\r\n\r\n" + HTML, "a.mht", "message/rfc822", "attachment")
    yield Upload("script", b"alert(1)", "a.js", "text/javascript", "attachment")
    yield Upload("module", b"export default alert(1)", "a.mjs", "text/javascript", "attachment")
    yield Upload("style", b"body{background:url(//evil)}", "a.css", "text/css", "attachment")
    yield Upload("WebAssembly", b"\0asm\1\0\0\0", "a.wasm", "application/wasm", "attachment")
    yield Upload("Flash", b"CWS\x0a" + bytes(20), "a.swf", "application/x-shockwave-flash", "attachment")
    yield Upload("XML that grows", bomb, "a.xml", "text/xml", "attachment")
    yield Upload("XML that reads files", outside, "a.xml", "application/xml", "attachment")
    yield Upload("PDF with a script", PDF, "a.pdf", "application/pdf", "attachment")
    yield Upload("PostScript", b"%!PS-Adobe-3.0\n(/etc/passwd)(r)file", "a.ps", "application/postscript", "attachment")
    yield Upload("table with a formula", b"=cmd|'/C calc'!A0,2\n", "a.csv", "text/csv", "attachment")


def _archives() -> Iterator[Upload]:
    zeros = bytes(20_000_000)
    office = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}
    yield Upload("ZIP that grows", _zip({"zeros": zeros}), "a.zip", "application/zip", "attachment")
    nested = _zip({f"{number}.zip": _zip({"zeros": zeros[:1_000_000]}) for number in range(16)})
    yield Upload("ZIP of ZIPs that grow", nested, "a.zip", "application/x-zip-compressed", "attachment")
    yield Upload("gzip that grows", gzip.compress(zeros), "a.gz", "application/gzip", "attachment")
    yield Upload("ZIP that leaves its folder", _zip({"../../../etc/cron.d/x": PLAIN}), "a.zip", "", "attachment")
    yield Upload("ZIP with whole paths", _zip({"/etc/passwd": PLAIN, "C:\\x": PLAIN}), "a.zip", "", "attachment")
    yield Upload("ZIP cut off", _zip({"x": PLAIN})[:50], "a.zip", "application/zip", "attachment")
    yield Upload("ZIP called DOCX", _zip({"x": PLAIN}), "a.docx", "", "bad_file")
    yield Upload("DOCX with macros", _zip(office | {"word/vbaProject.bin": ELF}), "a.docm", "", "attachment")
    yield Upload("DOCX called PNG", _zip(office), "a.png", "image/png", "bad_file")
    yield Upload("JAR called JPEG", _zip({"META-INF/MANIFEST.MF": b""}), "a.jpg", "image/jpeg", "bad_file")
    yield Upload("virus", EICAR, "eicar.com", "", "attachment", infected=True)
    yield Upload("virus called text", EICAR, "eicar.txt", "text/plain", "attachment", infected=True)
    yield Upload("virus called PNG", EICAR, "eicar.png", "image/png", "bad_file", infected=True)
    packed = _zip({"eicar.com": EICAR}, deflate=False)
    yield Upload("virus in a ZIP", packed, "a.zip", "application/zip", "attachment", infected=True)
    yield Upload("virus behind an image", picture("PNG") + EICAR, "a.png", "image/png", "remade")


def _programs() -> Iterator[Upload]:
    yield Upload("program of Linux", ELF, "run", "", "attachment")
    yield Upload("program called PNG", ELF, "a.png", "image/png", "bad_file")
    yield Upload("program of Windows", PE, "setup.exe", "application/x-msdownload", "attachment")
    yield Upload("program called PDF", PE, "invoice.pdf", "application/pdf", "bad_file")
    yield Upload("program with two endings", PE, "a.jpg.exe", "image/jpeg", "bad_file")
    yield Upload("program of macOS", b"\xcf\xfa\xed\xfe" + bytes(28), "run", "", "attachment")
    yield Upload("shell script", b"#!/bin/sh\nrm -rf ~\n", "a.sh", "application/x-sh", "attachment")
    yield Upload("shell script called JPEG", b"#!/bin/sh\nrm -rf ~\n", "a.jpg", "image/jpeg", "bad_file")
    yield Upload("batch file", b"@echo off\r\ndel *.*\r\n", "a.bat", "", "attachment")
    yield Upload("shortcut", b"L\0\0\0\1\x14\2\0" + bytes(68), "a.lnk", "", "attachment")


def _images() -> Iterator[Upload]:
    whole = picture("PNG")
    bomb = zlib.compress(bytes(100_000_000), 9)
    broken_exif = b"Exif\0\0II*\0\xff\xff\xff\xff"
    yield Upload("PNG of 3.6 gigapixels", png(60_000, 60_000), "a.png", "image/png", "too_large")
    yield Upload("PNG of 10,000 megapixels in a row", png(2_000_000_000, 5), "a.png", "image/png", "too_large")
    yield Upload("PNG of no pixels", png(0, 0), "a.png", "image/png", "bad_file")
    yield Upload("PNG with more pixels than it says", png(1, 1, pixels=bytes(9_000_000)), "a.png", "", "remade")
    yield Upload("PNG with fewer pixels than it says", png(4000, 4000), "a.png", "", "bad_file")
    yield Upload("PNG with text that grows", png(1, 1, chunk(b"zTXt", b"x\0\0" + bomb)), "a.png", "", "bad_file")
    yield Upload("PNG with colours that grow", png(1, 1, chunk(b"iCCP", b"x\0\0" + bomb)), "a.png", "", "bad_file")
    yield Upload("PNG with a wrong checksum", whole[:30] + b"\0" + whole[31:], "a.png", "image/png", "bad_file")
    yield Upload("PNG cut off", whole[: len(whole) // 2], "a.png", "image/png", "bad_file")
    yield Upload("PNG that is only a signature", pictures.PNG + HTML, "a.png", "image/png", "bad_file")
    yield Upload("PNG called JPEG", whole, "a.jpg", "image/jpeg", "bad_file")
    yield Upload("JPEG cut off", photo()[:700], "a.jpg", "image/jpeg", "bad_file")
    yield Upload("JPEG that is only a signature", b"\xff\xd8\xff\xe0" + HTML, "a.jpg", "image/jpeg", "bad_file")
    yield Upload("JPEG with broken EXIF", picture("JPEG", exif=broken_exif), "a.jpg", "image/jpeg", "remade")
    yield Upload("JPEG with broken colours", picture("JPEG", icc_profile=b"x" * 500), "a.jpg", "image/jpeg", "remade")
    yield Upload("JPEG that says where it was taken", photo(), "a.jpg", "image/jpeg", "remade")
    yield Upload("GIF of 10,000 frames", gif(16, 16, 10_000), "a.gif", "image/gif", "too_large")
    yield Upload("GIF of 4 gigapixels", gif(65_535, 65_535, 1), "a.gif", "image/gif", "too_large")
    yield Upload("GIF of 300 frames of a megapixel", gif(1000, 1000, 300), "a.gif", "image/gif", "too_large")
    yield Upload("GIF without an image", b"GIF89a\1\0\1\0\0\0\0\x3b", "a.gif", "image/gif", "bad_file")
    yield Upload("WebP of 268 megapixels", webp_header(16_383, 16_383), "a.webp", "image/webp", "bad_file")
    yield Upload("WebP that is only a header", webp_header(16, 16), "a.webp", "image/webp", "bad_file")
    yield Upload("BMP of 4 gigapixels", b"BM" + bytes(16) + b"\xff\xff\0\0" * 2 + bytes(32), "a.bmp", "", "attachment")
    yield Upload("TIFF called JPEG", picture("TIFF"), "a.jpg", "image/jpeg", "bad_file")


def _names() -> Iterator[Upload]:
    for name, shown in {
        "a" * 296 + ".txt": "a" * 196 + ".txt",
        "😀" * 100 + ".txt": "😀" * 49 + ".txt",
        "../../../etc/passwd": "passwd",
        "..\\..\\windows\\win.ini": "win.ini",
        "..%2f..%2fetc%2fpasswd": "%2f..%2fetc%2fpasswd",
        "/etc/shadow": "shadow",
        "a.txt\r\nSet-Cookie: a=b": "a.txtSet-Cookie_ a=b",
        "a.txt\0.html": "a.txt.html",
        "photo\u202egpj.exe": "photogpj.exe",
        "\u2066\u2067a\u2069.txt": "a.txt",
        "a\u200b\ufeff.txt": "a.txt",
        "...": "file",
        "": "file",
        " \t ": "file",
        ".htaccess": "htaccess",
        "CON": "_CON",
        "nul.txt": "_nul.txt",
        "a.txt::$DATA": "a.txt__$DATA",
        'a"; filename="b.html': "a_; filename=_b.html",
        "<img src=x onerror=alert(1)>": "_img src=x onerror=alert(1)_",
        "a.html.": "a.html",
        "a.txt                       .html": "a.txt .html",
        "\ud800.txt": "txt",
        "e\u0301.txt": "é.txt",
        "'; DROP TABLE file; --": "'; DROP TABLE file; --",
        "{{7*7}}${7*7}": "{{7_7}}${7_7}",
    }.items():
        content = PE if shown.endswith(".exe") else PLAIN
        yield Upload(f"name {name[:40]!r}", content, name, "", "attachment", shown=shown)


def _others() -> Iterator[Upload]:
    yield Upload("nothing", b"", "a.bin", "", "attachment")
    yield Upload("nothing called PNG", b"", "a.png", "image/png", "bad_file")
    yield Upload("noise", bytes(range(256)) * 4, "a.xyz", "application/x-new", "attachment")
    yield Upload("noise called film", bytes(range(256)) * 4, "a.mp4", "video/mp4", "bad_file")
    yield Upload("noise called text", bytes(range(256)), "a.txt", "text/plain", "bad_file")
    yield Upload("type with a line end", PLAIN, "a", "text/plain\r\nX: y", "attachment")
    yield Upload("type of 100,000 letters", PLAIN, "a", "x" * 100_000, "attachment")
    yield Upload("sound with a page in it", b"ID3\4\0\0\0\0\0\0" + HTML, "a.mp3", "audio/mpeg", "inline")
