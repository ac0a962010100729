"""Files on their way when the server that takes them dies, or the disk that they go to is full: whole, or invisible and
gone on with. The rooms beside them feel only what a death makes them feel."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from meetserver.adapters.blobs import ASIDE, FOLDER
from tests.faults.couriers import LOST, Couriers, NotTaken
from tests.faults.load import Shape
from tests.faults.matrix.row import TAKEN_OVER_S, Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s
from tests.faults.matrix.tmpfs import fill
from tests.faults.stored import left_after_the_sweeps

PEOPLE = 6
DISK_BYTES = 256 << 20
SPACE_BYTES = 24 << 20
"""Left on the disk when the couriers set out, at most."""
FULL = (507, "storage_full")
BUSY_SHAPE = Shape(clients=12, rooms=3, rate_per_s=30)


async def kill(scene: Scene) -> Struck:
    """The shard that takes them. It is started again at once, and what was cut off goes on at any."""
    couriers, shard = await _couriers(scene), scene.a_shard()
    async with couriers.at_work(shard.server.base_url, PEOPLE):
        await scene.some_time(0.05, 2.0)
        await asyncio.to_thread(shard.server.kill)
    since_s = now_s()
    await asyncio.to_thread(shard.server.start)
    healed_s = now_s()
    failures = [f"refused: {refusal}" for refusal in couriers.refusals]
    failures += await _whole_or_invisible(scene, couriers)
    cut = [parcel for parcel in couriers.parcels if not parcel.file]
    note = f"{len(couriers.parcels)} files, {len(cut)} of them cut off"
    failures += await _all_arrive(scene, couriers)
    failures += await _nothing_left(scene, couriers)
    return Struck(since_s, healed_s, await scene.rooms_of(shard), tuple(failures), (note,))


async def fill_disk(scene: Scene) -> Struck:
    """Of the store, with some space left, so that it gets full under way."""
    files = Path(scene.cluster.environment["MEET_DATA_DIR"]) / FOLDER
    couriers = await _couriers(scene)
    balloon = await asyncio.to_thread(fill, files.parent)
    with balloon.open("r+b") as file:
        file.truncate(max(0, balloon.stat().st_size - scene.chance.randrange(SPACE_BYTES)))
    since_s = now_s()
    async with couriers.at_work(scene.a_shard().server.base_url, PEOPLE):
        """Until each was refused."""
    failures = [f"refused: {one}" for one in couriers.refusals if (one.status, one.code) != FULL]
    if len(couriers.refusals) != PEOPLE:
        failures.append(f"of {PEOPLE} couriers {len(couriers.refusals)} were told that the disk is full")
    failures += await _whole_or_invisible(scene, couriers)
    failures += [f"left aside: {path.name}" for path in (files / ASIDE).iterdir()]
    balloon.unlink()
    healed_s = now_s()
    note = f"{len(couriers.parcels)} files, {len(couriers.refusals)} refused"
    failures += await _all_arrive(scene, couriers)
    failures += await _nothing_left(scene, couriers)
    return Struck(since_s, healed_s, failures=tuple(failures), notes=(note,))


async def _couriers(scene: Scene) -> Couriers:
    meeting = await scene.load.host.create_meeting("Files")
    return Couriers(scene.load.http, scene.load.host, meeting.id, scene.chance)


async def _whole_or_invisible(scene: Scene, couriers: Couriers) -> list[str]:
    """What was acknowledged is there, and whatever is there is whole."""
    url = scene.a_shard().server.base_url
    listed = await couriers.listed(url)
    failures = [
        f"{parcel.name} was acknowledged and is not there"
        for parcel in couriers.parcels
        if parcel.file and listed.get(parcel.name) != parcel.file
    ]
    for parcel in couriers.parcels:
        if parcel.name in listed and await couriers.digest(listed[parcel.name], url) != parcel.digest:
            failures.append(f"{parcel.name} is there and is not whole")
        parcel.file = listed.get(parcel.name, "")  # also where the answer was lost
    return failures


async def _all_arrive(scene: Scene, couriers: Couriers) -> list[str]:
    """Those that are not there yet, too: by tus from where they stand, else once more."""
    failures = []
    for parcel in couriers.parcels:
        url = scene.a_shard().server.base_url
        try:
            if not parcel.file:
                await couriers.bring(parcel, url)
        except (NotTaken, *LOST) as error:
            failures.append(f"{parcel.name} could not go on: {error!r}")
        else:
            if await couriers.digest(parcel.file, url) != parcel.digest:
                failures.append(f"{parcel.name} went on and is not whole")
    return failures


async def _nothing_left(scene: Scene, couriers: Couriers) -> list[str]:
    """After the sweeps the store has what the database names; and all of it goes with the files."""
    url, environment = scene.a_shard().server.base_url, scene.cluster.environment
    before = await left_after_the_sweeps(environment)
    await couriers.delete(_ids(couriers), url)
    return before + await left_after_the_sweeps(environment)


def _ids(couriers: Couriers) -> Collection[str]:
    return [parcel.file for parcel in couriers.parcels if parcel.file]


SOON = (Within("rooms", 1.0),)
TAKEN_OVER = (Within("rooms", TAKEN_OVER_S),)
KILLED = Row("upload-killed", "uploads: SIGKILL of who takes them", kill, TAKEN_OVER, ci=10, full=100, shape=BUSY_SHAPE)
FULL_DISK = Row(
    "upload-disk-full", "uploads: disk full", fill_disk, SOON, ci=10, full=100, shape=BUSY_SHAPE, files_bytes=DISK_BYTES
)
ROWS = (KILLED, FULL_DISK)
