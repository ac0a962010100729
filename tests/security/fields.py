"""What can be sent to the API, read off its types: every place for a text, and a body or query that has one there."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from msgspec import inspect

Path: TypeAlias = tuple[str | int, ...]
"""Field names, and 0 for the first of a list."""

KNOWN = {
    "email": "someone@example.com",
    "password": "quite another battery",
    "new_password": "quite another battery",
    "network": "127.0.0.0/8",
    "address": "192.0.2.1",
    "totp": "123456",
    "timezone": "UTC",
    "next": "/m/weekly",
}
"""Texts that a field of this name takes; others take "text"."""


def plain_text(path: Path) -> str:
    """A text that is taken at this place."""
    name = next(step for step in reversed(path) if isinstance(step, str))
    return KNOWN.get(name, "text")


def text_fields(type_: Any) -> Iterator[Path]:
    """Where texts of people's own choice stand in a value of this type; recursive ones are not expected."""
    return _texts(inspect.type_info(type_))


def value_with(type_: Any, path: Path, text: str) -> Any:
    """A value that fits the type but for `text` at this place, with no more in it than it must have."""
    value = _least(inspect.type_info(type_), path)
    at = value
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = text
    return value


def strings(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a JSON value, each with the name of the field that it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, name)


def _texts(type_: inspect.Type) -> Iterator[Path]:
    match type_:
        case inspect.StrType():
            yield ()
        case inspect.Metadata(type=inner):
            yield from _texts(inner)
        case inspect.UnionType(types=types):
            yield from dict.fromkeys(path for one in types for path in _texts(one))
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from ((0, *path) for path in _texts(item))
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from ((field.encode_name, *path) for path in _texts(field.type))
        case _:
            return


def _least(type_: inspect.Type, path: Path, name: str = "") -> Any:
    """As little as the type takes, with containers as far as `path` leads."""
    match type_:
        case inspect.Metadata(type=inner):
            return _least(inner, path, name)
        case inspect.UnionType(types=types):
            return _least(next((one for one in types if not path or path in set(_texts(one))), types[0]), path, name)
        case (
            inspect.ListType(item_type=item, min_length=least) | inspect.VarTupleType(item_type=item, min_length=least)
        ):
            return [_least(item, path[1:], name) for _ in range(max(least or 0, 1 if path else 0))]
        case inspect.StructType(fields=fields):
            return {
                field.encode_name: _least(field.type, path[1:] if is_next else (), field.encode_name)
                for field in fields
                if (is_next := path[:1] == (field.encode_name,)) or field.required
            }
        case inspect.StrType():
            return KNOWN.get(name, "text")
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.BoolType():
            return False
        case inspect.IntType(ge=least):
            return least or 0
        case inspect.DictType():
            return {}
        case _:
            raise NotImplementedError(f"{name}: no sample of {type_}")
