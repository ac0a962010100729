"""AsyncAPI 3 of a room's socket, from the types that its frames are decoded into and encoded from."""

from typing import Any

import msgspec
from msgspec import Struct

import meetserver
from meetserver import limits
from meetserver.errors import Refusal
from meetserver.messages import Command, DurableCommand, Ephemeral, Event
from meetserver.rooms import catalog, frames

Document = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"
CHANNEL = "room"

_ID: Document = {
    "anyOf": [{"type": "integer"}, {"type": "string", "maxLength": limits.COMMAND_ID_CHARS}],
    "description": "The client's own, unique on its connection while unanswered.",
}
_REPLIES: dict[str, type[Struct]] = {
    "hello": frames.HelloOk,
    "ping": frames.PingOk,
    "durable": frames.DurableOk,
}
# The shard says these by itself; they are no facts of a room.
_OF_THE_CONNECTION: list[type[Ephemeral]] = [frames.Welcome, frames.Drain, frames.Quarantined]

_TXN: Document = {"type": "string", "minLength": 1, "maxLength": limits.TXN_CHARS}


def asyncapi() -> Document:
    """The document, ready to be encoded."""
    commands: list[type[Command]] = [frames.Hello, *catalog.WIRE_COMMANDS]
    events = list(catalog.TOLD)
    ephemerals: list[type[Ephemeral]] = [*_OF_THE_CONNECTION, *catalog.EPHEMERALS]
    types: list[type[Struct]] = [*commands, *events, *ephemerals, *_REPLIES.values(), Refusal]
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    by_type = dict(zip(types, schemas, strict=True))
    sent = {f"command.{kind.type}": _command(kind, by_type[kind]) for kind in commands}
    told = {f"event.{kind.type}": _event(kind, by_type[kind]) for kind in events}
    told |= {f"ephemeral.{kind.type}": _ephemeral(kind, by_type[kind]) for kind in ephemerals}
    told |= {f"reply.{name}": _reply(kind, f"ok, {name}", "ok", by_type[kind]) for name, kind in _REPLIES.items()}
    told |= {"reply.error": _reply(Refusal, "error", "error", by_type[Refusal])}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "meetserver rooms",
            "version": meetserver.__version__,
            "description": "One socket is one client in one room. Subprotocol meet.v1.json, JSON text frames.",
        },
        "channels": {CHANNEL: _channel([*sent, *told])},
        "operations": {
            "receiveCommand": _operation("receive", list(sent), "What a client says."),
            "sendToClient": _operation("send", list(told), "What the server says."),
        },
        "components": {"messages": {**sent, **told}, "schemas": dict(sorted(components.items()))},
    }


def _channel(names: list[str]) -> Document:
    return {
        "address": "/ws/v1/rooms/{room_id}",
        "parameters": {"room_id": {"description": "From POST /api/v1/meetings/{meeting_id}/join."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET"}},
    }


def _operation(action: str, names: list[str], summary: str) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{CHANNEL}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{CHANNEL}/messages/{name}"} for name in names],
    }


def _message(kind: type[Struct], name: str, title: str, payload: Document) -> Document:
    summary = (kind.__doc__ or "").strip()
    described = {"summary": summary} if summary and not summary.startswith(f"{kind.__name__}(") else {}
    return {"name": name, "title": title, "contentType": "application/json", **described, "payload": payload}


def _frame(type_: str, properties: Document, required: list[str]) -> Document:
    return {"type": "object", "properties": {"type": {"const": type_}, **properties}, "required": ["type", *required]}


def _command(kind: type[Command], data: Document) -> Document:
    required = ["id"]
    if any(field.required for field in msgspec.structs.fields(kind)):
        required.append("data")
    if issubclass(kind, DurableCommand):
        required.append("txn")
    frame = _frame(kind.type, {"id": _ID, "data": data, "txn": _TXN}, required)
    return _message(kind, kind.type, f"{kind.type} (command)", frame)


def _event(kind: type[Event], data: Document) -> Document:
    properties = {
        "epoch": {"type": "integer"},
        "seq": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "by": {"type": "string"},
        "data": data,
    }
    return _message(kind, kind.type, f"{kind.type} (durable event)", _frame(kind.type, properties, list(properties)))


def _ephemeral(kind: type[Ephemeral], data: Document) -> Document:
    frame = _frame(kind.type, {"by": {"type": "string"}, "data": data}, ["data"])
    return _message(kind, kind.type, f"{kind.type} (ephemeral event)", frame)


def _reply(kind: type[Struct], title: str, field: str, body: Document) -> Document:
    frame = {"type": "object", "properties": {"re": _ID, field: body}, "required": ["re", field]}
    return _message(kind, field, f"{title} (reply)", frame)
