"""docs/security says what the code does: the lists in it are whole, and nothing that it names is gone."""

import configparser
import re
from pathlib import Path
from typing import get_args

import pytest

from meetserver import limits
from meetserver.accounts.password_policy import OF_THE_SERVICE
from meetserver.config import Config
from meetserver.ports import SecurityEventType

ROOT = Path(__file__).parents[2]
WRITTEN = ("authentication", "data", "dependencies", "keys", "limits", "logging", "sessions")
PAGES = {name: (ROOT / "docs" / "security" / f"{name}.md").read_text() for name in WRITTEN}
CODE = "\n".join(path.read_text() for path in (ROOT / "meetserver").rglob("*.py"))


def in_backticks(page: str, pattern: str) -> set[str]:
    return set(re.findall(rf"`({pattern})`", PAGES[page]))


def packages(text: str) -> set[str]:
    """Names of requirements, one a line, as package indexes write them (PEP 503)."""
    names = re.findall(r"^\s*([A-Za-z0-9][\w.-]*)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


@pytest.mark.parametrize("page", WRITTEN)
def test_limits_and_settings_that_are_named_exist(page: str) -> None:
    named = in_backticks(page, r"MEET_[A-Z_]+")
    assert named <= {f"MEET_{name.upper()}" for name in Config.__struct_fields__}
    shouted = in_backticks(page, r"[A-Z][A-Z_]+_[A-Z]+|RATES") - named
    assert {name for name in shouted if not hasattr(limits, name)} == set()


@pytest.mark.parametrize("page", WRITTEN)
def test_a_page_is_short_enough_to_be_read(page: str) -> None:
    assert len(PAGES[page].splitlines()) <= 100


def test_context_words_of_passwords_are_listed() -> None:
    (line,) = [line for line in PAGES["authentication"].split("\n- ") if line.startswith("these context words")]
    assert set(re.findall(r"`(\w+)`", line)) == OF_THE_SERVICE


def test_every_security_event_is_listed() -> None:
    listed = "|".join(
        re.escape(name).replace(r"\*", ".*") for name in in_backticks("logging", r"[a-z_]*\.?[a-z_]+\*?\.?[a-z_*]*")
    )
    missing = [event for event in get_args(SecurityEventType) if not re.fullmatch(listed, event)]
    assert [event for event in missing if f"`.{event.partition('.')[2]}`" not in PAGES["logging"]] == []


def test_every_security_event_is_recorded_somewhere() -> None:
    """In the contract, and in the code that records it."""
    assert [event for event in get_args(SecurityEventType) if CODE.count(f'"{event}"') < 2] == []


def test_every_derived_key_is_listed() -> None:
    purposes = set(re.findall(r"\bderive\((?:\w+, )?\"([\w -]+)\"", CODE))
    words = {
        "csrf": "CSRF",
        "file links": "file links",
        "idempotency": "idempotency",
        "login-guard": "places of the guard",
        "page-cookie": "page and visitor cookies",
        "password": "password pepper",
        "person": "marks of persons",
        "recovery-codes": "recovery codes",
        "refresh-successor": "refresh successors",
        "ticket": "tickets",
        "visitor-cookie": "page and visitor cookies",
        "wrap data keys": "wrapping data keys",
    }
    assert purposes == set(words)
    assert [word for word in words.values() if word not in PAGES["keys"]] == []


def test_every_library_is_in_the_inventory_in_one_version() -> None:
    inventory = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in inventory if not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)] == []
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = [setup["options"]["install_requires"], *dict(setup["options.extras_require"]).values()]
    missing = set().union(*map(packages, wanted)) - packages("\n".join(inventory))
    assert missing == set()
