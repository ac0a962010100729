"""The script that runs nginx in its container, with stand-ins for what it calls there."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.eventually import eventually

SCRIPT = Path(__file__).parents[2] / "conf" / "nginx-shards.sh"
STAND_INS = {
    # The container's DNS; `nobody` is the file `names` without a line.
    "getent": '[ "$2" = shard ] && sed "s/$/ STREAM shard/" "$HERE/names"',
    # Whoever is in `frozen` does not answer.
    "curl": 'for url; do :; done; host=${url#http://}; ! grep -qx "${host%%:*}" "$HERE/frozen"',
    "nginx": '[ "$2" = reload ] && exec sh -c "cat $HERE/shards.conf >>$HERE/reloaded"; exec sleep 600',
}


def server(shard: str) -> str:
    return f"server {shard}:8080 max_fails=1 fail_timeout=5s;"


class Container:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = folder / "bin"
        self._bin.mkdir()
        for name, text in STAND_INS.items():
            (self._bin / name).write_text(f"#!/bin/sh\n{text}\n")
            (self._bin / name).chmod(0o755)
        (folder / "nginx-shards.sh").write_text(SCRIPT.read_text())
        self.process: subprocess.Popen[bytes] | None = None
        self.say("frozen")

    def say(self, name: str, *lines: str) -> None:
        """Whole or not at all, as it is read meanwhile."""
        (self.folder / "new").write_text("".join(f"{line}\n" for line in lines))
        (self.folder / "new").rename(self.folder / name)

    def start(self, **variables: str) -> None:
        path = f"{self._bin}:{os.environ['PATH']}"
        environment = {"PATH": path, "HERE": str(self.folder), "EVERY_S": "0.02", **variables}
        self.process = subprocess.Popen(
            ["sh", self.folder / "nginx-shards.sh"], env=environment, start_new_session=True, stdout=subprocess.DEVNULL
        )

    def end(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    async def first(self, *lines: str) -> None:
        """Return once it wrote these, before it started nginx."""
        await eventually(lambda: self._has(lines))

    async def _has(self, lines: tuple[str, ...]) -> bool:
        path = self.folder / "shards.conf"
        return path.is_file() and path.read_text().splitlines() == list(lines)

    async def listed(self, *shards: str) -> None:
        """Return once nginx was told of just these."""
        await eventually(lambda: self._ends_with([server(shard) for shard in shards]))

    async def _ends_with(self, last: list[str]) -> bool:
        reloaded = self.folder / "reloaded"
        return reloaded.is_file() and reloaded.read_text().splitlines()[-len(last) :] == last

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    container = Container(tmp_path)
    yield container
    container.end()


async def test_shards_that_come_and_go_are_told_to_nginx(container: Container) -> None:
    container.say("names", "10.0.0.2", "10.0.0.1", "10.0.0.1")
    container.start()
    await container.first(server("10.0.0.1"), server("10.0.0.2"))
    container.say("names", "10.0.0.2", "10.0.0.1", "10.0.0.3")
    await container.listed("10.0.0.1", "10.0.0.2", "10.0.0.3")
    container.say("names", "10.0.0.3")
    await container.listed("10.0.0.3")


async def test_one_that_does_not_answer_is_left_out_until_it_does(container: Container) -> None:
    container.say("names", "10.0.0.1", "10.0.0.2")
    container.say("frozen", "10.0.0.1")
    container.start()
    await container.listed("10.0.0.2")
    container.say("frozen")
    await container.listed("10.0.0.1", "10.0.0.2")


async def test_of_none_that_answers_all_are_kept(container: Container) -> None:
    container.say("names", "10.0.0.1", "10.0.0.2")
    container.say("frozen", "10.0.0.1")
    container.start()
    await container.listed("10.0.0.2")
    container.say("frozen", "10.0.0.1", "10.0.0.2")
    await container.listed("10.0.0.1", "10.0.0.2")


async def test_without_any_it_starts_and_waits_for_one(container: Container) -> None:
    container.say("names")
    container.start(OUTER_PROXIES="192.0.2.1 198.51.100.0/24")
    await container.first("server 127.0.0.1:9 down;")
    assert container.read("outer-proxies.conf") == "set_real_ip_from 192.0.2.1;\nset_real_ip_from 198.51.100.0/24;\n"
    container.say("names", "10.0.0.1")
    await container.listed("10.0.0.1")
