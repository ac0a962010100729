"""Images for tests, made by code: whole ones, and ones that no honest program writes."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

PNG = b"\x89PNG\r\n\x1a\n"
GPS_INFO = 0x8825
ORIENTATION = 0x112
MAKER = 0x10F


def picture(format_: str, size: tuple[int, int] = (64, 48), mode: str = "RGB", **how: Any) -> bytes:
    """A gradient, which any format keeps recognizable."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    file = io.BytesIO()
    image.save(file, format_, **how)
    return file.getvalue()


def photo(size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG as a phone makes it: lying on its side, with the place where it was taken, and who made it."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKER] = "SecretMaker"
    exif.get_ifd(GPS_INFO)[29] = "2026:11:23"
    return picture("JPEG", size, exif=exif, comment=b"SecretComment", xmp=b"<x>SecretXmp</x>")


def animation(format_: str, frames: int = 3, size: tuple[int, int] = (32, 24)) -> bytes:
    images = [Image.new("RGB", size, (80 * number % 256, number % 256, 40)) for number in range(frames)]
    file = io.BytesIO()
    images[0].save(file, format_, save_all=True, append_images=images[1:], duration=70, loop=0)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Of a PNG (ISO/IEC 15948, 5.3)."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *extra: bytes, pixels: bytes = b"\0\0\0\0") -> bytes:
    """An RGB PNG that says it has this size, whatever `pixels` are; `extra` chunks stand before them."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG + head + b"".join(extra) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF whose frames have one pixel each, on a canvas of this size."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\4\0\1\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return head + frame * frames + b"\x3b"


def webp_header(width: int, height: int) -> bytes:
    """A WebP that ends after having said how large it is (RFC 9649, 2.7)."""
    body = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
