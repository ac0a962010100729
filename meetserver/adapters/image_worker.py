"""Makes one image anew, as a process of its own that adapters/images.py starts, and ends.

    python -I image_worker.py '<limits as JSON>' <image >answer

The answer is one line of JSON, and then, as that says, the image's and the thumbnails' bytes. This file imports of
the server nothing but rights.py, so that it starts quickly and holds nothing worth having; before it looks at the image
it gives up what it does not need: memory, time, opening and writing files, starting processes.
"""

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps

if __name__ == "__main__":  # a script knows of no package
    sys.path.append(str(Path(__file__).parents[2]))
from meetserver.adapters.rights import give_up_rights

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
# What a format can hold as it is; all else becomes RGB, or RGBA where something shows through.
MODES: Final = {
    "JPEG": {"L", "RGB"},
    "PNG": {"1", "L", "LA", "P", "RGB", "RGBA"},
    "GIF": {"L", "P"},
    "WEBP": {"RGB", "RGBA"},
}
QUALITY: Final[Mapping[str, Mapping[str, Any]]] = {"JPEG": {"quality": 90, "optimize": True}, "WEBP": {"quality": 85}}
THUMBNAIL: Final[Mapping[str, Any]] = {"quality": 80}
PLAIN_PROFILE = "sRGB"
ORIENTATION: Final = 0x112
FRAME_MS = 100
"""What browsers take for a frame that does not say how long it stays."""

Limits = Mapping[str, Any]
"""pixels, side_px, frames, thumbnails_px; and for the process memory_bytes, cpu_s."""


class TooMuch(Exception):
    """More than a limit allows."""


class Made:
    """Its bytes, and what they are."""

    def __init__(self, image: bytes, format_: str, size: tuple[int, int], thumbnails: dict[int, bytes]) -> None:
        self.image = image
        self.media_type = f"image/{format_.lower()}"
        self.width, self.height = size
        self.thumbnails = thumbnails


def remake(source: bytes, limits: Limits) -> Made:
    """Raises TooMuch, and whatever Pillow raises for what it cannot read."""
    Image.MAX_IMAGE_PIXELS = None  # its bound warns first; ours refuses
    # Pillow warns of what is odd in a file: broken EXIF, say.
    with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(source), formats=FORMATS) as image:
        _check(image, limits)
        # Phones put several JPEGs in one file (MPO); the first one is the picture.
        format_ = "JPEG" if image.format == "MPO" else str(image.format)
        if format_ != "JPEG" and getattr(image, "is_animated", False):
            frames, durations = _frames(image, limits)
            first = frames[0].copy()
            # Without `loop` it is played once.
            loop = {"loop": image.info["loop"]} if "loop" in image.info else {}
            made = _saved(first, format_, save_all=True, append_images=frames[1:], duration=durations, **loop)
        else:
            image.load()
            first = _bare(_upright(_in_srgb(image)), format_)
            made = _saved(first, format_, **({"lossless": True} if _is_lossless(source) else {}))
    return Made(made, format_, first.size, _thumbnails(first, limits["thumbnails_px"]))


def _check(image: Image.Image, limits: Limits) -> None:
    if max(image.size) > limits["side_px"] or image.width * image.height > limits["pixels"]:
        raise TooMuch(f"an image may have {limits['pixels']} pixels, and {limits['side_px']} on a side")


