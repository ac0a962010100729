"""The tables by which names become types."""

from typing import Any, ClassVar, get_args
from unittest.mock import patch

import msgspec
import pytest

from meetserver.errors import MeetError
from meetserver.ids import ParticipantId
from meetserver.messages import Event
from meetserver.rooms import catalog
from meetserver.rooms.messages import Ended, Guarded, Left
from meetserver.rooms.reducer import DECIDERS, EVOLVERS
from meetserver.wire import CommandDecoder


def test_every_command_is_known_by_one_name() -> None:
    decoder = CommandDecoder([*catalog.WIRE_COMMANDS, catalog.HELLO])

    assert len(decoder.frames) == len(catalog.WIRE_COMMANDS) + 1
    assert not catalog.PLANNED & set(decoder.frames)


def test_a_command_is_decided_or_reacted_to_or_the_sockets_own() -> None:
    wire = set(catalog.WIRE_COMMANDS)
    internal = set(get_args(catalog.Durable)) - wire

    assert {command.type for command in wire - set(get_args(catalog.Live)) - set(get_args(catalog.Durable))} == {
        "ping",
        "bye",
    }
    assert {command.type for command in internal} == {
        "participant.join", "participant.leave", "participant.erase", "room.configure", "room.expire",
    }  # fmt: skip


def test_durable_commands_are_those_that_are_decided() -> None:
    durable = {command for command in catalog.WIRE_COMMANDS if command.durable}

    assert durable < set(get_args(catalog.Durable))


def test_whatever_can_be_decided_and_folded_has_who_does_it() -> None:
    assert set(DECIDERS) == set(get_args(catalog.Durable))
    assert set(EVOLVERS) == set(get_args(catalog.Fact))


def test_every_event_has_a_name_of_its_own() -> None:
    assert len(catalog.EVENTS) == len(get_args(catalog.Fact))
    assert all(event.type == name for name, event in catalog.EVENTS.items())


def test_what_is_for_the_server_alone_has_no_addressee() -> None:
    internal = {event for event in catalog.EVENTS.values() if event.internal}

    assert {event.type for event in internal} == {"participant.barred", "room.guarded"}
    assert Guarded().addressees() == frozenset()


def test_an_entry_becomes_its_event() -> None:
    assert catalog.decode_event("room.ended", 1, b"{}") == Ended()
    assert catalog.decode_event("participant.left", 1, b'{"participant":"bo","reason":"bye"}') == Left(
        ParticipantId("bo"), "bye"
    )


@pytest.mark.parametrize(("type_", "version"), [("room.painted", 1), ("room.ended", 2)])
def test_what_only_a_newer_release_knows_is_refused(type_: str, version: int) -> None:
    with pytest.raises(MeetError, match="newer release"):
        catalog.decode_event(type_, version, b"{}")


def test_an_old_version_is_raised_step_by_step() -> None:
    class Greeted(Event, frozen=True):
        type: ClassVar[str] = "room.greeted"
        version: ClassVar[int] = 3
        words: list[str]

    def split(old: dict[str, Any]) -> dict[str, Any]:
        return {"words": old["text"].split()}

    def rename(old: dict[str, Any]) -> dict[str, Any]:
        return {"text": old["say"]}

    with (
        patch.object(catalog, "EVENTS", {"room.greeted": Greeted}),
        patch.object(catalog, "UPCASTERS", {("room.greeted", 1): rename, ("room.greeted", 2): split}),
        patch.object(catalog, "_decoders", {"room.greeted": msgspec.json.Decoder(Greeted)}),
    ):
        for version, data in [(1, b'{"say":"a b"}'), (2, b'{"text":"a b"}'), (3, b'{"words":["a","b"]}')]:
            assert catalog.decode_event("room.greeted", version, data) == Greeted(["a", "b"])
