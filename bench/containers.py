"""People who chat through the proxy of `docker compose` while its shards are killed or started anew.

`docker compose up -d --build --wait` first, with an administrator in .env; then

    .venv/bin/python -m bench.containers kill|restart|nothing

`kill` kills one shard and starts it again after 10 s, `restart` starts all anew, one after the other. Exits with 1 when
an acknowledged message is missing, doubled, or stands in another order for somebody.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import TypeAlias

from meetserver.chat import messages as chat
from meetserver.client import Api, CommandRefused, DurableEvent, RoomClient, RoomEvent, Unanswered

ROOT = Path(__file__).parents[1]
EVERY_S = 0.2
CALM_S = 4.0
AWAY_S = 10.0


Member: TypeAlias = "tuple[Chatter, RoomClient]"


class Chatter:
    """One person in one room."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.acked: dict[str, int] = {}
        self.refused = 0
        self.seen: list[tuple[int, str]] = []
        self.longest_s = 0.0
        """Between two acknowledgements."""
        self.away_s = 0.0
        """Without a place in the room, the longest time."""

    def see(self, event: RoomEvent) -> None:
        if isinstance(event, DurableEvent) and isinstance(event.data, chat.Sent):
            self.seen.append((event.seq, event.data.text or ""))

    async def talk(self, room: RoomClient, until: asyncio.Event) -> None:
        last, number = time.monotonic(), 0
        while not until.is_set():
            number += 1
            text = f"{self.name} {number}"
            try:
                self.acked[text] = (await room.send(chat.Send(text=text))).seq
            except (CommandRefused, Unanswered):
                self.refused += 1
                continue
            finally:
                await asyncio.sleep(EVERY_S)
            now = time.monotonic()
            self.longest_s, last = max(self.longest_s, now - last - EVERY_S), now

    async def watch(self, room: RoomClient) -> None:
        gone: float | None = None
        while True:
            now = time.monotonic()
            gone = None if room.is_attached else gone or now
            self.away_s = max(self.away_s, now - gone if gone else 0.0)
            await asyncio.sleep(0.02)


async def enter(stack: AsyncExitStack, url: str, email: str, password: str, rooms: int) -> list[list[Member]]:
    """Three people in each of `rooms` new rooms."""
    host = await stack.enter_async_context(Api(url))
    guest = await stack.enter_async_context(Api(url))
    await host.login(email, password)
    people: list[list[Member]] = []
    for number in range(rooms):
        meeting = await host.create_meeting(f"Room {number}")
        people.append([])
        for name in ("Ann", "Ben", "Cleo"):
            offer = await (host.join(meeting.id) if name == "Ann" else guest.join(meeting.id, name=name))
            chatter = Chatter(f"{name} {number}")
            client = await stack.enter_async_context(RoomClient.join(offer, on_event=chatter.see))
            people[-1].append((chatter, client))
    return people


async def run(url: str, email: str, password: str, rooms: int, fault: Callable[[], Awaitable[None]]) -> list[str]:
    """What is wrong afterwards."""
    until = asyncio.Event()
    async with AsyncExitStack() as stack:
        people = await enter(stack, url, email, password, rooms)
        everybody = [member for room in people for member in room]
        watching = [asyncio.create_task(chatter.watch(client)) for chatter, client in everybody]
        talking = [asyncio.create_task(chatter.talk(client, until)) for chatter, client in everybody]
        await asyncio.sleep(CALM_S)
        await fault()
        await asyncio.sleep(CALM_S)
        until.set()
        await asyncio.gather(*talking)
        await asyncio.sleep(1.0)  # what was told last is on its way
        for task in watching:
            task.cancel()
    tell([chatter for chatter, _ in everybody])
    return [fault for room in people for fault in faults([chatter for chatter, _ in room])]


def tell(people: Sequence[Chatter]) -> None:
    acked, refused = sum(len(one.acked) for one in people), sum(one.refused for one in people)
    print(f"{len(people)} people: {acked} messages acknowledged, {refused} refused")
    for what, times in (
        ("without an acknowledgement", sorted(one.longest_s for one in people)),
        ("without a place", sorted(one.away_s for one in people)),
    ):
        print(f"longest time {what}: median {median(times):.2f} s, most {times[-1]:.2f} s")


def faults(room: Sequence[Chatter]) -> list[str]:
    found = []
    log = max((one.seen for one in room), key=len)
    if any(one.seen != log for one in room):
        found.append(f"{room[0].name}'s room: not all saw the same: {[len(one.seen) for one in room]}")
    if len({seq for seq, _ in log}) != len(log) or len({text for _, text in log}) != len(log):
        found.append(f"{room[0].name}'s room: something stands there twice")
    missing = {text for one in room for text in one.acked} - {text for _, text in log}
    if missing:
        found.append(f"{room[0].name}'s room: {len(missing)} acknowledged and not seen")
    return found


async def docker(*words: str) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        "docker", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"docker {' '.join(words)} failed")
    return said.decode().split()


async def kill() -> None:
    shard, *_ = await docker("compose", "ps", "-q", "shard")
    await docker("kill", shard)
    await asyncio.sleep(AWAY_S)
    await docker("start", shard)


async def restart() -> None:
    for shard in await docker("compose", "ps", "-q", "shard"):
        started = time.monotonic()
        await docker("restart", shard)
        while await docker("inspect", "-f", "{{.State.Health.Status}}", shard) != ["healthy"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        print(f"{shard[:12]} is back after {time.monotonic() - started:.1f} s")


async def nothing() -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fault", choices=["kill", "restart", "nothing"])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rooms", type=int, default=6)
    arguments = parser.parse_args()
    named = dict(line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines() if "=" in line)
    account = named["MEET_ADMIN_EMAIL"], named["MEET_ADMIN_PASSWORD"]
    fault = {"kill": kill, "restart": restart, "nothing": nothing}[arguments.fault]
    found = asyncio.run(run(arguments.url, *account, arguments.rooms, fault))
    print("\n".join(found) or "nothing is missing, doubled or in another order")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
