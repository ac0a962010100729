"""Frames that a command must survive: well-formed ones, ones that are slightly off, and plain hostile ones."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, get_args

from msgspec import inspect as types

from meetserver import limits
from meetserver.errors import Code
from meetserver.messages import Command

NASTY: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**53 + 1, 2**64, -(2**63) - 1, 10**300, 1e308, -0.0, 0.1, "", " ", "0", "null",
    "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e", "🎉" * 40, "x" * 65, "x" * 8001, "'; DROP TABLE room; --",
    "../../etc/passwd", "{{7*7}}", "<script>", "\r\nX: y", "host", "server", "__proto__", [], [[]], [None], {},
    {"": ""}, {"$type": "x"}, {"op": "put"}, ["x"] * 300, {str(n): n for n in range(300)},
]  # fmt: skip


class Hostile:
    """Frames for one command, the same ones for the same seed."""

    def __init__(self, command: type[Command], seed: int) -> None:
        self._chance = random.Random(f"{command.type} {seed}")
        self._command = command
        self._info = types.type_info(command)
        self._number = 0

    def frames(self, count: int) -> Iterator[str]:
        makers: list[Callable[[], str]] = [self._well_formed, self._off, self._off, self._replaced, self._hostile]
        for n in range(count):
            yield makers[n % len(makers)]()

    def well_formed(self) -> dict[str, Any]:
        """A frame whose every field has the type and size it should."""
        self._number += 1
        frame = {"id": self._number, "type": self._command.type, "data": self._value(self._info)}
        if self._command.durable or self._chance.random() < 0.3:
            frame["txn"] = f"txn-{self._chance.getrandbits(64)}"
        return frame

    def _well_formed(self) -> str:
        return dumps(self.well_formed())

    def _off(self) -> str:
        """Something taken away, added, or replaced, anywhere in the frame but its type."""
        frame = self.well_formed()
        for _ in range(self._chance.choice((1, 1, 2, 5))):
            self._spoil(frame)
        frame["type"] = self._command.type
        return dumps(frame)

    def _replaced(self) -> str:
        """One part of the envelope is something else altogether."""
        frame = self.well_formed()
        frame[self._chance.choice(("id", "txn", "data", "data", "type"))] = self._nasty()
        return dumps(frame)

    def _spoil(self, frame: dict[str, Any]) -> None:
        place = self._chance.choice(list(_containers(frame)))
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        what = self._chance.random()
        if isinstance(place, dict) and (what < 0.2 or not keys):
            place[self._chance.choice(("extra", "", "\0", "type", "id", "__class__"))] = self._nasty()
        elif keys and what < 0.4:
            del place[self._chance.choice(keys)]
        elif keys:
            place[self._chance.choice(keys)] = self._nasty()

    def _hostile(self) -> str:
        """JSON that is unusual, or none."""
        frame = self.well_formed()
        text = dumps(frame)
        type_, data = self._command.type, dumps(frame["data"])
        deep = self._chance.choice((50, 1000, 30_000))
        options: list[Callable[[], str]] = [
            lambda: text[: self._chance.randrange(1, len(text))],
            lambda: text + self._chance.choice(("}", "garbage", text, "\0")),
            lambda: text.replace(":", self._chance.choice(("", "::", "=")), 1),
            lambda: f'{{"id": 1, "type": "{type_}", "data": {data}, "data": {{}}, "id": 2}}',
            lambda: f'{{"id": 1, "type": "{type_}", "data": {"[" * deep}{"]" * deep}}}',
            lambda: f'{{"id": 1, "type": "{type_}", "data": {{"x": {"[" * deep}{"]" * deep}}}}}',
            lambda: (
                f'{{"id": 1, "type": "{type_}", "data": {{"x": {self._chance.choice(("NaN", "-Infinity", "1e999"))}}}}}'
            ),
            lambda: f'{{"id": {"9" * 5000}, "type": "{type_}", "data": {data}}}',
            lambda: f'{{"id": 1, "type": "{type_}", "txn": "\\ud800", "data": {data}}}',
            lambda: f'{{"id": "\\udfff", "type": "{type_}", "txn": "a\\u0000b", "data": {data}}}',
            lambda: (
                f'{{"id": 1, "type": "{type_}", "data": {data}{" " * (limits.FRAME_BYTES - len(text.encode()) - 40)}}}'
            ),
            lambda: dumps({**frame, "data": {"text": "é" * 30_000}}),
            lambda: self._chance.choice(("", " ", "null", "[]", '""', "0", "{}", "\ufeff{}", "true", '{"id":1}')),
        ]
        return self._chance.choice(options)()[: limits.FRAME_BYTES // 2]

    def _nasty(self) -> Any:
        return copy.deepcopy(self._chance.choice(NASTY))

    # --- values by type

    def _value(self, info: types.Type) -> Any:
        match info:
            case types.StructType():
                return self._struct(info)
            case types.UnionType():
                return self._value(self._chance.choice(info.types))
            case types.StrType():
                return self._string(info)
            case types.ListType():
                most = min(info.max_length or 4, 4)
                return [self._value(info.item_type) for _ in range(self._chance.randint(info.min_length or 0, most))]
            case types.DictType():
                return {
                    self._word(): self._chance.choice((1, "red", [1, 2], {"deep": True}, 0.5, None)) for _ in range(3)
                }
            case types.LiteralType():
                return self._chance.choice(info.values)
            case _:
                return self._scalar(info)

    def _scalar(self, info: types.Type) -> Any:
        match info:
            case types.BoolType():
                return self._chance.random() < 0.5
            case types.IntType():
                return self._chance.choice((0, 1, 17, 2**53))
            case types.FloatType():
                return self._chance.choice((0, 1.5, -12.25, 1e6))
            case types.NoneType():
                return None
            case _:
                return self._nasty()

    def _struct(self, info: types.StructType) -> dict[str, Any]:
        value = {}
        if info.tag_field is not None:
            value[info.tag_field] = info.tag
        for field in info.fields:
            if field.required or self._chance.random() < 0.6:
                value[field.encode_name] = self._value(field.type)
        return value

    def _string(self, info: types.StrType) -> str:
        if info.pattern is not None:
            return self._word()
        shortest, longest = info.min_length or 0, min(info.max_length or 100, 200)
        text = self._word() if shortest <= 8 <= longest else "x" * shortest
        return self._chance.choice((text, "ü" * max(shortest, 1), "x" * longest, "🎉\u200b" * max(shortest, 1)))[
            :longest
        ]

    def _word(self) -> str:
        return "".join(self._chance.choice("abcdefgh") for _ in range(8))


def dumps(value: Any) -> str:
    """JSON that may hold what msgspec would not write: lone surrogates go out as escapes."""
    return json.dumps(value)


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _containers(item)
    elif isinstance(value, list):
        yield value
        for item in value:
            yield from _containers(item)


def reply_codes() -> frozenset[str]:
    """Every stable code but `internal`."""
    return frozenset(get_args(Code)) - {"internal"}
