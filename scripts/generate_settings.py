"""conf/settings.md and conf/meetserver.toml.example, from meetserver/config.py."""

import json
import textwrap
from typing import Any

import msgspec
from msgspec import inspect

from meetserver.config import PREFIX, Config
from scripts.generate_types import table

HEAD = """\
# Settings

Made from `meetserver/config.py` by `python -m scripts.generate_docs`; change it there.

A setting is an environment variable, or a key of the same name without `MEET_` and in small letters in the TOML file
that `MEET_CONFIG` names ([meetserver.toml.example](meetserver.toml.example) has them all). A variable wins over the
file, an option of the command line over both. An unknown `MEET_…` variable, an unknown key of the file or a value out
of bounds stops the start with a sentence that names it. `MEET_TEST_…` belongs to the tests and is ignored.

What operators need not change is no setting: [docs/limits.md](../docs/limits.md) lists those values.

"""

EXAMPLE_HEAD = """\
# Every setting of meetserver at its default. Copy it, take the # off what you change, and name the copy in MEET_CONFIG.
# MEET_<NAME> in the environment wins over this file. Made from meetserver/config.py by scripts/generate_docs.py.
"""


def _fields() -> list[inspect.Field]:
    shown = inspect.type_info(Config)
    assert isinstance(shown, inspect.StructType)
    return list(shown.fields)


def _default(field: inspect.Field) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _about(field: inspect.Field) -> tuple[str, str, Any]:
    """Meaning, unit, and the type without either."""
    kind = field.type
    assert isinstance(kind, inspect.Metadata), f"{field.name} has no description"
    return (kind.extra_json_schema or {})["description"], (kind.extra or {})["unit"], kind.type


def _bounds(kind: Any) -> str:
    match kind:
        case inspect.BoolType():
            return "`true`, `false`"
        case inspect.LiteralType():
            order = ["debug", "info", "warning", "error"]  # where there is one
            values = sorted(kind.values, key=lambda value: (order.index(value) if value in order else 9, value))
            return ", ".join(f"`{value}`" for value in values)
        case inspect.IntType() | inspect.FloatType():
            if kind.le is None:
                return f"{kind.ge:,} or more"
            low = f"more than {kind.gt:,}, up to" if kind.gt is not None else f"{kind.ge:,} to"
            return f"{low} {kind.le:,}"
        case _:
            return ""


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # strings, numbers, booleans and empty lists are the same in TOML


def settings_page() -> str:
    rows = []
    for field in _fields():
        meaning, unit, kind = _about(field)
        default = _default(field)
        shown = "" if default in ("", []) else f"`{_toml(default) if not isinstance(default, str) else default}`"
        rows.append([f"`{PREFIX}{field.name.upper()}`", shown, unit, _bounds(kind), meaning])
    rows.append(["`MEET_CONFIG`", "", "", "", "Path of a TOML file with settings. Only a variable."])
    return HEAD + table(["variable", "default", "unit", "bounds", "meaning"], rows)


def settings_example() -> str:
    parts = [EXAMPLE_HEAD]
    for field in _fields():
        meaning, unit, kind = _about(field)
        bounds = _bounds(kind).replace("`", "")
        more = "; ".join(part for part in (unit and f"in {unit}", bounds) if part)
        text = meaning + (f" [{more}]" if more else "")
        comment = "\n".join(textwrap.wrap(text, 117, initial_indent="# ", subsequent_indent="# "))
        parts.append(f"\n{comment}\n#{field.name} = {_toml(_default(field))}\n")
    return "".join(parts)
