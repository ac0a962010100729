"""What every ImageMaker keeps to, and how the one with a process for each image stands its ground."""

import asyncio
import contextlib
import io
import os
import signal
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageCms

from meetserver import limits
from meetserver.adapters import images as images_module
from meetserver.adapters.images import WORKER, PillowImages
from meetserver.adapters.memory.images import ImagesHere
from meetserver.errors import BadFile, Busy, TooLarge, Unavailable
from meetserver.ports import ImageMaker
from tests.contract.eventually import eventually
from tests.files.pictures import animation, gif, photo, picture, png


@pytest.fixture(params=["memory", "process"])
def images(request: pytest.FixtureRequest) -> ImageMaker:
    return ImagesHere() if request.param == "memory" else PillowImages()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.mark.parametrize("what", ["PNG RGBA", "PNG P", "PNG 1", "JPEG L", "JPEG CMYK", "GIF P", "WEBP RGB"])
async def test_an_image_stays_what_it_shows(images: ImageMaker, what: str) -> None:
    format_, mode = what.split()
    source = picture(format_, (600, 400), mode)
    remade = await images.remake(source)
    assert remade.media_type == f"image/{format_.lower()}"
    assert (remade.width, remade.height) == (600, 400)
    before, after = (opened(content).convert("L").resize((8, 8)) for content in (source, remade.image))
    assert max(abs(a - b) for a, b in zip(before.tobytes(), after.tobytes(), strict=True)) < 16
    assert {px: opened(content).size for px, content in remade.thumbnails.items()} == {
        1024: (600, 400),
        256: (256, 171),
    }
    assert {opened(content).format for content in remade.thumbnails.values()} == {"WEBP"}


async def test_what_shows_through_still_does(images: ImageMaker) -> None:
    for format_, mode, of_colour in (
        ("PNG", "RGBA", {}),
        ("PNG", "RGB", {"transparency": (255, 0, 0)}),
        ("WEBP", "RGBA", {}),
        ("GIF", "RGBA", {}),
    ):
        file = io.BytesIO()
        Image.new(mode, (40, 40), (255, 0, 0, 0)[: len(mode)]).save(file, format_, **of_colour)
        remade = await images.remake(file.getvalue())
        for content in (remade.image, *remade.thumbnails.values()):
            assert opened(content).convert("RGBA").getpixel((20, 20))[3] == 0  # type: ignore[index]


async def test_16_bits_of_grey_stay_grey(images: ImageMaker) -> None:
    file = io.BytesIO()
    Image.new("I;16", (8, 8), 0x8000).save(file, "PNG")
    assert opened((await images.remake(file.getvalue())).image).convert("L").getpixel((4, 4)) == 0x80


async def test_a_photo_is_upright_and_says_nothing_of_who_took_it_where(images: ImageMaker) -> None:
    remade = await images.remake(photo((64, 48)))
    assert (remade.width, remade.height) == (48, 64)
    assert opened(remade.thumbnails[256]).size == (48, 64)
    image = opened(remade.image)
    assert dict(image.getexif()) == {}
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    assert b"Secret" not in remade.image
    assert not [content for content in remade.thumbnails.values() if b"Secret" in content or b"EXIF" in content]


async def test_colours_of_another_profile_become_those_of_srgb(images: ImageMaker) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()  # fits no RGB image: as good as none
    remade = await images.remake(picture("PNG", icc_profile=lab))
    assert "icc_profile" not in opened(remade.image).info
    swapped = await images.remake(picture("JPEG", (64, 48), "RGB", icc_profile=_swapped_profile()))
    assert opened(swapped.image).convert("RGB").getpixel((32, 24)) != opened(picture("JPEG")).getpixel((32, 24))


