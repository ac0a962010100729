"""What the code must not do at all: a rule about the source shows more than any number of examples.

Each rule is tried on lines that break it, and on lines that do not.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted(path for folder in ("meetserver", "schema") for path in (ROOT / folder).rglob("*.py"))
PAGES = sorted(path for kind in ("js", "html", "css") for path in (ROOT / "meetserver" / "web").rglob(f"*.{kind}"))

Rule = Callable[[ast.AST], bool]

CODE_FROM_DATA: Final = frozenset({"eval", "exec", "compile", "__import__"})
COMMANDS: Final = frozenset({"system", "popen", "execv", "execve", "spawnv", "create_subprocess_shell"})
OBJECTS_FROM_DATA: Final = frozenset({"pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "ctypes"})
WEAK: Final = frozenset(
    {"md5", "sha1", "MD5", "SHA1", "ECB", "CBC", "CTR", "PKCS1v15", "ARC4", "TripleDES", "Blowfish"}
)
LEVELS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
CHANCE: Final = frozenset({
    "meetserver/adapters/random.py",  # SystemRandom only
    "meetserver/adapters/memory/random.py",  # for tests and simulations: a seed says all that comes
    # How long to wait before trying again.
    "meetserver/adapters/bus_nodes.py",
    "meetserver/client/room.py",
    "meetserver/database.py",
})  # fmt: skip
"""Where the module `random` may be used: nothing here has to be unguessable."""


def _called(node: ast.AST) -> str:
    """The last part of the name of what is called."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return ""


def _imports(node: ast.AST) -> set[str]:
    match node:
        case ast.Import(names=names):
            return {part for alias in names for part in alias.name.split(".")}
        case ast.ImportFrom(module=str(module), names=names):
            return {*module.split("."), *(alias.name for alias in names)}
        case _:
            return set()


