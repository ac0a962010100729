"""No SQL is put together from strings: what people send reaches the database as parameters, or through SQLAlchemy's
expressions. A rule about the source, as no linter here looks through names and `.format`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("meetserver", "schema", "scripts")

RAW: Final = frozenset({"text", "literal_column", "exec_driver_sql", "DDL"})
"""Take SQL as it is: nothing but text that stands in the source may come here."""
TAKING_SQL: Final = RAW | {
    "execute", "executemany", "executescript", "fetch", "fetchrow", "fetchval", "prepare", "scalar", "scalars",
    "stream",
}  # fmt: skip
"""Take SQL too, and other things: nothing that was put together may come here."""
PUTTING_TOGETHER: Final = frozenset({"format", "format_map", "join", "replace", "removesuffix", "removeprefix"})
LOOKS_LIKE_SQL: Final = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|(CREATE|ALTER|DROP)\s+[A-Z]|"
    r"PRAGMA\s|COPY\s|VACUUM|LISTEN\s|NOTIFY\s|SET\s+\w+\s*=|ORDER\s+BY\s|WHERE\s|AND\s+\w+\s*=)"
)

ALLOWED: Final = {
    # SQLite takes no parameters in a PRAGMA; the number is a constant of the module, made an int on the spot.
    "meetserver/adapters/sqlite.py: f'PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}'",
    # One statement in two forms, made at import: what is put in stands there in full.
    "meetserver/adapters/postgres_commits.py: STATEMENT.format(skip_locked='SKIP LOCKED')",
    "meetserver/adapters/postgres_commits.py: STATEMENT.format(skip_locked='')",
}


def findings(path: str, source: str) -> Iterator[str]:
    """`path: expression` for each place where SQL is put together, or may be."""
    tree = ast.parse(source)
    meant = _assigned(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and _is_built(node) and LOOKS_LIKE_SQL.match(_beginning(node, meant)):
            yield f"{path}: {ast.unparse(node)}"
        if not isinstance(node, ast.Call) or _called(node) not in TAKING_SQL or not node.args:
            continue
        for value in _values(node.args[0], meant):
            if _is_built(value) or (_called(node) in RAW and not _is_written_out(value)):
                yield f"{path}: {ast.unparse(value)}"


def _assigned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """What the module's names stand for, wherever in it they are set."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if isinstance(node, ast.AugAssign):
            value = ast.BinOp(ast.Constant(""), node.op, value)
        for target in targets:
            if isinstance(target, ast.Name):
                values.setdefault(target.id, []).append(value)
    return values


def _values(node: ast.expr, meant: dict[str, list[ast.expr]]) -> list[ast.expr]:
    return meant.get(node.id, [node]) if isinstance(node, ast.Name) else [node]


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _is_written_out(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _is_built(node: ast.expr) -> bool:
    """Whether it is a text made of others."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(
            isinstance(side, ast.JoinedStr) or _is_text(side) or _is_built(side) for side in (node.left, node.right)
        )
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PUTTING_TOGETHER


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _beginning(node: ast.expr, meant: dict[str, list[ast.expr]]) -> str:
    """The text that it begins with, as far as that stands in the source."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=[first, *_]):
            return _beginning(first, meant)
        case ast.BinOp(left=left):
            return _beginning(left, meant)
        case ast.Call(func=ast.Attribute(value=of)):
            return _beginning(of, meant)
        case ast.Name(id=name):
            return next((value.value for value in meant.get(name, []) if _is_text(value)), "")  # type: ignore[attr-defined]
        case _:
            return ""


def test_nothing_but_what_is_allowed() -> None:
    found = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(findings(str(path.relative_to(ROOT)), path.read_text()))
    assert found == ALLOWED, "new ones are mended, and gone ones struck off the list"


@pytest.mark.parametrize(
    "source",
    [
        'connection.execute(f"SELECT * FROM {table}")',
        'connection.execute(text(f"{q}"))',
        'text("SELECT 1 WHERE name = \'%s\'" % name)',
        'text("SELECT 1 WHERE name = " + name)',
        'text("SELECT {}".format(name))',
        'text(" AND ".join(parts))',
        "def f(sql):\n    return text(sql)",
        'query = "SELECT 1"\nquery += f" WHERE {name}"\nconnection.execute(query)',
        'query = "a" + name\nconnection.exec_driver_sql(query)',
        'connection.exec_driver_sql(statement)',
        'select(t).order_by(literal_column(sort))',
        'async def f():\n    await connection.fetch(f"LOCK {name}")',
        'statement = f"DELETE FROM room WHERE id = {room}"',
        'STATEMENT = "SELECT * FROM {table}"\nrun(STATEMENT.format(table=name))',
        'run(f"SELECT * FROM room ORDER BY {column}")',
        'select(t).where(text("a = " f"{b}"))',
    ],
)  # fmt: skip
def test_sql_that_is_put_together_is_found(source: str) -> None:
    assert list(findings("x.py", source))


@pytest.mark.parametrize(
    "source",
    [
        'connection.execute(text("SELECT 1 WHERE name = :name"), {"name": name})',
        'UNFINISHED = text("state IN (1, 2)")',
        'READ = "SELECT 1 FROM room WHERE id = ?"\nconnection.execute(READ, (room,))',
        "connection.execute(select(room).where(room.c.id == id_))",
        'log.info(f"UPDATE of {name} failed")',
        'raise ValueError(f"select one of {names}")',
    ],
)
def test_what_is_not_passes(source: str) -> None:
    assert list(findings("x.py", source)) == []
