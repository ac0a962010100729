"""Calls take the fields that their types name, and refuse others: nobody sets what is not theirs."""

from collections.abc import Iterator
from typing import Any, Final

from msgspec import inspect

from meetserver.accounts.factor_messages import Assertion, AssertionResponse, Attestation, AttestationResponse
from meetserver.http.oidc import CallbackQuery
from meetserver.http.routes import ROUTES
from meetserver.rooms.catalog import HELLO, WIRE_COMMANDS

ADDED_TO: Final = {Assertion, AssertionResponse, Attestation, AttestationResponse, CallbackQuery}
"""What browsers and providers make, and add to; of these more is dropped."""
REFERRED_TO: Final = {("BoardQuery", "version"), ("Restore", "version"), ("Discard", "version")}
"""These say which version of a board is meant, and set none."""
SET_BY_THE_SERVER: Final = {"owner", "owner_id", "user", "user_id", "by", "verified", "version"}


def structs(type_: inspect.Type) -> Iterator[inspect.StructType]:
    """All that a value of this type may hold; recursive ones are not expected."""
    match type_:
        case inspect.StructType(fields=fields):
            yield type_
            for field in fields:
                yield from structs(field.type)
        case inspect.Metadata(type=inner):
            yield from structs(inner)
        case inspect.UnionType(types=types):
            for one in types:
                yield from structs(one)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from structs(item)
        case _:
            return


def taken() -> Iterator[inspect.StructType]:
    for route in ROUTES:
        for type_ in (route.body, route.query):
            if type_ is not None:
                yield from structs(inspect.type_info(type_))


def test_what_a_type_does_not_name_is_refused() -> None:
    lenient: set[Any] = {type_.cls for type_ in taken() if not type_.forbid_unknown_fields}
    assert lenient <= ADDED_TO


def test_no_type_names_what_the_server_decides() -> None:
    in_rooms = [type_ for command in (HELLO, *WIRE_COMMANDS) for type_ in structs(inspect.type_info(command))]
    named = [(type_.cls.__name__, field.encode_name) for type_ in [*taken(), *in_rooms] for field in type_.fields]
    set_ = [one for one in named if one[1] in SET_BY_THE_SERVER and one not in REFERRED_TO]
    assert [f"{type_}.{field}" for type_, field in set_] == []


def test_nobody_is_asked_for_a_hint_or_a_question() -> None:
    named = {field.encode_name for type_ in taken() for field in type_.fields}
    assert {name for name in named if any(word in name for word in ("hint", "question", "birth", "maiden"))} == set()