def _swapped_profile() -> bytes:
    """sRGB's, under another name and with a gamma of its own: its curves' tags point at one single gamma of 1.0."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        at = profile.index(tag)
        offset = int.from_bytes(profile[at + 4 : at + 8], "big")
        profile[offset : offset + 16] = b"curv" + bytes(4) + (1).to_bytes(4, "big") + b"\x01\x00\x00\x00"
        profile[at + 8 : at + 12] = (14).to_bytes(4, "big")
    return bytes(profile)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
async def test_an_animation_goes_on_moving(images: ImageMaker, format_: str) -> None:
    image = opened((await images.remake(animation(format_, 3))).image)
    assert (getattr(image, "n_frames", 1), image.info["loop"]) == (3, 0)
    image.seek(1)
    image.load()
    assert image.info["duration"] == pytest.approx(70, abs=10)


async def test_an_animation_of_just_so_many_frames_passes_and_one_more_is_too_large() -> None:
    images = PillowImages(frames=5, pixels=5 * 16 * 16)
    assert (await images.remake(gif(16, 16, 5))).width == 16
    with pytest.raises(TooLarge, match="5 frames"):
        await images.remake(gif(16, 16, 6))
    with pytest.raises(TooLarge):
        await PillowImages(pixels=4 * 16 * 16).remake(gif(16, 16, 5))


async def test_an_image_of_just_so_many_pixels_passes_and_one_more_is_too_large() -> None:
    images = PillowImages(pixels=64 * 48, side_px=64)
    assert (await images.remake(picture("PNG", (64, 48)))).width == 64
    for size in ((64, 49), (65, 40), (40, 65)):
        with pytest.raises(TooLarge):
            await images.remake(picture("PNG", size))


async def test_so_many_bytes_may_an_image_have(images: ImageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    source = picture("PNG")
    monkeypatch.setattr(limits, "IMAGE_BYTES", len(source))
    assert (await images.remake(source)).width == 64
    with pytest.raises(TooLarge):
        await images.remake(source + b"\0")


@pytest.mark.parametrize("source", [b"", b"x", picture("BMP"), picture("TIFF"), picture("AVIF"), picture("PNG")[:-40]])
async def test_what_is_no_whole_image_of_these_formats_is_refused(images: ImageMaker, source: bytes) -> None:
    with pytest.raises(BadFile):
        await images.remake(source)


# --- the process


async def test_an_image_that_needs_too_much_memory_is_too_large() -> None:
    with pytest.raises(TooLarge, match="memory"):
        await PillowImages(memory_bytes=200 << 20).remake(png(7000, 7000))


async def test_an_image_that_takes_too_much_time_is_too_large() -> None:
    with pytest.raises(TooLarge, match="time"):
        await PillowImages(cpu_s=1, frames=10_000).remake(gif(200, 200, 1000))


async def test_a_worker_that_hangs_is_killed_and_the_next_image_passes() -> None:
    images = PillowImages(timeout_s=0.01)
    with pytest.raises(Unavailable):
        await images.remake(picture("PNG"))
    assert await _workers() == []
    images._workers._timeout_s = limits.IMAGE_TIMEOUT_S
    assert (await images.remake(picture("PNG"))).width == 64


async def _workers() -> list[psutil.Process]:
    """Of this process's children, which other tests have too."""
    return [child for child in psutil.Process().children() if _is_worker(child)]


def _is_worker(child: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(WORKER.name in word for word in child.cmdline())
    return False


@pytest.mark.parametrize(("how", "error"), [(signal.SIGKILL, Unavailable), (signal.SIGSEGV, BadFile)])
async def test_a_worker_that_dies_takes_only_its_image_with_it(how: signal.Signals, error: type[Exception]) -> None:
    images = PillowImages()
    remaking = asyncio.ensure_future(images.remake(gif(100, 100, 900)))
    os.kill((await eventually(_workers))[0].pid, how)
    with pytest.raises(error):
        await remaking
    assert (await images.remake(picture("PNG"))).width == 64


async def test_a_worker_knows_no_secret_and_can_open_and_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEET_SECRET_KEY", "x" * 32)
    remaking = asyncio.ensure_future(PillowImages().remake(gif(100, 100, 900)))
    worker = (await eventually(_workers))[0]

    async def has_given_up_rights() -> bool:
        return worker.rlimit(psutil.RLIMIT_NOFILE) == (0, 0)

    await eventually(has_given_up_rights)
    assert {worker.rlimit(what) for what in (psutil.RLIMIT_FSIZE, psutil.RLIMIT_NPROC, psutil.RLIMIT_CORE)} == {(0, 0)}
    assert "MEET_SECRET_KEY" not in worker.environ()
    remaking.cancel()
    await asyncio.gather(remaking, return_exceptions=True)


A_PAGE = b'{"type":"made","media_type":"text/html","width":1,"height":1,"lengths":[1,1,1]}'


@pytest.mark.parametrize("says", [b"", b"no JSON", b"\xff", b"{}", A_PAGE])
async def test_a_worker_that_was_made_to_say_anything_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    taken_over = tmp_path / "worker.py"
    taken_over.write_text(f"import os, sys\nsys.stdin.buffer.read()\nos.write(1, {says!r} + b'\\nxyz')")
    monkeypatch.setattr(images_module, "WORKER", taken_over)
    with pytest.raises(BadFile):
        await PillowImages().remake(picture("PNG"))


async def test_a_worker_that_says_too_much_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = tmp_path / "worker.py"
    endless.write_text("import os\nwhile True: os.write(1, bytes(65536))")
    monkeypatch.setattr(images_module, "WORKER", endless)
    monkeypatch.setattr(images_module, "ANSWER_BYTES", 1_000_000)
    with pytest.raises(TooLarge):
        await PillowImages().remake(picture("PNG"))


async def test_who_gives_up_leaves_no_worker_behind() -> None:
    remaking = asyncio.ensure_future(PillowImages().remake(gif(100, 100, 900)))
    worker = (await eventually(_workers))[0]
    remaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await remaking
    assert not worker.is_running()


async def test_so_many_images_wait_and_one_more_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMAGES_AT_ONCE", 1)
    monkeypatch.setattr(limits, "IMAGES_WAITING", 2)
    images = PillowImages()
    asked = [asyncio.ensure_future(images.remake(png(1, 1))) for _ in range(4)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers].count(Busy) == 1
    assert isinstance(answers[3], Busy)
