"""The documentation says what the code says: made pages are up to date, and what the others name is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from meetserver.close_codes import CLOSE_CODES, REASONS
from meetserver.config import Config, load_config
from meetserver.errors import Code
from meetserver.rooms import catalog
from scripts.generate_docs import pages

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "conf" / "settings.md"]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize(
    "path",
    [
        "conf/settings.md",
        "conf/meetserver.toml.example",
        "docs/limits.md",
        "docs/protocol.md",
        "docs/security/access.md",
        "docs/security/asvs.md",
    ],
)
def test_made_pages_do_not_drift(path: str) -> None:
    assert (ROOT / path).read_text() == pages()[path], "run `python -m scripts.generate_docs`"


def test_the_example_file_holds_the_defaults(tmp_path: Path) -> None:
    example = (ROOT / "conf" / "meetserver.toml.example").read_text()
    given = tmp_path / "all.toml"
    given.write_text(re.sub(r"^#(?=\w+ = )", "", example, flags=re.MULTILINE))

    assert load_config({"MEET_CONFIG": str(given)}) == Config()
    assert len(given.read_text().splitlines()) == len(example.splitlines())


def test_every_message_and_code_stands_in_the_protocol() -> None:
    types = {catalog.HELLO.type, *(command.type for command in catalog.WIRE_COMMANDS)}
    types |= {event.type for event in catalog.TOLD} | {event.type for event in catalog.EPHEMERALS} | catalog.PLANNED
    closes = {str(code) for code in {*CLOSE_CODES.values(), *REASONS}}

    missing = [type_ for type_ in types if f"`{type_}`" not in PROTOCOL]
    missing += [code for code in get_args(Code) if f"| `{code}` |" not in PROTOCOL]
    missing += [code for code in closes if f"| {code} |" not in PROTOCOL]
    assert missing == []


# --- the tour


def tour_names() -> Iterator[tuple[str, str]]:
    """What stands in backticks in the tour, each with the path that was named last before it."""
    tour = ARCHITECTURE.partition("## A tour")[2]
    path = ""
    for word in re.findall(r"`([^`]+)`", tour):
        if re.fullmatch(r"[\w/-]+\.(py|js)", word):
            path = word
            yield path, ""
        elif word != "meetserver/":
            yield path, word


def is_in(source: str, name: str) -> bool:
    """`f()` must be defined there; any other name must occur."""
    if not name.endswith("()"):
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", source) is not None
    called = re.escape(name.removesuffix("()"))
    in_python = rf"^\s*(async )?def {called}\("
    in_javascript = rf"^\s*(export )?(static )?(async )?(function )?{called}\([^;]*\) \{{$"
    return re.search(f"{in_python}|{in_javascript}", source, re.MULTILINE) is not None


@pytest.mark.parametrize(("path", "name"), sorted(set(tour_names())))
def test_the_tour_names_what_is_there(path: str, name: str) -> None:
    file = ROOT / "meetserver" / path
    assert file.is_file()
    assert not name or is_in(file.read_text(), name)


def test_the_tour_goes_all_the_way() -> None:
    paths = [path for path, name in tour_names() if not name]
    assert paths[0] == "web/static/js/chat/composer.js"
    assert {"actors/room.py", "adapters/sqlite_commits.py", "adapters/postgres_commits.py"} <= set(paths)


@pytest.mark.parametrize(
    ("source", "name", "is_there"),
    [
        ("    async def write(self) -> None:", "write()", True),
        ("    self.write(frame)", "write()", False),
        ("  #send(type, data, txn) {", "#send()", True),
        ("    this.#send(type);", "#send()", False),
        ("class EdgeRoom:", "EdgeRoom", True),
        ("class EdgeRooms:", "EdgeRoom", False),
    ],
)
def test_a_name_that_is_gone_is_found(source: str, name: str, is_there: bool) -> None:
    assert is_in(source, name) is is_there


# --- all pages


def test_links_lead_somewhere() -> None:
    broken = []
    for page in DOCS:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            path = target.partition("#")[0]
            if path and "://" not in path and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_tests_that_are_named_exist() -> None:
    gone = []
    for page in DOCS:
        for path, name in re.findall(r"\b(tests/[\w/]+(?:\.py)?)(?:::(\w+))?", page.read_text()):
            file = ROOT / path
            if not file.exists() or (name and f"def {name}(" not in file.read_text()):
                gone.append(f"{page.relative_to(ROOT)}: {path} {name}".rstrip())
    assert gone == []


def test_paths_in_the_map_exist() -> None:
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", ARCHITECTURE.partition("## A tour")[0]))
    roles = {"messages.py", "state.py", "reducer.py", "models.py", "store.py", "service.py", "jobs.py"}
    assert [
        path
        for path in sorted(named - roles)
        if not (ROOT / "meetserver" / path).exists() and not (ROOT / path).exists()
    ] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").iterdir())
    assert [name.partition("-")[0] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


def test_a_decision_says_why_what_and_at_what_cost() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        assert re.findall(r"^## (Context|Choice|Cost)$", page.read_text(), re.MULTILINE) == [
            "Context",
            "Choice",
            "Cost",
        ], page.name