def _frames(image: Image.Image, limits: Limits) -> tuple[list[Image.Image], list[float]]:
    """Each frame whole, and for how many ms it stays."""
    most = min(limits["frames"], limits["pixels"] // (image.width * image.height))
    frames: list[Image.Image] = []
    durations: list[float] = []
    for frame in _each_frame(image):
        if len(frames) == most:
            raise TooMuch(f"an animation of this size may have {most} frames")
        durations.append(image.info.get("duration", FRAME_MS))
        is_opaque = frame.getchannel("A").getextrema() == (255, 255)
        frames.append(frame.convert("RGB") if is_opaque else frame)
        frames[-1].info = {}
    return frames, durations


def _each_frame(image: Image.Image) -> Iterator[Image.Image]:
    number = 0
    with contextlib.suppress(EOFError):
        while True:
            image.seek(number)
            yield image.convert("RGBA")
            number += 1


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as they are without a profile; a profile that does not fit is as good as none."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode.startswith("I"):
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError):
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if PLAIN_PROFILE in ImageCms.getProfileDescription(own):
            return image
        if image.mode not in {"L", "RGB", "RGBA", "CMYK"}:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode=mode)
        assert converted is not None  # it is where it is not done in place
        return converted
    return image


def _upright(image: Image.Image) -> Image.Image:
    # Whatever a broken EXIF block leads to: the picture is there all the same.
    with contextlib.suppress(Exception):
        return ImageOps.exif_transpose(image)
    return image


def _bare(image: Image.Image, format_: str) -> Image.Image:
    """Pixels, and nothing that came with them."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode not in MODES[format_]:
        image = image.convert("RGBA" if image.has_transparency_data and format_ != "JPEG" else "RGB")
    image.info = {name: image.info[name] for name in ("transparency",) if name in image.info}
    return image


def _is_lossless(source: bytes) -> bool:
    """WebP, RFC 9649, 2.6: of drawings and screenshots, which the other kind would blur."""
    return source[8:16] == b"WEBPVP8L"


def _saved(image: Image.Image, format_: str, **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **{**QUALITY.get(format_, {}), **how})
    return file.getvalue()


def _thumbnails(image: Image.Image, sizes_px: list[int]) -> dict[int, bytes]:
    if image.mode != "RGBA" and (image.mode != "RGB" or image.has_transparency_data):  # one colour of RGB may be none
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    made = {}
    for px in sorted(sizes_px, reverse=True):  # each out of the one before
        scale = min(1, px / max(image.size))
        width, height = (max(1, round(side * scale)) for side in image.size)
        # Not thumbnail(), which changes the image, and so would need a copy of a large one.
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        made[px] = _saved(image, "WEBP", **THUMBNAIL)
    return made


def _warm_up() -> None:
    """Pillow imports its parts when it first needs them, and soon no file opens any more: so need them all now."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for format_ in FORMATS:
        small, file = Image.new("RGB", (2, 1)), io.BytesIO()
        small.save(file, format_, exif=exif, icc_profile=profile)
        remake(file.getvalue(), {"pixels": 4, "side_px": 2, "frames": 2, "thumbnails_px": [1]})
        if format_ != "JPEG":
            file = io.BytesIO()
            small.save(file, format_, save_all=True, append_images=[Image.new("RGBA", (2, 1))])
            remake(file.getvalue(), {"pixels": 4, "side_px": 2, "frames": 2, "thumbnails_px": [1]})


def _answer(source: bytes, limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    try:
        made = remake(source, limits)
    except TooMuch as error:
        return _refusal("too_large", str(error)), []
    except MemoryError:
        return _refusal("too_large", "the image needs too much memory"), []
    except Exception as error:  # a decoder fails in any way
        return _refusal("bad_file", "the image cannot be read", repr(error)[:200]), []
    blobs = [made.image, *(made.thumbnails[px] for px in limits["thumbnails_px"])]
    told = {"type": "made", "media_type": made.media_type, "width": made.width, "height": made.height}
    return {**told, "lengths": [len(blob) for blob in blobs]}, blobs


def _refusal(code: str, message: str, error: str = "") -> dict[str, Any]:
    return {"type": "refused", "code": code, "message": message, "error": error}


def main() -> None:
    limits = json.loads(sys.argv[1])
    _warm_up()
    give_up_rights(limits["memory_bytes"], limits["cpu_s"])
    answer, blobs = _answer(sys.stdin.buffer.read(), limits)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"".join(blobs))


if __name__ == "__main__":
    main()
