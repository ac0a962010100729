"""docs/limits.md, from the constants of meetserver/limits/, the strings under them and the headings between them."""

import ast
import inspect
import re
from types import ModuleType

from meetserver import limits
from meetserver.limits import accounts, chat, cluster, files, http, jobs, rates, rooms, whiteboard
from scripts.generate_types import table

HEAD = """\
# Limits

Made from `meetserver/limits/` by `python -m scripts.generate_docs`; change it there. Units stand in the names:
`_S` is seconds, `_BYTES` bytes, `_CHARS` characters, `_PER_S` a second. What operators may change is a setting:
[conf/settings.md](../conf/settings.md).
"""

MODULES = (rooms, chat, whiteboard, files, accounts, http, jobs, cluster, rates)
"""In the page's order."""
_HEADING = re.compile(r"^# --- (.+?)(?: \(.*\))?$", re.MULTILINE)


def limits_page() -> str:
    return HEAD + "".join(map(_module, MODULES))


def _module(module: ModuleType) -> str:
    source = inspect.getsource(module)
    headings = [(source.count("\n", 0, match.start()) + 1, match[1]) for match in _HEADING.finditer(source)]
    sections: dict[str, list[list[str]]] = {heading: [] for _, heading in headings}
    statements = ast.parse(source).body
    for statement, following in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
            heading = [name for line, name in headings if line < statement.lineno][-1]
            value = getattr(limits, target.id)
            sections[heading].append([f"`{target.id}`", _shown(target.id, value), _meaning(target.id, following)])
    return "".join(
        f"\n## {heading[0].upper()}{heading[1:]}\n\n{table(['name', 'value', 'meaning'], rows)}"
        for heading, rows in sections.items()
    )


def _meaning(name: str, following: ast.stmt | None) -> str:
    match following:
        case ast.Expr(ast.Constant(str(text))):
            return " ".join(text.split())
        case _:
            raise ValueError(f"{name} in limits/ has no string under it that says what it is")


def _shown(name: str, value: float | tuple[float, ...]) -> str:
    if isinstance(value, tuple):
        return " / ".join(_shown(name, one) for one in value)
    plain = f"{value:,}".removesuffix(".0")
    if name.endswith("_BYTES") and value % 1024 == 0:
        mebi, kibi = divmod(value, 1024 * 1024)
        return f"{plain} ({mebi:.0f} MiB)" if mebi and not kibi else f"{plain} ({value / 1024:.0f} KiB)"
    if name.endswith("_S") and value >= 3600:
        return f"{plain} ({value / 86400:g} d)" if value >= 86400 else f"{plain} ({value / 3600:g} h)"
    return plain
