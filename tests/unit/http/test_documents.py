"""The documents in schema/ are those that the code makes."""

from pathlib import Path

import msgspec
import pytest

from meetserver.http.documents import documents
from meetserver.http.errors import STATUS
from meetserver.http.routes import ROUTES
from meetserver.rooms import catalog

SCHEMA = Path(__file__).parents[3] / "schema"


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_schema_does_not_drift(name: str) -> None:
    assert (SCHEMA / name).read_bytes() == documents()[name], "run `python -m meetserver schema` and commit"


def test_every_command_and_event_is_in_the_document() -> None:
    messages = msgspec.json.decode(documents()["asyncapi.json"])["components"]["messages"]
    for command in catalog.WIRE_COMMANDS:
        assert f"command.{command.type}" in messages
    for event in catalog.EVENTS.values():
        assert (f"event.{event.type}" in messages) is not event.internal
    assert {"reply.error", "reply.hello", "ephemeral.welcome", "ephemeral.drain"} <= set(messages)


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_every_reference_leads_somewhere(name: str) -> None:
    document = msgspec.json.decode(documents()[name])

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for value in node.values() for ref in references(value)]
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_operations_have_names_of_their_own() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_every_code_has_one_status() -> None:
    from typing import get_args

    from meetserver.errors import Code

    assert set(STATUS) == set(get_args(Code))
