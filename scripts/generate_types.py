"""Message types in words, for the tables of the documentation."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

_ENDLESS = 2**53


def taken(kind: type[msgspec.Struct]) -> str:
    """The fields that a client may send, in one cell of a table; `?` marks those that it may leave out."""
    return _fields(kind, lambda field: not field.required)


def told(kind: type[msgspec.Struct]) -> str:
    """The fields that the server sends; `?` marks those that it may leave out."""
    omits = kind.__struct_config__.omit_defaults
    return _fields(kind, lambda field: not field.required and (omits or field.default is msgspec.UNSET))


def _fields(kind: type[msgspec.Struct], is_optional: Callable[[inspect.Field], bool]) -> str:
    shown = inspect.type_info(kind)
    assert isinstance(shown, inspect.StructType)
    tag = [f"`{shown.tag_field}`: `{shown.tag}`"] if shown.tag_field else []
    return "<br>".join([*tag, *(_field(one, is_optional(one)) for one in shown.fields)]) or "–"


def _field(one: inspect.Field, is_optional: bool) -> str:
    words = f"`{one.encode_name}`{'?' if is_optional else ''}: {described(one.type)}"
    default = None if one.default in (msgspec.NODEFAULT, msgspec.UNSET) else msgspec.to_builtins(one.default)
    if not is_optional or not default:
        return words
    return f"{words}, `{json.dumps(default)}` if left out"


def described(kind: Any) -> str:
    match kind:
        case inspect.Metadata():
            about = (kind.extra_json_schema or {}).get("description")
            return described(kind.type) + (f" ({about})" if about else "")
        case inspect.StrType():
            return _bounded("text", kind.min_length, kind.max_length, " characters")
        case inspect.IntType():
            return _bounded("integer", kind.ge, kind.le)
        case inspect.FloatType():
            return _bounded("number", kind.ge, kind.le)
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return _either([f"`{value}`" for value in kind.values])
        case inspect.ListType() | inspect.VarTupleType():
            return _bounded("list", kind.min_length, kind.max_length) + f" of {described(kind.item_type)}"
        case inspect.DictType():
            return "object"
        case inspect.UnionType():
            return _either([described(one) for one in kind.types if not isinstance(one, inspect.NoneType)])
        case inspect.StructType():
            type_ = getattr(kind.cls, "type", "")
            return f"data of `{type_}`" if type_ else kind.cls.__name__
        case inspect.DateTimeType():
            return "time (RFC 3339)"
        case inspect.RawType() | inspect.AnyType():
            return "JSON"
        case _:
            raise TypeError(f"no words for {kind!r}")


def _either(words: list[str]) -> str:
    return " or ".join(dict.fromkeys(words))


def _bounded(word: str, low: float | None, high: float | None, unit: str = "") -> str:
    low = None if low is not None and low <= -_ENDLESS else low
    high = None if high is not None and high >= _ENDLESS else high
    if low is None and high is None:
        return word
    if high is None:
        return f"{word} from {low:,.0f}{unit}"
    if low is None:
        return f"{word} up to {high:,.0f}{unit}"
    return f"{word} {low:,.0f} to {high:,.0f}{unit}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown, with its line breaks."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |\n" for line in lines)


def sentence(kind: type) -> str:
    """The class's own docstring in one line; nothing where it has none."""
    text = " ".join((kind.__doc__ or "").split())
    return "" if text.startswith(f"{kind.__name__}(") else text
