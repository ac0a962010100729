"""Whoever deletes a row looks for those that point at it: by an index, or through their whole table."""

from collections.abc import Iterator
from importlib import import_module

from sqlalchemy import Column, Table, UniqueConstraint

from meetserver.database import metadata

import_module("meetserver.bootstrap")  # with all tables


def found_by(table: Table) -> Iterator[Column[object]]:
    """The first column of each of its indexes that has all rows."""
    yield from list(table.primary_key)[:1]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from list(constraint.columns)[:1]
    for index in table.indexes:
        if index.dialect_options["postgresql"]["where"] is None:
            yield from list(index.columns)[:1]


def test_each_foreign_key_has_an_index() -> None:
    without = [
        f"{table.name}.{key.parent.name}"
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.parent not in set(found_by(table))
    ]
    assert without == []
