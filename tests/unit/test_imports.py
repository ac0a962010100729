"""Import rules that name files by their role, which import-linter's layers (setup.cfg) cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "meetserver"

# Deterministic: time, ids and chance come in as arguments, so that a room runs under a seeded virtual clock.
PURE_ROLES = {"reducer", "state", "messages"}
PURE_MODULES = {
    "meetserver.cluster.ring",
    "meetserver.files.kinds",
    "meetserver.files.names",
    "meetserver.files.sniffing",
    "meetserver.mail.dsn",
    "meetserver.meetings.persons",
    "meetserver.meetings.recurrence",
    "meetserver.meetings.settings",
    "meetserver.network.addresses",
    "meetserver.network.rules",
}
IMPURE = {"asyncio", "time", "random", "secrets", "uuid", "sqlalchemy", "aiohttp", "redis"}

DRIVERS = {"asyncpg", "aiosqlite", "redis", "hiredis", "aiosmtplib", "obstore", "PIL"}


def imported_by(source: str) -> Iterator[str]:
    """Top-level names of the packages that `source` imports absolutely, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def broken_rules(module: str, source: str) -> list[str]:
    """What `module` (its dotted name) imports though its place forbids it, as sentences."""
    forbidden: set[str] = set()
    if module.rpartition(".")[2] in PURE_ROLES or module in PURE_MODULES:
        forbidden |= IMPURE
    if not module.startswith("meetserver.adapters."):
        forbidden |= DRIVERS
    return [f"{module} must not import {name}" for name in sorted(forbidden & set(imported_by(source)))]


def test_each_module_imports_only_what_its_place_allows() -> None:
    broken = []
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        broken += broken_rules(module, path.read_text())
    assert broken == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("meetserver.chat.reducer", "import time"),
        ("meetserver.chat.state", "def f():\n    from asyncio import sleep"),
        ("meetserver.cluster.ring", "import random as r"),
        ("meetserver.chat.store", "import asyncpg"),
        ("meetserver.chat.service", "from redis.asyncio import Redis"),
    ],
)
def test_a_broken_rule_is_found(module: str, source: str) -> None:
    assert len(broken_rules(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("meetserver.adapters.postgres", "import asyncpg"),
        ("meetserver.actors.periodic", "import asyncio"),
        ("meetserver.chat.reducer", "from .state import State\nfrom datetime import datetime"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert broken_rules(module, source) == []