def _is_written_out(node: ast.expr) -> bool:
    """A text that stands in the source, or is put together of named constants of it."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").isupper() or name.endswith("_PATTERN")
        case ast.JoinedStr(values=values):
            return all(_is_written_out(v.value if isinstance(v, ast.FormattedValue) else v) for v in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _is_written_out(left) and _is_written_out(right)
        case _:
            return False


def makes_code_of_data(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_FROM_DATA


def runs_commands(node: ast.AST) -> bool:
    return "subprocess" in _imports(node) or _called(node) in COMMANDS


def makes_objects_of_data(node: ast.AST) -> bool:
    return not _imports(node).isdisjoint(OBJECTS_FROM_DATA)


def makes_patterns_of_data(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[pattern, *_]) if name != "escape":
            return not _is_written_out(pattern)
        case _:
            return False


def makes_templates_of_data(node: ast.AST) -> bool:
    return _called(node) in {"from_string", "Template"}


def formats_with_data(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "format_map")):
            return not _is_written_out(value) and not (isinstance(value, ast.Attribute) and value.attr == "json")
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "access_log"), attr=name), args=[said, *_]):
            return name in LEVELS and not _is_written_out(said)
        case _:
            return False


def is_weak_cryptography(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name):
            return name in WEAK
        case _:
            return not _imports(node).isdisjoint(WEAK)


def imports_chance(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name in {"random", "uuid"} for alias in names)
        case ast.ImportFrom(module=module):
            return module in {"random", "uuid"}
        case _:
            return False


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def breaking(rule: Rule, path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if rule(node):
            yield f"{path.relative_to(ROOT)}: {ast.unparse(node)}"


def everywhere(rule: Rule) -> list[str]:
    return [found for path in PYTHON for found in breaking(rule, path)]


def test_no_code_is_made_of_data() -> None:
    assert everywhere(makes_code_of_data) == []


def test_no_commands_of_the_system_are_run() -> None:
    """But our own Python, which images are made anew and boards are drawn in."""
    assert {found.partition(":")[0] for found in everywhere(runs_commands)} == {"meetserver/adapters/worker.py"}


def test_no_objects_are_made_of_data_but_typed_ones() -> None:
    assert everywhere(makes_objects_of_data) == []


def test_no_patterns_are_made_of_data() -> None:
    assert everywhere(makes_patterns_of_data) == []


def test_no_templates_are_made_of_data() -> None:
    assert everywhere(makes_templates_of_data) == []


def test_what_is_formatted_stands_in_the_source() -> None:
    assert everywhere(formats_with_data) == []


def test_no_weak_cryptography() -> None:
    assert everywhere(is_weak_cryptography) == []


def test_nothing_unguessable_comes_from_a_guessable_source() -> None:
    assert {found.partition(":")[0] for found in everywhere(imports_chance)} <= CHANCE


def opens_a_session(node: ast.AST) -> bool:
    return _called(node) in {"open_tokens", "open_page"}


def test_every_way_to_sign_in_ends_at_one_place() -> None:
    """It asks whether the account is disabled and where the person is, and puts the sign-in on record. So does the
    command line, where nobody comes from an address."""
    places = {found.partition(":")[0] for found in everywhere(opens_a_session)}
    assert places == {"meetserver/http/signing_in.py", "meetserver/operating.py"}


@pytest.mark.parametrize(
    ("rule", "breaks", "keeps"),
    [
        (makes_code_of_data, "eval(text)", "re.compile('x')"),
        (runs_commands, "import subprocess", "import asyncio"),
        (runs_commands, "os.system(name)", "os.link(a, b)"),
        (makes_objects_of_data, "from xml.etree import ElementTree", "import json"),
        (makes_objects_of_data, "import pickle", "import msgspec"),
        (makes_patterns_of_data, "re.compile(f'{name}.*')", "re.compile(rf'{_NAME}.*')"),
        (makes_patterns_of_data, "re.search(query, text)", "re.escape(query)"),
        (makes_templates_of_data, "environment.from_string(body)", "environment.get_template(NAME)"),
        (formats_with_data, "title.format(self)", "'{}'.format(title)"),
        (formats_with_data, "log.info(title)", "log.info('action=%s', title)"),
        (formats_with_data, "log.info(f'action={title}')", "log.info('a')"),
        (is_weak_cryptography, "hashlib.md5(x)", "hashlib.sha256(x)"),
        (is_weak_cryptography, "from cryptography.x import ECB", "from cryptography.x import AESGCM"),
        (opens_a_session, "await sessions.open_page(user)", "await sign_in(call, account)"),
        (imports_chance, "import random", "import secrets"),
        (imports_chance, "from uuid import uuid4", "from os import urandom"),
    ],
)
def test_what_breaks_a_rule_is_found(rule: Rule, breaks: str, keeps: str) -> None:
    assert any(map(rule, ast.walk(ast.parse(breaks))))
    assert not any(map(rule, ast.walk(ast.parse(keeps))))


# --- pages

MARKUP_FROM_TEXT: Final = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|srcdoc|document\.write|DOMParser)\b"
)
SCRIPT_FROM_TEXT: Final = re.compile(
    r"\beval\(|new Function\(|set(Timeout|Interval)\(\s*[\"'`]|javascript:|\son[a-z]+=\""
)
ELSEWHERE: Final = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]{2,}", re.IGNORECASE)
MESSAGES: Final = re.compile(
    r"\b(window|self|parent|top|opener|globalThis)\.(postMessage\(|onmessage\b|addEventListener\(\s*[\"']message)"
    r"|(?<![.\w])addEventListener\(\s*[\"']message"
)
"""Channels between pages of our own (BroadcastChannel) are none of these."""
NO_PASTING: Final = re.compile(
    r"addEventListener\(\s*[\"'](before)?(paste|input)[\"'],.*preventDefault|\bon[pP]aste\b|[\"']paste[\"']"
)
KEPT: Final = re.compile(r"keep\(localStorage,\s*([^,]+),|localStorage\.setItem\(\s*([^,]+),")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in PAGES
        for line in path.read_text().splitlines()
        if pattern.search(line) and not line.lstrip().startswith(("//", "*", "/*"))
    ]


def test_pages_make_no_markup_of_text() -> None:
    icons = "meetserver/web/static/js/ui/sprite.js"  # parses the file of icons, which is served with it
    assert [line for line in lines_with(MARKUP_FROM_TEXT) if not line.startswith(icons)] == []


def test_pages_make_no_script_of_text() -> None:
    assert lines_with(SCRIPT_FROM_TEXT) == []


def test_pages_load_and_call_nothing_elsewhere() -> None:
    assert lines_with(ELSEWHERE) == []


def test_pages_take_no_messages_of_other_windows() -> None:
    assert lines_with(MESSAGES) == []


def test_passwords_are_masked_and_come_from_wherever_they_are_kept() -> None:
    harmless = (
        "meetserver/web/static/js/files/hands.js",  # takes files alone, and no text
        "meetserver/web/static/js/chat/composer.js",  # says that it was too much, and prevents nothing
    )
    assert [line for line in lines_with(NO_PASTING) if not line.startswith(harmless)] == []
    assert len(lines_with(re.compile(r"type(: |=)\"password\""))) == 1, (
        "one kind of field, masked until one wants to see"
    )
    fields = [line for line in lines_with(re.compile(r"\bpasswordField\(\{")) if "function" not in line]
    assert fields
    assert [line for line in fields if not re.search(r'autocomplete: "(current|new)-password"', line)] == []


def test_what_outlives_a_tab_is_how_it_looks_and_a_guests_name() -> None:
    kept = {name for line in lines_with(KEPT) for name in KEPT.findall(line)[0] if name}
    # … and where uploads go on, which is an address for who began them, by a hash; and whether one tells what one read.
    assert kept <= {'"meet.theme"', "NAME", "key", "UPLOADS", "TELLS_READ"}


@pytest.mark.parametrize(
    ("pattern", "breaks", "keeps"),
    [
        (MARKUP_FROM_TEXT, "element.innerHTML = name", "element.textContent = name"),
        (SCRIPT_FROM_TEXT, 'setTimeout("go()", 1)', "setTimeout(go, 1)"),
        (SCRIPT_FROM_TEXT, '<p onclick="go()">', "<p>once upon"),
        (ELSEWHERE, '<script src="//cdn.example/x.js">', '<script src="/static/x.js">'),
        (MESSAGES, 'window.addEventListener("message", f)', 'window.addEventListener("focus", f)'),
        (MESSAGES, 'parent.postMessage(name, "*")', "channel.postMessage(name)"),
        (NO_PASTING, 'input.addEventListener("paste", stop)', 'input.addEventListener("input", go)'),
        (KEPT, "keep(localStorage, TOKEN, token)", "keep(sessionStorage, TOKEN, token)"),
    ],
)
def test_a_page_that_breaks_a_rule_is_found(pattern: re.Pattern[str], breaks: str, keeps: str) -> None:
    assert pattern.search(breaks)
    assert not pattern.search(keeps)
